"""Who is told what, and who may publish."""

from datetime import timedelta

import pytest
from moto.sns.utils import FilterPolicyMatcher

from guard.model import Severity
from tests import stack

MAIL, PHONE = {"AlertEmail": "owner@example.com"}, {"AlertPhone": "+15005550006"}
ALARMS = stack.resources("AWS::CloudWatch::Alarm")
ALARMS_OF_THIS_ACCOUNT = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"


def subscriptions(**given):
    return stack.resources("AWS::SNS::Subscription", **given)


def passes(subscription, attributes=None, message=""):
    """Whether SNS would deliver a message to a subscription."""
    scope = subscription.get("FilterPolicyScope")
    return FilterPolicyMatcher(subscription.get("FilterPolicy"), scope).matches(attributes, message)


def policy(topic):
    found = [
        p for p in stack.resources("AWS::SNS::TopicPolicy").values() if p["Topics"] == [{"Ref": topic}]
    ]
    [only] = found
    return {statement["Sid"]: statement for statement in only["PolicyDocument"]["Statement"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, set()),
        (MAIL, {("email", "owner@example.com")}),
        (PHONE, {("sms", "+15005550006")}),
        (MAIL | PHONE, {("email", "owner@example.com"), ("sms", "+15005550006")}),
    ],
    ids=["nobody", "mail", "phone", "both"],
)
def test_mail_and_phone_are_told_of_balances_and_of_the_guard_where_they_are_given(given, expected):
    told = [
        (one["TopicArn"]["Ref"], one["Protocol"], one["Endpoint"])
        for one in subscriptions(**given).values()
    ]
    assert len(told) == len(set(told))
    ops = {"email": "OpsTopic", "sms": "UrgentOpsTopic"}
    assert set(told) == {(topic, *who) for who in expected for topic in ("AlertsTopic", ops[who[0]])}


def test_mail_is_told_everything():
    for name, subscription in subscriptions(**MAIL).items():
        assert "FilterPolicy" not in subscription, name


@pytest.mark.parametrize("severity", Severity)
def test_the_phone_is_told_of_balances_from_critical_on(severity):
    phone = subscriptions(**PHONE)["AlertsByPhone"]
    attributes = {"peak": {"Type": "String", "Value": severity.word}}
    assert passes(phone, attributes) == (severity >= Severity.CRITICAL)


def test_the_attribute_that_the_phone_goes_by_is_one_that_a_run_sends(world):
    phone = subscriptions(**PHONE)["AlertsByPhone"]
    world.deepseek("15")
    world.tick()
    world.deepseek("4")
    world.tick()
    world.deepseek("100")
    world.tick(timedelta(hours=2))
    world.tick()
    warning, *critical, recovery = world.mail()
    assert not passes(phone, warning.attributes)
    assert critical
    assert all(passes(phone, one.attributes) for one in critical)
    # Whoever was told of it hears its end.
    assert (recovery.data["kind"], recovery.data["severity"]) == ("recovery", "ok")
    assert passes(phone, recovery.attributes)


def test_the_phone_hears_all_of_the_urgent_topic_which_only_urgent_alarms_reach():
    assert "FilterPolicy" not in subscriptions(**PHONE)["OpsByPhone"]
    for name, alarm in ALARMS.items():
        urgent = alarm["AlarmDescription"].startswith("CRITICAL: ")
        assert ({"Ref": "UrgentOpsTopic"} in alarm["AlarmActions"]) is urgent, name


def test_the_alarms_that_ring_the_phone_are_those_that_leave_a_user_without_a_guard_or_without_credit():
    ringing = {n for n, alarm in ALARMS.items() if alarm["AlarmDescription"].startswith("CRITICAL")}
    assert ringing == {"NotRunning", "RunsFailing", "DeliveriesFailing", "SeverityCritical"}


@pytest.mark.parametrize("topic", ["AlertsTopic", "OpsTopic", "UrgentOpsTopic"])
def test_what_is_not_encrypted_on_its_way_is_refused(topic):
    assert policy(topic)["TlsOnly"] == {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": {"Ref": topic},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_nobody_but_the_alarms_of_this_account_is_let_in_by_a_topic():
    assert policy("AlertsTopic").keys() == {"TlsOnly"}
    for topic in ("OpsTopic", "UrgentOpsTopic"):
        assert policy(topic).keys() == {"TlsOnly", "Alarms"}
        assert policy(topic)["Alarms"] == {
            "Sid": "Alarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": {"Ref": topic},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnLike": {"aws:SourceArn": {"Fn::Sub": ALARMS_OF_THIS_ACCOUNT}},
            },
        }
