"""One digest, top to bottom: read what is remembered, sum it up, say it once."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from aws import clients, digests, runs, state
from aws.digests import Claim
from aws.topic import Topic
from config.settings import DigestSettings
from guard.digest import sum_up, totals_only
from guard.messages import render_digest
from guard.model import Alert, Kind, Severity
from jobs import errors, self_test
from jobs.errors import GuardError
from jobs.event_time import event_time, observation_time
from providers import PROVIDERS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASE_MARGIN = 30.0  # seconds beyond the end of a run; Lambda's second retry finds the lease lapsed
# Not as severe as what it tells of: that was said in its time, and no phone need ring again.
SEVERITY = Severity.OK


def send(
    event: object,
    settings: DigestSettings,
    clock: Callable[[], datetime],
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Publish the digest of the event's time, unless it was, and return a summary without accounts.

    Raises `GuardError` if the table or the topic failed, or if another run is at it: then a retry
    finds out whether that one succeeded.
    """
    now = observation_time(event_time(event), None, clock())
    table, name = clients.dynamodb(), settings.table
    alert = self_test.notice(Kind.DIGEST, SEVERITY, now)
    with _table_trouble():
        lease = clock().timestamp() + seconds_left() + LEASE_MARGIN
        claim = digests.claim(table, name, now, clock().timestamp(), lease)
    if claim is Claim.TAKEN:
        raise GuardError("Another run is at this digest; a retry finds out whether it was sent.")
    if claim is Claim.SAID:
        return self_test.said(now, [], ())
    try:
        warnings = _say(alert, table, settings)
    except GuardError:
        with suppress(ClientError, BotoCoreError):
            digests.release(table, name)
        raise
    with _table_trouble():
        digests.acknowledge(table, name, now)
    return self_test.said(now, [alert], warnings)


def _say(alert: Alert, table: "DynamoDBClient", settings: DigestSettings) -> tuple[str, ...]:
    """Sum up and publish; the warnings about its delivery."""
    with _table_trouble():
        memories = state.load_all(table, settings.table)
        since = runs.totals_since(table, settings.table)
    warnings = self_test.check(settings.topic, settings.ops_topic)
    titles = {name: provider.title for name, provider in PROVIDERS.items()}
    notes = (totals_only(since), *warnings) if since else warnings
    message = render_digest(alert, sum_up(memories, alert.observed_at), titles, notes)
    with errors.told(partial(errors.of_message, "digest")):
        Topic(settings.topic).send(message)
    return warnings


def _table_trouble() -> AbstractContextManager[None]:
    return errors.told(partial(errors.of_table, "the digest"))
