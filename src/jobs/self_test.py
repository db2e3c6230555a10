"""Whether what the guard says reaches anybody: what its topics know, and a notification to try it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients, sms
from aws.clients import error_code
from aws.subscriptions import subscribers
from aws.topic import Topic
from config.settings import Settings
from guard.alert import Kind, about_the_guard
from guard.figures import timestamp
from guard.model import Severity
from jobs import errors, summary
from messages import subscribers as texts
from messages.message import Message
from messages.render import render_test

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

logger = Logger(service="budget-guard")


def test_alert(settings: Settings, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Publish one `test` notification, and return a summary without accounts.

    It is sent as critical, since the phone is subscribed to nothing less. `warnings` says whom it
    can't reach. Raises `GuardError`.
    """
    now = clock().replace(microsecond=0)
    warnings = check(settings.topic, settings.ops_topic)
    alert = about_the_guard(Kind.TEST, Severity.CRITICAL, now)
    message = render_test(alert, warnings, settings.zone)
    with errors.told(partial(errors.of_topic, "The test notification")):
        Topic(settings.topic).publish(message)
    return answer(now, [message], warnings)


def check(topic: str, ops_topic: str | None) -> tuple[str, ...]:
    """What keeps alerts, and alarms about the guard, from reaching anybody; logged as well."""
    topics = [("alerts", "alerts", topic)]
    if ops_topic:
        topics.append(("operations", "alarms about the guard itself", ops_topic))
    client = clients.sns()
    looked_at = [_looked_at(client, *one) for one in topics]
    phones = tuple(dict.fromkeys(phone for _, phones in looked_at for phone in phones))
    of_sms = _of_sms(sms.look(client, phones)) if phones else ()
    warnings = (*(text for found, _ in looked_at for text in found), *of_sms)
    for text in warnings:
        logger.warning(text)
    return warnings


def _looked_at(
    client: "SNSClient", name: str, missed: str, arn: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is wrong with a topic, and the phones that listen to it."""
    try:
        found = subscribers(client, arn)
    except (ClientError, BotoCoreError) as error:
        return (texts.subscriptions_unseen(name, error_code(error)),), ()
    if not found.confirmed:
        return (texts.nobody_subscribed(name, missed, found.waiting),), ()
    if found.waiting:
        return (texts.somebody_waits(name, found.waiting),), found.phones
    return (), found.phones


def _of_sms(found: sms.Sms) -> Iterator[str]:
    if found.in_sandbox:
        yield texts.in_sandbox()
    if found.limit is not None and found.limit <= sms.DEFAULT_LIMIT:
        yield texts.spending_limit(found.limit)
    yield from map(texts.opted_out, found.opted_out)
    if found.type == sms.DEFAULT_TYPE:
        yield texts.promotional()
    if found.unseen:
        yield texts.sms_unseen(found.unseen)


def answer(now: datetime, published: Sequence[Message], warnings: Sequence[str]) -> dict[str, Any]:
    """The answer of a run that checked no account, and published these."""
    return {
        "observed_at": timestamp(now),
        "accounts": [],
        "alerts": [summary.of_message(message) for message in published],
        "warnings": list(warnings),
    }
