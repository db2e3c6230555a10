"""One digest, top to bottom: read what is remembered, sum it up, publish it once."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from aws import clients
from aws.items import Item, has_claims, parse
from aws.stored import Stored
from aws.table import StateTable
from aws.topic import Topic
from config.settings import DigestSettings
from guard.alert import Kind, about_the_guard
from guard.memory import Memory
from guard.model import Severity
from guard.week import sum_up
from jobs import errors, self_test
from jobs.deadline import Deadline
from jobs.errors import GuardError
from jobs.event_time import event_time, observation_time
from jobs.outbox import Draft, Outbox
from jobs.publisher import Delivery, Publisher
from messages.message import About, Message
from messages.render import render_digest
from providers import TITLES

KEY = "#digest"  # of its item in the table; no account has such a name
ABOUT = frozenset[About]({(None, None)})  # no condition: a newer digest takes the place of an older
PAUSED = "The guard is paused: ScheduleState is DISABLED, so no balance is checked."
# Not as severe as what it tells of: that was published in its time, and no phone need ring again.
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
    table = StateTable(clients.dynamodb(), settings.table)
    deadline = Deadline.of(0, seconds_left)
    topic = Topic(settings.topic)
    outbox = Outbox(table, topic, deadline, clock)
    with _table_errors():
        stored = table.load(KEY)
    warnings: tuple[str, ...] = ()
    message = None
    if not _is_due(stored, now) and not stored.pending:
        return self_test.answer(now, (), ())
    if _is_due(stored, now):
        paused = (PAUSED,) if settings.paused else ()
        warnings = (*paused, *self_test.check(settings.topic, settings.ops_topic))
        message = _message(table, settings, now, warnings)

    def draft_of(current: Stored) -> Draft | None:
        if message is None or not _is_due(current, now):
            return None
        return Draft(Memory(observed_at=now), (message,), superseded=ABOUT)

    claim = outbox.claim(KEY, stored, draft_of)
    delivery = Publisher(table, topic, deadline, clock).publish({KEY: claim.messages})[KEY]
    if claim.errors or delivery.errors:
        raise GuardError(" ".join((*claim.errors, *delivery.errors)))
    if not delivery.published and claim.leased:
        raise GuardError("Another run is at this digest; a retry finds out whether it was sent.")
    if not delivery.published and claim.draft:
        raise GuardError("The digest was not published: the run had no time left. A retry sends it.")
    return self_test.answer(now, [one.message for one in delivery.published], warnings)


def send_held_back(item: Item | None, outbox: Outbox, publisher: Publisher) -> Delivery:
    """Publish a digest that could not be published in its time; never raises for AWS."""
    if not has_claims(item):
        return Delivery()
    claim = outbox.claim(KEY, parse(item), lambda _: None)
    delivery = publisher.publish({KEY: claim.messages})[KEY]
    return replace(delivery, errors=(*claim.errors, *delivery.errors))


def _is_due(stored: Stored, now: datetime) -> bool:
    last = stored.memory.observed_at
    return last is None or last < now


def _message(
    table: StateTable, settings: DigestSettings, now: datetime, warnings: tuple[str, ...]
) -> Message:
    with _table_errors():
        weeks = sum_up(table.memories(), now)
    alert = about_the_guard(Kind.DIGEST, SEVERITY, now)
    return render_digest(alert, weeks, TITLES, warnings, settings.zone)


def _table_errors() -> AbstractContextManager[None]:
    return errors.told(partial(errors.of_table, "the digest"))
