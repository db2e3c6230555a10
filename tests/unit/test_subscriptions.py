"""Who listens to a topic, as SNS tells it."""

import json

import boto3
import pytest
from botocore.stub import Stubber

from aws.subscriptions import Listener, listeners
from guard.alert import Kind, about_the_guard
from guard.model import Severity
from messages.render import render_test
from tests.world import START

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
TEST = render_test(about_the_guard(Kind.TEST, Severity.CRITICAL, START), ())


@pytest.fixture
def sns():
    with Stubber(boto3.client("sns", region_name="eu-central-1")) as stubber:
        yield stubber


def found(sns, *subscriptions, **attributes):
    """Let SNS tell of subscriptions, and of the attributes of those that are asked for."""
    rows = [{"SubscriptionArn": arn, "Protocol": protocol} for arn, protocol in subscriptions]
    sns.add_response("list_subscriptions_by_topic", {"Subscriptions": rows}, {"TopicArn": TOPIC})
    for arn, of_it in attributes.items():
        asked = {"SubscriptionArn": f"arn:{arn}"}
        if of_it is None:
            sns.add_client_error("get_subscription_attributes", "NotFound", expected_params=asked)
        else:
            sns.add_response("get_subscription_attributes", {"Attributes": of_it}, asked)
    return listeners(sns.client, TOPIC)


def test_who_has_not_confirmed_does_not_listen(sns):
    assert found(sns, ("PendingConfirmation", "email"), ("Deleted", "email")) == []


def test_the_first_without_a_filter_is_enough(sns):
    heard = found(sns, ("arn:a", "email"), ("arn:b", "sms"), a={})
    assert heard == [Listener("email")]


def test_a_subscription_that_is_gone_meanwhile_does_not_listen(sns):
    filtered = {"FilterPolicy": '{"kind": ["test"]}', "FilterPolicyScope": "MessageBody"}
    heard = found(sns, ("arn:a", "sqs"), ("arn:b", "sqs"), a=None, b=filtered)
    assert heard == [Listener("sqs", {"kind": ["test"]}, by_body=True)]


@pytest.mark.parametrize(
    ("listener", "hears"),
    [
        (Listener("email"), True),
        (Listener("sms", {"peak": ["critical"]}), True),
        (Listener("sms", {"peak": ["exhausted"]}), False),
        (Listener("sms", {"peak": 5}), True),  # nobody can say that it keeps the message back
        (Listener("sqs", {"kind": ["test"]}, by_body=True), True),
        (Listener("sqs", {"kind": ["alert"]}, by_body=True), False),
        (Listener("email", {"kind": ["test"]}, by_body=True), False),
        (Listener("application", {"kind": ["test"]}, by_body=True), False),
    ],
)
def test_a_listener_hears_what_its_filter_lets_through(listener, hears):
    assert json.loads(TEST.payload)["kind"] == "test"
    assert listener.hears(TEST) is hears
