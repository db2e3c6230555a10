"""The role of docs/deploy-role.md may do what CloudFormation needs for the template, and no more.

What CloudFormation calls for a type of resource is in the type's own schema, under `handlers`:
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html
"""

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from tests import stack

# cfn-lint brings AWS's schemas; to import it takes seconds.
DATA = Path(find_spec("cfnlint").origin).parent / "data"
KNOWN = json.loads((DATA / "AdditionalSpecs" / "Policies.json").read_text())

PAGE = (stack.ROOT / "docs" / "deploy-role.md").read_text()
TRUST, ROLE, KEY, BOUNDARY = (
    json.loads(found) for found in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
)
WITH_ALL = {
    "AlertEmail": "owner@example.com",
    "AlertPhone": "+15005550006",
    "SlackWorkspaceId": "T0123ABCD",
    "SlackChannelId": "C0123ABCD",
    **stack.WITH_SHARDS,
}
# What a handler calls for properties that the template doesn't set.
UNUSED = {
    "AWS::DynamoDB::Table": (
        "dynamodb:*Import*",
        "dynamodb:*Replica",
        "dynamodb:*Item",
        "dynamodb:*ResourcePolicy",
        "dynamodb:*KinesisStreamingDestination",
        "dynamodb:UpdateContributorInsights",
        "dynamodb:Query",
        "dynamodb:Scan",
        "iam:*",
        "kinesis:*",
        "kms:ListAliases",
        "logs:*",
        "s3:*",
    ),
    "AWS::IAM::ManagedPolicy": ("iam:*Group*", "iam:*User*"),
    "AWS::Lambda::Function": (
        "ec2:*",
        "elasticfilesystem:*",
        "s3files:*",
        "lambda:*Concurrency",
        "lambda:*GetCodeSigningConfig",
        "lambda:DeleteFunctionCodeSigningConfig",
        "lambda:GetLayerVersion",
        "lambda:PassCapacityProvider",
        "lambda:PublishVersion",
        "lambda:Put*",
        "lambda:AssociateRuntimeAlias",
    ),
    "AWS::Logs::LogGroup": (
        "logs:*Delivery",
        "logs:*DataProtectionPolicy",
        "logs:*DeletionProtection",
        "logs:*IndexPolicies",
        "logs:*IndexPolicy",
        "logs:*KmsKey",
        "logs:*ResourcePolic*",
        "logs:PutBearerTokenAuthentication",
        "firehose:*",
        "s3:*",
    ),
    # The value of the secret is none of the workflow's business; the template gives it none.
    "AWS::SecretsManager::Secret": (
        "secretsmanager:GetRandomPassword",
        "secretsmanager:GetSecretValue",
        "secretsmanager:RemoveRegionsFromReplication",
        "secretsmanager:ReplicateSecretToRegions",
    ),
    # The definition is in the template, and no key of the customer's encrypts the history.
    "AWS::StepFunctions::StateMachine": ("kms:*", "s3:*"),
    "AWS::SNS::Subscription": ("iam:*",),
    "AWS::SNS::Topic": ("iam:*", "sns:*DataProtectionPolicy", "sns:Unsubscribe"),
}
# What `sam deploy` itself calls, for its change set and its bucket.
OF_SAM = {
    "cloudformation:CreateChangeSet",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplateSummary",
    "s3:GetObject",
    "s3:PutObject",
}


def kinds():
    """The types of resources that the template may have."""
    return {one["Type"] for one in stack.translated(**WITH_ALL)["Resources"].values()}


def needed(kind):
    """Every action that CloudFormation takes for a type, but for what the template doesn't use."""
    unused = UNUSED.get(kind, ())
    return {action for action in called(kind) if not any(fnmatchcase(action, one) for one in unused)}


def called(kind):
    """Every action that CloudFormation may take for a type; nobody has it list what is there."""
    used = (one for name, one in handlers(kind).items() if name != "list")
    return {action for one in used for action in one["permissions"]}


@cache
def handlers(kind):
    """What CloudFormation does with a type, and takes for it."""
    schemas = DATA / "schemas"
    file = json.loads((schemas / "providers" / "us-east-1.json").read_text())[kind]
    return json.loads((schemas / "resources" / f"{file}.json").read_text())["handlers"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(policy):
    return [(one, action) for one in policy["Statement"] for action in as_list(one["Action"])]


def actions(policy):
    return {action for _, action in statements(policy)}


def test_each_type_of_resource_has_its_actions():
    for kind in kinds():
        of_key = {action for action in needed(kind) if action.startswith("kms:")}
        assert needed(kind) - of_key <= actions(ROLE), kind
        assert of_key <= actions(KEY), kind


def test_the_role_may_do_no_more_than_the_types_and_sam_need():
    used = set().union(*map(needed, kinds()), OF_SAM)
    assert actions(ROLE) <= used
    assert actions(ROLE) >= OF_SAM
    assert actions(KEY) <= used


def test_what_is_listed_as_unused_is_what_a_type_would_use():
    for kind, patterns in UNUSED.items():
        for pattern in patterns:
            assert any(fnmatchcase(action, pattern) for action in called(kind)), (kind, pattern)


def test_every_action_is_one_of_aws_and_stands_once():
    for policy in (ROLE, KEY):
        found = [action for _, action in statements(policy)]
        assert len(found) == len(set(found))
        for action in found:
            service, _, name = action.partition(":")
            assert name.lower() in KNOWN[service]["Actions"], action


def test_an_action_is_bound_to_the_stack_s_resources_if_it_knows_any():
    for statement, action in statements(ROLE):
        service, _, name = action.partition(":")
        resources = as_list(statement["Resource"])
        if KNOWN[service]["Actions"][name.lower()].get("Resources"):
            assert "*" not in resources, action
        else:
            assert resources == ["*"], action


def test_the_role_neither_reads_a_key_nor_hands_a_role_to_anything_but_what_the_stack_has():
    assert "secretsmanager:GetSecretValue" not in actions(ROLE)
    [passes] = [one for one, action in statements(ROLE) if action == "iam:PassRole"]
    services = {
        statement["Principal"]["Service"]
        for role in stack.resources("AWS::IAM::Role", **WITH_ALL).values()
        for statement in role["AssumeRolePolicyDocument"]["Statement"]
    }
    assert set(passes["Condition"]["StringEquals"]["iam:PassedToService"]) == services


def test_the_role_is_for_the_environment_of_the_workflow():
    [trust] = TRUST["Statement"]
    subject = trust["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"]
    assert subject.endswith(":environment:production")


def test_no_role_is_made_without_the_boundary_or_loses_it():
    unless, never = BOUNDARY["Statement"]
    assert (unless["Effect"], never["Effect"]) == ("Deny", "Deny")
    gives = {action for action in actions(ROLE) if action.startswith("iam:")} & {
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
    }
    assert set(unless["Action"]) == gives
    assert [*unless["Condition"]["StringNotEquals"]] == ["iam:PermissionsBoundary"]
    # Its condition would hold, since the role has the boundary that it is to lose.
    assert never["Action"] == "iam:DeleteRolePermissionsBoundary"
    assert "Condition" not in never
