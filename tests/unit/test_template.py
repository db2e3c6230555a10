"""The template and the code agree."""

import importlib
import json
import re

import pytest

from config import settings
from guard.model import Rules
from providers import PROVIDERS
from tests import stack

RESOURCES = {
    "API_KEYS_SECRET": {"Fn::GetAtt": ["ApiKeys", "Id"]},
    "STATE_TABLE": {"Ref": "State"},
    "ALERTS_TOPIC": {"Ref": "AlertsTopic"},
    "OPS_TOPIC": {"Ref": "OpsTopic"},
}
NEEDED = dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")
# The public surface: what a user's samconfig and scripts rely on.
PARAMETERS = {
    "AlertEmail": "",
    "AlertPhone": "",
    "Schedule": "rate(15 minutes)",
    "Budgets": "20/5 USD, 150/35 CNY",
    "DeepSeekBudget": "20/5 USD, 150/35 CNY",
    "NovitaBudget": "20/5 USD",
    "NovitaWatch": "available",
    "Runway": "7d/2d",
    "RemindEvery": "24h/6h",
    "FastDrain": "25%/1h",
    "DigestSchedule": "cron(0 8 ? * MON *)",
    "TimeZone": "UTC",
    "LogRetentionDays": 30,
    "KmsKeyArn": "",
    "ApiKeysSecretArn": "",
    "Shards": "",
    "PermissionsBoundaryArn": "",
    "ScheduleState": "ENABLED",
    "SlackChannelId": "",
    "SlackWorkspaceId": "",
    "MetricsNamespace": "BudgetGuard",
    "DetailedMetrics": "false",
    "PerAccountMetrics": "10",
}
OUTPUTS = {
    "CheckBalances": {"Ref": "CheckBalances"},
    "SendDigest": {"Ref": "SendDigest"},
    "ApiKeys": {"Fn::GetAtt": ["ApiKeys", "Id"]},
    "AlertsTopic": {"Ref": "AlertsTopic"},
    "OpsTopic": {"Ref": "OpsTopic"},
    "UrgentOpsTopic": {"Ref": "UrgentOpsTopic"},
    "State": {"Ref": "State"},
    "Dashboard": {"Ref": "Dashboard"},
}
KINDS = {
    "CheckBalances": "AWS::Lambda::Function",
    "SendDigest": "AWS::Lambda::Function",
    "ApiKeys": "AWS::SecretsManager::Secret",
    "AlertsTopic": "AWS::SNS::Topic",
    "OpsTopic": "AWS::SNS::Topic",
    "UrgentOpsTopic": "AWS::SNS::Topic",
    "State": "AWS::DynamoDB::Table",
    "Dashboard": "AWS::CloudWatch::Dashboard",
}
SLACK = {"SlackWorkspaceId": "T0123ABCD", "SlackChannelId": "C0123ABCD"}


def parameter(name):
    return stack.source()["Parameters"][name]


def variables(function, **given):
    return stack.resources("AWS::Lambda::Function", **given)[function]["Environment"]["Variables"]


def test_the_resources_that_users_rely_on_are_there_and_named_by_an_output():
    found = stack.translated()
    assert {name: found["Resources"][name]["Type"] for name in KINDS} == KINDS
    assert {name: found["Outputs"][name]["Value"] for name in OUTPUTS} == OUTPUTS
    assert all(output["Description"] for output in found["Outputs"].values())


def test_two_stacks_can_stand_side_by_side_since_no_name_is_fixed():
    of_others = {"DisplayName", "MetricName", "FunctionName", "GroupName"}
    names = [
        value
        for resource in stack.translated(**SLACK, **stack.WITH_SHARDS)["Resources"].values()
        for member, value in resource["Properties"].items()
        if member.endswith("Name") and member not in of_others
    ]
    assert len(names) == 12  # the alarms, the dashboard and what Slack is connected by
    assert all("${AWS::StackName}" in name["Fn::Sub"] for name in names)
    functions = stack.resources("AWS::Lambda::Function").values()
    assert not [function for function in functions if "FunctionName" in function]


def test_every_handler_of_the_template_exists():
    for function in stack.resources("AWS::Lambda::Function").values():
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


class Asked(dict):
    """An environment that remembers which variables were read."""

    def __init__(self, *args):
        super().__init__(*args)
        self.names = set()

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)


def test_every_variable_that_the_settings_read_is_set_by_the_template_and_no_other():
    asked = Asked(NEEDED)
    settings.read(asked)
    origins = {name for name in asked.names if name.endswith("_URL")}
    assert asked.names - origins == set(variables("CheckBalances", **stack.WITH_SHARDS))
    assert origins == {f"{name.upper()}_URL" for name in PROVIDERS}


def test_every_variable_that_the_digest_reads_is_set_by_the_template_and_no_other():
    asked = Asked(NEEDED)
    settings.read_for_digest(asked)
    assert asked.names == set(variables("SendDigest"))


def test_the_defaults_of_the_template_are_those_of_the_settings():
    given = {
        name: value for name, value in variables("CheckBalances").items() if isinstance(value, str)
    }
    assert len(given) == 11
    assert settings.read(NEEDED | given) == settings.read(NEEDED)
    assert all(isinstance(rules, Rules) for rules in settings.read(NEEDED).rules.values())


@pytest.mark.parametrize("function", ["CheckBalances", "SendDigest"])
def test_a_variable_for_a_resource_names_the_one_that_it_is_for(function):
    for name, value in variables(function).items():
        assert isinstance(value, str) or value == RESOURCES[name]


def test_the_parameters_are_those_that_users_rely_on_with_their_defaults():
    given = stack.source()["Parameters"]
    assert {name: one["Default"] for name, one in given.items()} == PARAMETERS


def test_every_parameter_is_shown_in_a_group_when_the_stack_is_deployed_by_hand():
    groups = stack.source()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(PARAMETERS)


def test_every_parameter_is_described_has_a_default_and_is_bounded():
    for name, given in stack.source()["Parameters"].items():
        assert given["Description"], name
        assert "Default" in given, name
        assert "AllowedPattern" in given or "AllowedValues" in given, name


def test_every_default_fits_its_own_pattern():
    for given in stack.source()["Parameters"].values():
        if "AllowedPattern" in given:
            assert re.search(given["AllowedPattern"], str(given["Default"]))


def test_the_patterns_refuse_what_can_not_be_used():
    for name, bad in {
        "Budgets": ["20", "20/5 usd", ""],
        "DeepSeekBudget": ["20", "20/5", "20/5 usd", "20/5 USD,", "20/5 USD 1/1 CNY", ""],
        "Runway": ["7d", "7/2", "never", ""],
        "RemindEvery": ["off", "24h", "1 day/6h"],
        "FastDrain": ["25/1h", "25%", "%/1h"],
        "Schedule": ["15 minutes", "rate()", ""],
        "PerAccountMetrics": ["", "-1", "1.5", "10001", "99999", "all"],
        "DigestSchedule": ["weekly", "cron()", ""],
        "AlertEmail": ["owner", "owner@example", "a b@example.com"],
        "AlertPhone": ["015112345678", "+0151", "phone"],
        "SlackWorkspaceId": ["workspace", "T-1"],
        "SlackChannelId": ["#alerts", "C_1"],
        "PermissionsBoundaryArn": ["boundary", "arn:aws:iam::123456789012:role/boundary"],
        "KmsKeyArn": ["alias/mine", "arn:aws:kms:eu-central-1:123456789012:alias/mine"],
    }.items():
        for text in bad:
            assert not re.search(parameter(name)["AllowedPattern"], text), (name, text)


def test_the_runtime_pins_are_a_subset_of_the_lock():
    def pins(path):
        return set(
            re.findall(r"^([a-z0-9-]+==[^\s\\;]+)", (stack.ROOT / path).read_text(), re.MULTILINE)
        )

    runtime = pins("src/requirements.txt")
    names = {pin.partition("==")[0] for pin in runtime}
    assert names >= {"boto3", "requests", "aws-lambda-powertools"}
    assert runtime <= pins("requirements/dev.txt")


SECRET = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:old-keys-AbC123"


def test_a_secret_that_exists_takes_the_place_of_one_of_the_stack_s_own():
    found = stack.translated(ApiKeysSecretArn=SECRET)
    assert "ApiKeys" not in found["Resources"]
    assert found["Outputs"]["ApiKeys"]["Value"] == SECRET
    function = found["Resources"]["CheckBalances"]["Properties"]
    assert function["Environment"]["Variables"]["API_KEYS_SECRET"] == SECRET
    [policy] = found["Resources"]["CheckBalancesRole"]["Properties"]["Policies"]
    [reads] = [one for one in policy["PolicyDocument"]["Statement"] if "secretsmanager" in str(one)]
    assert reads["Resource"] == SECRET


def schedules(**given):
    found = stack.resources("AWS::Scheduler::Schedule", **given)
    return {name: one.get("State") for name, one in found.items()}


def test_a_guard_that_is_paused_checks_nothing_and_is_not_missed():
    assert schedules()["CheckBalancesTick"] == "ENABLED"
    paused = {"ScheduleState": "DISABLED"}
    assert schedules(**paused)["CheckBalancesTick"] == "DISABLED"
    assert schedules(**paused)["SendDigestWeek"] in {None, "ENABLED"}
    assert "NotRunning" in stack.resources("AWS::CloudWatch::Alarm")
    assert "NotRunning" not in stack.resources("AWS::CloudWatch::Alarm", **paused)
    assert "NotRunning" in stack.dashboard()
    assert "NotRunning" not in stack.dashboard(**paused)
    digest = stack.resources("AWS::Lambda::Function", **paused)["SendDigest"]
    assert digest["Environment"]["Variables"]["SCHEDULE_STATE"] == "DISABLED"


# In chat.


def asserted(**given):
    """Whether the rule about Slack lets these parameters through."""
    [rule] = stack.source()["Rules"]["SlackTogether"]["Assertions"]
    values = dict.fromkeys(SLACK, "") | given
    return stack.holds(stack.with_values(rule["Assert"], values))


def test_slack_is_given_with_both_its_ids_or_not_at_all():
    assert asserted()
    assert asserted(**SLACK)
    assert not any(asserted(**{name: SLACK[name]}) for name in SLACK)


def test_slack_hears_both_topics_and_nobody_in_its_channel_may_do_anything():
    assert not stack.resources("AWS::Chatbot::SlackChannelConfiguration")
    [slack] = stack.resources("AWS::Chatbot::SlackChannelConfiguration", **SLACK).values()
    assert slack["SnsTopicArns"] == [{"Ref": "AlertsTopic"}, {"Ref": "OpsTopic"}]
    assert slack["SlackWorkspaceId"] == "T0123ABCD"
    assert slack["SlackChannelId"] == "C0123ABCD"
    assert slack["GuardrailPolicies"] == [
        {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AWSDenyAll"}
    ]
    role = stack.translated(**SLACK)["Resources"]["SlackRole"]["Properties"]
    assert role.keys() <= {"AssumeRolePolicyDocument", "Tags"}


# Shards.


def machine():
    """The state machine of the shards, and what it does."""
    [found] = stack.resources("AWS::StepFunctions::StateMachine", **stack.WITH_SHARDS).values()
    text = found["DefinitionString"]
    return found, json.loads("".join(text["Fn::Join"][1]) if isinstance(text, dict) else text)


def test_without_shards_nothing_in_the_stack_speaks_of_them():
    found = stack.translated()["Resources"]
    others = {name: one["Properties"] for name, one in found.items() if name != "Dashboard"}
    shown = json.dumps(others) + stack.dashboard()
    for word in ("hard", "HARD", "states", "AWS/States", "SUM("):
        assert word not in shown, word


def test_with_shards_the_schedule_starts_the_state_machine_in_place_of_the_function():
    schedules = stack.resources("AWS::Scheduler::Schedule", **stack.WITH_SHARDS)
    by_target = {json.dumps(one["Target"]["Arn"]): one for one in schedules.values()}
    function = by_target[json.dumps({"Fn::GetAtt": ["CheckBalances", "Arn"]})]
    shards = by_target[json.dumps({"Ref": "EachShard"})]
    assert (function["State"], shards["State"]) == ("DISABLED", "ENABLED")
    assert shards["ScheduleExpression"] == function["ScheduleExpression"]
    paused = stack.resources(
        "AWS::Scheduler::Schedule", ScheduleState="DISABLED", **stack.WITH_SHARDS
    ).values()
    assert [one.get("State", "ENABLED") for one in paused].count("DISABLED") == 2
    text, values = shards["Target"]["Input"]["Fn::Sub"]
    between, [first, (joined, others)] = (
        values["Secrets"]["Fn::Join"][0],
        [
            values["Secrets"]["Fn::Join"][1][0],
            values["Secrets"]["Fn::Join"][1][1]["Fn::Join"],
        ],
    )
    assert first == {"Fn::GetAtt": ["ApiKeys", "Id"]}
    assert others == {"Fn::Split": [",", stack.WITH_SHARDS["Shards"]]}
    secrets = between.join(("first", joined.join(stack.SHARDS)))
    event = json.loads(text.replace("${Secrets}", secrets))
    assert event == {"time": "<aws.scheduler.scheduled-time>", "secrets": ["first", *stack.SHARDS]}


def test_the_state_machine_invokes_the_function_with_a_secret_and_a_time_and_tries_again():
    found, definition = machine()
    assert found["RoleArn"] == {"Fn::GetAtt": ["EachShardRole", "Arn"]}
    each = definition["States"]["EachSecret"]
    assert each["ItemsPath"] == "$.secrets"
    assert each["ItemSelector"] == {"secret.$": "$$.Map.Item.Value", "time.$": "$.time", "brief": True}
    assert 0 < each["MaxConcurrency"] <= 8
    check = each["ItemProcessor"]["States"]["Check"]
    assert check["Resource"] in {"${CheckBalances}", "${definition_substitution_1}"}
    assert [*found["DefinitionSubstitutions"].values()] == [{"Fn::GetAtt": ["CheckBalances", "Arn"]}]
    [retry], [caught] = check["Retry"], check["Catch"]
    assert (retry["ErrorEquals"], retry["MaxAttempts"]) == (["States.ALL"], 2)
    assert caught["Next"] == "GivenUp"  # so that one failure ends no other's run
    assert check["TimeoutSeconds"] > stack.source()["Globals"]["Function"]["Timeout"]


def test_the_dashboard_adds_the_maxima_of_the_counts_of_shards():
    body = stack.dashboard(**stack.WITH_SHARDS)
    for name in ("AccountsOk", "AccountsCritical", "ChecksFailed"):
        added = f"SUM(SEARCH('{{BudgetGuard,Shard}} MetricName=\\\"{name}\\\"', 'Maximum', 900))"
        assert added in body
    assert "SEARCH('{BudgetGuard} MetricName=\\\"ChecksLeft\\\"', 'Maximum', 900)" in body
    assert "${ShardsFailing.Arn}" in body
    assert json.loads(body)["widgets"]


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        (stack.SHARDS[0], True),
        (",".join(stack.SHARDS), True),
        (", ".join(stack.SHARDS), False),
        (f"{stack.SHARDS[0]},", False),
        ("my-secret", False),
    ],
)
def test_shards_are_arns_with_commas_between_them(text, fits):
    assert bool(re.fullmatch(parameter("Shards")["AllowedPattern"], text)) is fits


# For auditors.


@pytest.mark.parametrize("given", [{}, SLACK, stack.WITH_SHARDS], ids=["no chat", "chat", "shards"])
def test_a_permissions_boundary_bounds_every_role(given):
    boundary = "arn:aws:iam::123456789012:policy/team/boundary"
    roles = stack.resources("AWS::IAM::Role", PermissionsBoundaryArn=boundary, **given)
    assert {role["PermissionsBoundary"] for role in roles.values()} == {boundary}
    assert not any(
        "PermissionsBoundary" in role for role in stack.resources("AWS::IAM::Role", **given).values()
    )


def test_the_queue_of_failures_takes_nothing_that_is_not_encrypted_on_its_way():
    [policy] = stack.resources("AWS::SQS::QueuePolicy").values()
    assert policy["Queues"] == [{"Ref": "Failures"}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_both_schedules_are_in_the_group_of_the_stack():
    schedules = stack.resources("AWS::Scheduler::Schedule").values()
    assert [schedule["GroupName"] for schedule in schedules] == [{"Ref": "Schedules"}] * 2


PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"]


def test_every_page_of_the_console_is_linked_in_each_partition():
    pages = {name: one for name, one in stack.translated()["Outputs"].items() if name.endswith("Page")}
    assert {*pages} == {
        "AlarmsPage",
        "ApiKeysPage",
        "DashboardPage",
        "FailuresPage",
        "LogPage",
        "SubscriptionsPage",
    }
    for page in pages.values():
        link, values = page["Value"]["Fn::Sub"]
        assert link.startswith("https://${AWS::Region}.${Host}/")
        assert values["Host"] == {"Fn::FindInMap": ["Console", {"Ref": "AWS::Partition"}, "Host"]}
    assert [*stack.source()["Mappings"]["Console"]] == PARTITIONS
