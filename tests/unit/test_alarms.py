"""The alarms: where they go, what they watch, and when they ring."""

import re

import pytest

from aws import metrics
from guard.model import Severity
from guard.totals import Totals
from tests import stack
from tests.cloudwatch import state
from tests.world import START, measured

SHARDED = stack.resources("AWS::CloudWatch::Alarm", **stack.WITH_SHARDS)
ALARMS = stack.resources("AWS::CloudWatch::Alarm")
ALL = SHARDED | ALARMS

# The metrics that AWS keeps by itself: the dimension, and what its value must name.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
CHECKS = ("FunctionName", {"Ref": "CheckBalances"})
LOG = ("LogGroupName", {"Ref": "Log"})
OF_AWS = {
    ("AWS/Lambda", "Invocations"): CHECKS,
    ("AWS/Lambda", "Errors"): CHECKS,
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): (
        "QueueName",
        {"Fn::GetAtt": ["Failures", "QueueName"]},
    ),
    ("AWS/SNS", "NumberOfNotificationsFailed"): (
        "TopicName",
        {"Fn::GetAtt": ["AlertsTopic", "TopicName"]},
    ),
    ("AWS/States", "ExecutionsFailed"): ("StateMachineArn", {"Ref": "EachShard"}),
    ("AWS/Logs", "EMFParsingErrors"): LOG,
    ("AWS/Logs", "EMFValidationErrors"): LOG,
}


def watched(alarm):
    return alarm["Namespace"], alarm["MetricName"]


def test_there_are_no_more_alarms_than_cost_nothing():
    assert 0 < len(ALARMS) == len(SHARDED) <= 10


@pytest.mark.parametrize("name", ALL)
def test_an_alarm_goes_to_the_ops_topic_and_an_urgent_one_to_the_phone_s_as_well(name):
    alarm = ALL[name]
    urgent = alarm["AlarmDescription"].startswith("CRITICAL: ")
    phone = [{"Ref": "UrgentOpsTopic"}] if urgent else []
    assert alarm["AlarmActions"] == [{"Ref": "OpsTopic"}, *phone]
    assert alarm.get("ActionsEnabled", True) is True
    assert not {"OKActions", "InsufficientDataActions"} & alarm.keys()


@pytest.mark.parametrize("name", ALL)
def test_an_alarm_says_how_it_takes_missing_data(name):
    assert ALL[name]["TreatMissingData"] in {"breaching", "notBreaching", "ignore", "missing"}


@pytest.mark.parametrize("name", ALL)
def test_an_alarm_says_what_to_do(name):
    description = ALL[name]["AlarmDescription"]
    assert re.search(r"\. (Look|Please report|Top up)\b", description)
    assert len(description) <= 1024
    assert description.isascii()


def test_what_alarms_watch_is_what_should_be_watched():
    ours = {("BudgetGuard", name) for name in ("CheckSucceeded", "ChecksLeft", "Severity")}
    assert {watched(alarm) for alarm in ALL.values()} == OF_AWS.keys() | ours
    of_runs = {name for name in ALL if name in ALARMS.keys() ^ SHARDED.keys()}
    assert of_runs == {"RunsFailing", "ShardsFailing"}


@pytest.mark.parametrize("name", [n for n, a in ALL.items() if a["Namespace"] != "BudgetGuard"])
def test_an_alarm_on_a_metric_of_aws_names_its_dimension_and_the_stack_s_own_resource(name):
    dimension, value = OF_AWS[watched(ALL[name])]
    assert ALL[name]["Dimensions"] == [{"Name": dimension, "Value": value}]


def test_past_the_limit_the_alarms_of_the_guard_go_on_watching_what_a_run_emits():
    counts = dict.fromkeys(Severity, 1)
    blob = metrics.blob_of_totals(
        "BudgetGuard", Totals(Severity.EXHAUSTED, None, counts, 4, 0, 0), START
    )
    [directive] = blob["_aws"]["CloudWatchMetrics"]
    assert directive["Dimensions"] == [[]]
    for alarm in ALARMS.values():
        if alarm["Namespace"] == directive["Namespace"]:
            assert "Dimensions" not in alarm
            assert alarm["MetricName"] in blob


def test_an_alarm_on_a_metric_of_the_guard_watches_one_that_a_run_emits(world, capsys):
    world.tick()
    metrics.emit_unchecked("BudgetGuard", 1, world.now)  # as a run does that has no time for all
    blobs = measured(capsys)
    emitted = {
        (directive["Namespace"], metric["Name"], frozenset(dimensions))
        for blob in blobs
        for directive in blob["_aws"]["CloudWatchMetrics"]
        for dimensions in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
    of_the_guard = [alarm for alarm in ALARMS.values() if alarm["Namespace"] == "BudgetGuard"]
    assert len(of_the_guard) == 4
    for alarm in of_the_guard:
        dimensions = frozenset(d["Name"] for d in alarm.get("Dimensions", ()))
        assert (*watched(alarm), dimensions) in emitted


# AWS's own table, for three periods of three and a range of five; the newest point stands last:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
@pytest.mark.parametrize(
    ("points", "breaching", "not_breaching"),
    [
        ("0-X-X", "OK", "OK"),
        ("0----", "OK", "OK"),
        ("-----", "ALARM", "OK"),
        ("0XX-X", "ALARM", "ALARM"),
        ("--X--", "ALARM", "OK"),
    ],
)
def test_the_alarms_of_these_tests_ring_as_aws_documents_it(points, breaching, not_breaching):
    alarm = {
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "EvaluationPeriods": 3,
    }
    values = [{"0": 0, "X": 1, "-": None}[point] for point in points]
    assert state({**alarm, "TreatMissingData": "breaching"}, values) == breaching
    assert state({**alarm, "TreatMissingData": "notBreaching"}, values) == not_breaching


# Each point is a period: a quarter of an hour, or five minutes for the queue and for deliveries.
@pytest.mark.parametrize(
    ("name", "points", "rings"),
    [
        ("NotRunning", [None] * 5, True),
        ("NotRunning", [1, None, None, None, None], False),
        ("NotRunning", [None, 1, None, None, None], False),
        ("RunsFailing", [0, 0, 0, 3], False),
        ("RunsFailing", [0, 0, 3, 0], False),
        ("RunsFailing", [0, 0, 3, 3], True),
        ("RunsFailing", [None] * 4, False),
        ("EventsFailed", [0, 0, 1], True),
        ("EventsFailed", [None] * 3, False),
        ("DeliveriesFailing", [None, None, 1], True),
        ("DeliveriesFailing", [None] * 3, False),
        ("MetricsUnreadable", [None, None, 1], True),
        ("MetricsUnreadable", [None] * 3, False),
        ("MetricsInvalid", [None, None, 1], True),
        ("MetricsInvalid", [None] * 3, False),
        ("ChecksFailing", [1, 1, 0, 0, 0, 0], True),
        ("ChecksFailing", [1, 1, 1, 0, 0, 0], False),
        ("ChecksFailing", [0, 0, 0, 1, 0, 0], False),
        ("ChecksLeft", [0, 0, 7, 7, 7], True),
        ("ChecksLeft", [None, None, 7, 7, 7], True),
        ("ChecksLeft", [7, 7, 7, 0, 7], False),
        ("ChecksLeft", [None, None, None, 7, 7], False),
        ("ChecksLeft", [None] * 5, False),
        ("SeverityWarning", [0, 0, 0], False),
        ("SeverityWarning", [0, 0, 1], True),
        ("SeverityWarning", [0, 0, 3], True),
        ("SeverityCritical", [0, 0, 1], False),
        ("SeverityCritical", [0, 1, 2], True),
        ("SeverityCritical", [0, 1, 3], True),
    ],
)
def test_an_alarm_rings_when_it_should_and_only_then(name, points, rings):
    assert state(ALARMS[name], points) == ("ALARM" if rings else "OK")


# What CloudWatch sees while the shards of a tick run one after the other: the last point is of those
# that have ended, so it may be better than the tick will be.
@pytest.mark.parametrize(
    ("name", "well", "ill"),
    [
        ("SeverityWarning", 0, 1),
        ("SeverityCritical", 0, 2),
        ("ChecksFailing", 1, 0),
        ("ChecksLeft", 0, 7),
    ],
)
def test_with_shards_an_alarm_does_not_ring_anew_at_each_tick(name, well, ill):
    alarm = SHARDED[name]
    assert state(alarm, [ill] * 6) == "ALARM"
    assert state(alarm, [*[ill] * 5, well], "ALARM") == "ALARM"
    assert state(alarm, [*[ill] * 4, well, well], "ALARM") == "OK"
    assert state(alarm, [well] * 6) == "OK"
    needed = alarm["DatapointsToAlarm"]
    assert needed == ALARMS[name]["EvaluationPeriods"] == alarm["EvaluationPeriods"] - 1
    assert state(alarm, [*[well] * 5, *[ill] * needed]) == "ALARM"
    assert state(alarm, [*[well] * 6, *[ill] * (needed - 1)]) == "OK"


def test_a_shard_that_fails_for_good_rings_at_once():
    assert state(SHARDED["ShardsFailing"], [0, 0, 1]) == "ALARM"
    assert state(SHARDED["ShardsFailing"], [None] * 3) == "OK"


@pytest.mark.parametrize("name", ["SeverityWarning", "SeverityCritical"])
@pytest.mark.parametrize("before", ["OK", "ALARM"])
def test_a_failed_check_neither_rings_for_a_balance_nor_silences(name, before):
    assert state(ALARMS[name], [None] * 3, before) == before


def test_figures_over_all_accounts_take_the_worst_one():
    assert ALARMS["ChecksFailing"]["Statistic"] == "Minimum"
    assert ALARMS["ChecksLeft"]["Statistic"] == "Maximum"
    assert ALARMS["SeverityWarning"]["Statistic"] == "Maximum"
    assert ALARMS["SeverityCritical"]["Statistic"] == "Maximum"


def test_no_run_is_missed_by_the_default_schedule():
    assert stack.source()["Parameters"]["Schedule"]["Default"] == "rate(15 minutes)"
    of_runs = ("NotRunning", "RunsFailing", "ChecksFailing", "ChecksLeft")
    for name in (*of_runs, "SeverityWarning", "SeverityCritical"):
        assert ALARMS[name]["Period"] == 900, name


def test_two_stacks_in_a_region_do_not_mix_where_their_namespaces_differ():
    other = stack.translated(MetricsNamespace="Other/Guard")["Resources"]
    assert "BudgetGuard" not in str([resource["Properties"] for resource in other.values()])
    assert "Other/Guard" in stack.dashboard(MetricsNamespace="Other/Guard")
    variables = other["CheckBalances"]["Properties"]["Environment"]["Variables"]
    assert variables["METRICS_NAMESPACE"] == "Other/Guard"
