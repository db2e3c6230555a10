"""Whom the topics reach, as SNS tells it."""

import boto3
import pytest
from botocore.stub import Stubber

from aws import clients
from aws.subscriptions import Subscribers, subscribers
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


PHONE = {"SubscriptionArn": f"{TOPIC}:4a2d", "Protocol": "sms", "Endpoint": "+15005550006"}


def of_sms(sns, *, sandbox=False, attributes=None, opted_out=False):
    answer(sns, [CONFIRMED, PHONE])
    sns.add_response("get_sms_sandbox_account_status", {"IsInSandbox": sandbox}, {})
    sns.add_response("get_sms_attributes", {"attributes": attributes or {}}, {})
    asked = {"phoneNumber": PHONE["Endpoint"]}
    sns.add_response("check_if_phone_number_is_opted_out", {"isOptedOut": opted_out}, asked)
    return self_test.check(TOPIC, None)


def test_a_phone_that_gets_all_sms_has_nothing_in_its_way(sns):
    assert of_sms(sns, attributes={"MonthlySpendLimit": "20", "DefaultSMSType": "Transactional"}) == ()


def test_what_keeps_sms_back_is_said_with_what_to_do(sns):
    sandbox, limit, opted_out, promotional = of_sms(sns, sandbox=True, opted_out=True)
    assert "SMS sandbox" in sandbox
    assert "SMS end for the month when they have cost 1.00 USD" in limit
    assert "ends in 006 has opted out" in opted_out
    assert "DefaultSMSType=Transactional" in promotional
    for text in (sandbox, limit, opted_out):
        assert "https://docs.aws.amazon.com/sns/" in text
        assert PHONE["Endpoint"] not in text


def test_what_could_not_be_seen_of_sms_is_said_once(sns):
    answer(sns, [CONFIRMED, PHONE])
    for call in ("get_sms_sandbox_account_status", "get_sms_attributes"):
        sns.add_client_error(call, "AuthorizationError")
    sns.add_client_error("check_if_phone_number_is_opted_out", "Throttled")
    assert self_test.check(TOPIC, None) == (
        "Whether AWS keeps SMS back could not be seen (AuthorizationError, Throttled).",
    )
