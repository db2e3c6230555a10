"""The transactional outbox: what is due is stored in the write that stores why, and published after.

Claim, publish, acknowledge: nothing is lost at any crash, nothing is repeated without one, and a repeat
after a crash has the same id. A claim is a lease: another run takes it up when the lease has lapsed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from aws.items import LONGEST_LEASE
from aws.stored import Pending, Stored
from aws.table import StateTable
from aws.topic import Topic
from guard.memory import Memory
from guard.model import Judged
from jobs import errors
from jobs.deadline import Deadline
from jobs.errors import GuardError
from jobs.publisher import FINISH_SECONDS
from messages.message import About, Message

STORING_SECONDS = 1.0  # with less, nothing is stored any more
MOST_SILENT = 3  # writes without an answer, each tried three times; then the others aren't begun
LEASE_MARGIN = 60.0  # seconds after the end of a run until another may take up its claims
CLAIM_ATTEMPTS = 25  # each failed one means that another run got through
# Deciding is CPU-bound; limit it so that threads waiting for HTTP still get their turn.
DECIDING_AT_ONCE = 8

logger = Logger(service="budget-guard")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a run wants to store and publish, and what it thinks of each balance.

    `superseded` are conditions: what was never published about them is not due any more.
    """

    memory: Memory
    messages: tuple[Message, ...] = ()
    superseded: frozenset[About] = frozenset()
    judged: tuple[Judged, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What was stored, and the messages that this run has to publish, the oldest first.

    `leased` says that another run is at something that is due.
    """

    draft: Draft | None
    messages: tuple[Message, ...] = ()
    leased: bool = False
    errors: tuple[str, ...] = ()


@dataclass(slots=True)
class Outbox:
    """The outbox of one run; thread-safe.

    `published` are the ids of claims that need no publishing any more, whoever still holds them;
    `deciding` is for whoever decides, and is not to be entered twice.
    `table_silent` holds what was met in place of an answer.
    """

    table: StateTable
    topic: Topic
    deadline: Deadline
    clock: Callable[[], datetime]
    published: frozenset[str] = frozenset()
    table_silent: list[HTTPClientError] = field(default_factory=list)
    deciding: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(DECIDING_AT_ONCE))

    def claim(self, key: str, stored: Stored, draft_of: Callable[[Stored], Draft | None]) -> Claim:
        """Store a draft with what is due; never raises for AWS.

        `draft_of` is asked again whenever another run was faster; with `None` it says that another
        run has overtaken this one. Then nothing is rewound, and only what is pending is claimed.
        """
        with self.deciding:
            draft = draft_of(stored)
            cannot_store = self._cannot_store(key)
            if cannot_store:
                return Claim(draft, errors=(cannot_store,))
            try:
                return self._claim(key, stored, draft, draft_of)
            except (ClientError, BotoCoreError) as error:
                return Claim(draft, errors=(self._table_error(key, error),))
            except GuardError as error:
                return Claim(draft, errors=(str(error),))

    def _cannot_store(self, key: str) -> str | None:
        """Why storing would be in vain: a silent table holds each account up."""
        if len(self.table_silent) >= MOST_SILENT:
            return errors.of_table(key, self.table_silent[0])
        if self.deadline.left() < STORING_SECONDS:
            return f"The state of {key} was not stored: the run had no time left. The next one goes on."
        return None

    def _table_error(self, key: str, error: ClientError | BotoCoreError) -> str:
        if isinstance(error, HTTPClientError):
            self.table_silent.append(error)
        return errors.of_table(key, error)

    def _claim(
        self,
        key: str,
        stored: Stored,
        draft: Draft | None,
        draft_of: Callable[[Stored], Draft | None],
    ) -> Claim:
        """Store what is new with what is due.

        What can't be published now, for want of time or of somebody who listens, is stored without a
        lease, for the next run to take up at once.
        """
        fresh = draft
        for _ in range(CLAIM_ATTEMPTS):
            if stored.damaged is not None:
                aside = self.table.keep_aside(key, stored)
                logger.error("A state item can't be read; it is kept aside.", extra={"item": aside})
            due, old = (fresh.messages, stored.superseded(fresh.superseded)) if fresh else ((), stored)
            free, waiting = _shared_out(old, due, self.clock().timestamp())
            leased = len(free) < len(old.pending) + len(due)
            lease = self._lease_end()
            claimed, unheard = self._listened_to(free) if lease else ([], "")
            failed = (unheard,) if unheard else ()
            if fresh is None and not claimed:
                return Claim(draft, leased=leased, errors=failed)
            leases = dict.fromkeys((one.id for one in claimed), lease)
            pending = {**old.pending} | {
                message.id: Pending(message, leases.get(message.id, 0), old.may_have_sent(message.id))
                for message in (*free, *waiting)
            }
            memory = fresh.memory if fresh else stored.memory
            if self.table.save(key, stored, memory, pending.values()):
                return Claim(draft, tuple(claimed), leased, failed)
            stored = self.table.load(key).without(self.published)
            fresh = draft_of(stored)
            draft = fresh or draft
        raise GuardError(f"Too many runs wrote the state of {key} at once.")

    def _listened_to(self, messages: Sequence[Message]) -> tuple[list[Message], str]:
        """Those that a confirmed subscription lets through, and what is to be told of the others."""
        try:
            heard = [one for one in messages if self.topic.hears(one)]
        except BotoCoreError as error:
            return [], errors.of_topic(errors.named(messages[0]), error)
        unheard = [one for one in messages if one not in heard]
        return heard, errors.of_nobody(errors.named(unheard[0])) if unheard else ""

    def _lease_end(self) -> float:
        """When others may take up what this run claims; 0, at once, if it has no time to publish."""
        left = self.deadline.left()
        return 0 if left < FINISH_SECONDS else self.clock().timestamp() + left + LEASE_MARGIN


def _shared_out(
    stored: Stored, due: Sequence[Message], now: float
) -> tuple[list[Message], list[Message]]:
    """What this run may publish, the oldest first, and what has to wait for another run.

    What is published of one condition keeps its order: a recovery must not overtake its alert.
    """
    leased = {
        id
        for id, one in stored.pending.items()
        if now < one.lease_until < now + LONGEST_LEASE.total_seconds()
    }
    free = [one.message for id, one in stored.pending.items() if id not in leased]
    busy = {stored.pending[id].message.about for id in leased}
    ordered = [*sorted(free, key=lambda message: message.observed_at), *due]
    return (
        [message for message in ordered if message.about not in busy],
        [message for message in ordered if message.about in busy],
    )
