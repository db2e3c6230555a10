"""What fails is tried again, ends in the queue, and what is worth keeping is kept."""

import json

import pytest

from tests import stack

FUNCTIONS = stack.resources("AWS::Lambda::Function")
SCHEDULES = stack.resources("AWS::Scheduler::Schedule")
FAILURES = {"Fn::GetAtt": ["Failures", "Arn"]}


def starts(function):
    """The one schedule that starts a function."""
    target = {"Fn::GetAtt": [function, "Arn"]}
    [schedule] = [s for s in SCHEDULES.values() if s["Target"]["Arn"] == target]
    return schedule


@pytest.mark.parametrize(
    ("function", "expression"),
    [("CheckBalances", "rate(15 minutes)"), ("SendDigest", "cron(0 8 ? * MON *)")],
)
def test_a_function_is_started_by_its_own_schedule(function, expression):
    assert len(SCHEDULES) == len(FUNCTIONS) == 2
    schedule = starts(function)
    assert schedule["ScheduleExpression"] == expression
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule.get("State", "ENABLED") == "ENABLED"


def test_the_schedules_are_parameters():
    given = {"Schedule": "rate(5 minutes)", "DigestSchedule": "cron(0 6 1 * ? *)"}
    expressions = {
        schedule["ScheduleExpression"]
        for schedule in stack.resources("AWS::Scheduler::Schedule", **given).values()
    }
    assert expressions == set(given.values())


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_start_that_can_not_be_delivered_is_tried_again_and_then_kept(function):
    target = starts(function)["Target"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 600}
    assert target["DeadLetterConfig"] == {"Arn": FAILURES}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_start_tells_the_time_for_which_it_was_meant(function):
    event = json.loads(starts(function)["Target"]["Input"])
    assert event["time"] == "<aws.scheduler.scheduled-time>"
    assert event["id"] == "<aws.scheduler.execution-id>"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_run_that_fails_is_tried_again_and_its_event_is_then_kept(function):
    [config] = [
        config
        for config in stack.resources("AWS::Lambda::EventInvokeConfig").values()
        if config["FunctionName"] == {"Ref": function}
    ]
    assert config["MaximumRetryAttempts"] == 2
    assert config["MaximumEventAgeInSeconds"] == 600
    assert config["DestinationConfig"]["OnFailure"] == {"Destination": FAILURES}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_into_the_one_log_that_has_an_end(function):
    assert FUNCTIONS[function]["LoggingConfig"] == {"LogGroup": {"Ref": "Log"}}


def test_the_log_is_kept_as_long_as_the_parameter_says():
    assert stack.resources("AWS::Logs::LogGroup")["Log"] == {"RetentionInDays": "30"}
    longer = stack.resources("AWS::Logs::LogGroup", LogRetentionDays="365")
    assert longer["Log"] == {"RetentionInDays": "365"}


def test_the_table_and_the_secret_outlive_the_stack_and_a_replacement_but_no_first_deploy_that_fails():
    kept = {
        name
        for name, resource in stack.translated()["Resources"].items()
        if resource.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert kept == {"State", "ApiKeys"}
    assert all(stack.translated()["Resources"][n]["UpdateReplacePolicy"] == "Retain" for n in kept)


def test_the_table_can_be_brought_back_to_any_time_of_the_last_weeks():
    table = stack.resources("AWS::DynamoDB::Table")["State"]
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
