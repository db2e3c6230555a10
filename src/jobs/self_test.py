"""Whether what the guard says reaches anybody: what its topics know, and a notification to try it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.clients import error_code
from aws.topic import Topic, subscribers
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
    warnings = tuple(
        text for name, missed, arn in topics for text in _looked_at(client, name, missed, arn)
    )
    for text in warnings:
        logger.warning(text)
    return warnings


def _looked_at(client: "SNSClient", name: str, missed: str, arn: str) -> Iterator[str]:
    try:
        found = subscribers(client, arn)
    except (ClientError, BotoCoreError) as error:
        yield texts.subscriptions_unseen(name, error_code(error))
        return
    if not found.confirmed:
        yield texts.nobody_subscribed(name, missed, found.waiting)
    elif found.waiting:
        yield texts.somebody_waits(name, found.waiting)


def answer(now: datetime, published: Sequence[Message], warnings: Sequence[str]) -> dict[str, Any]:
    """The answer of a run that checked no account, and published these."""
    return {
        "observed_at": timestamp(now),
        "accounts": [],
        "alerts": [summary.of_message(message) for message in published],
        "warnings": list(warnings),
    }
