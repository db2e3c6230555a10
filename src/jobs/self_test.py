"""Whether what the guard says reaches anybody: what its topics know, and a notification to try it."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.clients import error_code
from aws.topic import Topic, subscribers
from guard import wording
from guard.figures import timestamp
from guard.model import Account, Alert, Kind, Severity
from jobs import errors, summary

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

logger = Logger(service="budget-guard")


def test_alert(topic: str, ops_topic: str | None, clock: Callable[[], datetime]) -> dict[str, Any]:
    """Publish one `test` notification, and return a summary without accounts.

    It is sent as critical, since the phone is subscribed to nothing less. `warnings` says whom it
    can't reach. Raises `GuardError`.
    """
    now = clock().replace(microsecond=0)
    warnings = check(topic, ops_topic)
    alert = notice(Kind.TEST, Severity.CRITICAL, now, warnings)
    with errors.told(partial(errors.of_message, "test notification")):
        Topic(topic).publish(alert)
    return said(now, [alert], warnings)


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
        yield wording.subscriptions_unseen(name, error_code(error))
        return
    if not found.confirmed:
        yield wording.nobody_subscribed(name, missed, found.waiting)
    elif found.waiting:
        yield wording.somebody_waits(name, found.waiting)


def notice(kind: Kind, severity: Severity, now: datetime, why: tuple[str, ...] = ()) -> Alert:
    """A notification that is about the guard and no account; the same time has the same id."""
    return Alert(
        id=hashlib.sha256(f"{kind} {now.isoformat()}".encode()).hexdigest()[:32],
        episode=kind,
        kind=kind,
        condition=None,
        severity=severity,
        account=Account("budget-guard", kind),
        observed_at=now,
        why=why,
    )


def said(now: datetime, alerts: list[Alert], warnings: tuple[str, ...]) -> dict[str, Any]:
    """The answer of a run that checked no account, and published these."""
    return {
        "observed_at": timestamp(now),
        "accounts": [],
        "alerts": [summary.of_alert(alert) for alert in alerts],
        "warnings": list(warnings),
    }
