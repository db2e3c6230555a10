"""Whom the topics reach, as SNS tells it."""

import boto3
import pytest
from botocore.stub import Stubber

from aws import clients
from aws.topic import Subscribers, subscribers
from jobs import self_test

TOPIC = "arn:aws:sns:eu-central-1:123456789012:alerts"
CONFIRMED = {"SubscriptionArn": f"{TOPIC}:3f1c", "Protocol": "email"}
WAITING = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email"}
DELETED = {"SubscriptionArn": "Deleted", "Protocol": "email"}


@pytest.fixture
def sns(monkeypatch):
    """SNS's own answers, which no emulator gives: moto and ministack confirm at once."""
    client = boto3.client("sns", region_name="eu-central-1")
    monkeypatch.setattr(clients, "sns", lambda: client)
    with Stubber(client) as stubber:
        yield stubber


def answer(sns, *pages):
    for number, page in enumerate(pages):
        more = {"NextToken": str(number + 1)} if number + 1 < len(pages) else {}
        asked = {"TopicArn": TOPIC} | ({"NextToken": str(number)} if number else {})
        found = {"Subscriptions": list(page), **more}
        sns.add_response("list_subscriptions_by_topic", found, asked)


def test_a_subscription_counts_once_it_is_confirmed_on_whatever_page_it_stands(sns):
    answer(sns, [WAITING, DELETED], [CONFIRMED, CONFIRMED])
    assert subscribers(clients.sns(), TOPIC) == Subscribers(confirmed=2, waiting=1)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            [],
            "No subscription of the alerts topic is confirmed, so alerts reach nobody: subscribe to it",
        ),
        ([WAITING], "reach nobody: confirm the 1 that AWS asked for by mail."),
        ([DELETED], "reach nobody: subscribe to it (AlertEmail)."),
        ([CONFIRMED, WAITING], "1 subscription of the alerts topic waits for confirmation"),
        ([CONFIRMED, WAITING, WAITING], "2 subscriptions of the alerts topic wait for confirmation"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(sns, found, said):
    answer(sns, found)
    [warning] = self_test.check(TOPIC, None)
    assert said in warning


def test_where_everybody_is_reached_there_is_nothing_to_say(sns):
    answer(sns, [CONFIRMED])
    assert self_test.check(TOPIC, None) == ()
