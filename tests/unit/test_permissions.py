"""What each role may do, and nothing more; with a customer's key and without."""

import pytest

from tests import stack

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
WITH_KEY = {"KmsKeyArn": KEY}
QUEUE_A_MESSAGE = {"kms:Decrypt", "kms:GenerateDataKey"}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
USE_A_TABLE = {"kms:DescribeKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"}
STACKS = pytest.mark.parametrize("given", [{}, WITH_KEY], ids=["no key", "a key"])


def arn(resource):
    return {"Fn::GetAtt": [resource, "Arn"]}


ALERTS, OPS = {"Ref": "AlertsTopic"}, {"Ref": "OpsTopic"}
# They read, and know no resource:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
LOOK_AT_SMS = {
    "sns:CheckIfPhoneNumberIsOptedOut",
    "sns:GetSMSAttributes",
    "sns:GetSMSSandboxAccountStatus",
    "sns:GetSubscriptionAttributes",
}
COMMON = {
    "logs:CreateLogStream": [{"Fn::Sub": "${Log.Arn}"}],
    "logs:PutLogEvents": [{"Fn::Sub": "${Log.Arn}"}],
    "sns:Publish": [ALERTS],
    "sns:ListSubscriptionsByTopic": [ALERTS, OPS],
    "sqs:SendMessage": [arn("Failures")],
    **{action: ["*"] for action in LOOK_AT_SMS},
}
# A permission that is missing here, or is here and isn't used, is a fault: write it down first.
PERMISSIONS = {
    "CheckBalancesRole": COMMON
    | {
        "secretsmanager:GetSecretValue": [{"Fn::GetAtt": ["ApiKeys", "Id"]}],
        "dynamodb:BatchGetItem": [arn("State")],
        "dynamodb:GetItem": [arn("State")],
        "dynamodb:PutItem": [arn("State")],
        "dynamodb:UpdateItem": [arn("State")],
    },
    "SendDigestRole": COMMON
    | {
        "dynamodb:GetItem": [arn("State")],
        "dynamodb:PutItem": [arn("State")],
        "dynamodb:Scan": [arn("State")],
        "dynamodb:UpdateItem": [arn("State")],
    },
    "SchedulerRole": {
        "lambda:InvokeFunction": [arn("CheckBalances"), arn("SendDigest")],
        "sqs:SendMessage": [arn("Failures")],
    },
}
ASSUMED_BY = {
    "CheckBalancesRole": "lambda.amazonaws.com",
    "SendDigestRole": "lambda.amazonaws.com",
    "SchedulerRole": "scheduler.amazonaws.com",
}


def as_list(value):
    return value if isinstance(value, list) else [value]


def roles(**given):
    return stack.resources("AWS::IAM::Role", **given)


def statements(role, **given):
    """What is allowed to a role alone, and by the policies that it shares."""
    shared = stack.resources("AWS::IAM::ManagedPolicy", **given)
    policies = [*role["Policies"], *(shared[one["Ref"]] for one in role.get("ManagedPolicyArns", ()))]
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def allowed(role, **given):
    """Each action of a role with the resources that it is allowed on."""
    found = {}
    for statement in statements(role, **given):
        for action in as_list(statement["Action"]):
            assert action not in found, action
            found[action] = as_list(statement["Resource"])
    return found


@STACKS
def test_a_role_may_do_what_is_written_down_here_and_no_more(given):
    expected = {}
    for name, permissions in PERMISSIONS.items():
        used = QUEUE_A_MESSAGE | (set() if name == "SchedulerRole" else USE_A_TABLE)
        expected[name] = permissions | ({action: [KEY] for action in used} if given else {})
    assert {name: allowed(role, **given) for name, role in roles(**given).items()} == expected


@STACKS
def test_permissions_stand_in_no_other_place_than_in_the_roles_and_in_what_both_functions_share(given):
    kinds = {resource["Type"] for resource in stack.translated(**given)["Resources"].values()}
    of_iam = {kind for kind in kinds if kind.startswith("AWS::IAM::")}
    assert of_iam == {"AWS::IAM::Role", "AWS::IAM::ManagedPolicy"}
    assert "AWS::Lambda::Permission" not in kinds
    for role in roles(**given).values():
        assert role.keys() <= {"AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies", "Tags"}
    [(shared, policy)] = stack.resources("AWS::IAM::ManagedPolicy", **given).items()
    assert policy.keys() == {"PolicyDocument"}  # it is attached by nothing but the two roles
    attached = {name: role.get("ManagedPolicyArns") for name, role in roles(**given).items()}
    both = [{"Ref": shared}]
    assert attached == {"CheckBalancesRole": both, "SendDigestRole": both, "SchedulerRole": None}


@STACKS
def test_no_statement_is_wider_than_an_action_on_a_resource(given):
    for name, role in roles(**given).items():
        for statement in statements(role, **given):
            assert statement.keys() <= {"Effect", "Action", "Resource", "Condition"}, name
            assert statement["Effect"] == "Allow"
            assert not [action for action in as_list(statement["Action"]) if "*" in action], name
            wild = [resource for resource in as_list(statement["Resource"]) if "*" in str(resource)]
            without_resource = set(as_list(statement["Action"])) <= LOOK_AT_SMS
            assert not wild or statement.get("Condition") or without_resource, name


def test_with_shards_their_secrets_are_read_and_their_state_machine_is_started_and_nothing_else():
    added = {
        "CheckBalancesRole": {
            "secretsmanager:GetSecretValue": [
                {"Fn::GetAtt": ["ApiKeys", "Id"]},
                {"Fn::Split": [",", stack.WITH_SHARDS["Shards"]]},
            ]
        },
        "SchedulerRole": {"states:StartExecution": [{"Ref": "EachShard"}]},
        "EachShardRole": {"lambda:InvokeFunction": [arn("CheckBalances")]},
    }
    for name, role in roles(**stack.WITH_SHARDS).items():
        expected = PERMISSIONS.get(name, {}) | added.get(name, {})
        found = {}
        for statement in statements(role, **stack.WITH_SHARDS):
            for action in as_list(statement["Action"]):
                found.setdefault(action, []).extend(as_list(statement["Resource"]))
        assert found == expected, name


def test_the_role_of_the_state_machine_is_for_those_of_this_account_alone():
    [trust] = roles(**stack.WITH_SHARDS)["EachShardRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "states.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":stateMachine:*" in trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]


def test_a_role_is_assumed_by_its_one_service():
    assert roles().keys() == ASSUMED_BY.keys()
    for name, role in roles().items():
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Effect"] == "Allow"
        assert trust["Action"] == "sts:AssumeRole"
        assert trust["Principal"] == {"Service": ASSUMED_BY[name]}, name


def test_no_schedules_but_those_of_the_stack_may_use_the_role():
    [trust] = roles()["SchedulerRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": {"Ref": "AWS::AccountId"},
            "aws:SourceArn": arn("Schedules"),
        }
    }


def test_a_customer_s_key_is_used_through_the_services_that_it_is_for_and_no_others():
    holds = ("dynamodb", "secretsmanager", "sns", "sqs")
    for name, role in roles(**WITH_KEY).items():
        [of_key] = [one for one in statements(role, **WITH_KEY) if one["Resource"] == KEY]
        via = as_list(of_key["Condition"]["StringLike"]["kms:ViaService"])
        services = ("sqs",) if name == "SchedulerRole" else holds
        assert via == [{"Fn::Sub": f"{one}.${{AWS::Region}}.amazonaws.*"} for one in services]


def test_every_function_and_every_schedule_has_the_role_that_was_written_for_it():
    for name, function in stack.resources("AWS::Lambda::Function").items():
        assert function["Role"] == arn(f"{name}Role")
    for schedule in stack.resources("AWS::Scheduler::Schedule").values():
        assert schedule["Target"]["RoleArn"] == arn("SchedulerRole")


def test_the_digest_has_nothing_to_do_with_the_api_keys():
    function = stack.resources("AWS::Lambda::Function")["SendDigest"]
    assert "ApiKeys" not in str(function)
    assert "ApiKeys" not in str(statements(roles()["SendDigestRole"]))


def test_a_customer_s_key_encrypts_the_secret_the_table_both_topics_and_the_queue():
    found = stack.translated(**WITH_KEY)["Resources"]
    assert found["ApiKeys"]["Properties"]["KmsKeyId"] == KEY
    assert found["State"]["Properties"]["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": KEY,
    }
    for name in ("AlertsTopic", "OpsTopic", "UrgentOpsTopic", "Failures"):
        assert found[name]["Properties"]["KmsMasterKeyId"] == KEY, name
    assert "SqsManagedSseEnabled" not in found["Failures"]["Properties"]


def test_without_a_customer_s_key_nothing_speaks_of_one():
    found = stack.translated()["Resources"]
    assert "kms" not in str([resource["Properties"] for resource in found.values()]).lower()
    assert found["Failures"]["Properties"]["SqsManagedSseEnabled"] is True
    assert "SSESpecification" not in found["State"]["Properties"]
