"""Publishing what the outbox has claimed: each message once, and many of one kind as one.

What is about one condition keeps its order: a recovery must not overtake its alert.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from aws.table import StateTable
from aws.topic import Topic
from jobs import errors
from jobs.deadline import Deadline
from messages.message import Message
from messages.several import FEWEST, MOST

FINISH_SECONDS = 5.0  # kept for one publish and its acknowledgement
RELEASE_SECONDS = 1.0  # with less, what was not published is not freed any more

logger = Logger(service="budget-guard")

type Due = tuple[str, Message]  # a key, and a message that is due under it


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message to publish, and those that stand in it: itself, or several."""

    message: Message
    members: tuple[Due, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A message that was published, with the id of the one in which it stood with others."""

    message: Message
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one message: published, or else perhaps with SNS (`tried`); and what went wrong."""

    published: bool = False
    tried: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of the messages of one key."""

    published: tuple[Published, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(slots=True)
class Publisher:
    """What publishes in one run; without `together`, which makes one message of several, each alone."""

    table: StateTable
    topic: Topic
    deadline: Deadline
    clock: Callable[[], datetime]
    together: Callable[[Sequence[Message]], Message] | None = None
    silent: list[HTTPClientError] = field(default_factory=list)

    def publish(self, claimed: Mapping[str, Sequence[Message]]) -> Mapping[str, Delivery]:
        """Publish what was claimed, by key; never raises for AWS.

        Messages of one kind go together where there are many. What is about one condition keeps its
        order: the first of each goes before the second of any.
        """
        deliveries = dict.fromkeys(claimed, Delivery())
        unpublished, tried = list[Due](), set[str]()
        for due in _in_turns(claimed):
            stuck = {(key, message.about) for key, message in unpublished}
            unpublished += [one for one in due if (one[0], one[1].about) in stuck]
            for parcel in self._parcels([one for one in due if (one[0], one[1].about) not in stuck]):
                attempt = self._publish(parcel)
                unpublished += [] if attempt.published else parcel.members
                tried |= {message.id for _, message in parcel.members} if attempt.tried else set()
                _note(deliveries, parcel, attempt)
        self._release(unpublished, tried, deliveries)
        return deliveries

    def _release(
        self, unpublished: Sequence[Due], tried: set[str], deliveries: dict[str, Delivery]
    ) -> None:
        """Free what was not published, as long as there is time; other leases lapse by themselves."""
        of_key = defaultdict[tuple[str, bool], list[Message]](list)
        for key, message in unpublished:
            of_key[key, message.id in tried].append(message)
        for (key, may_be_sent), messages in of_key.items():
            if self.deadline.left() < RELEASE_SECONDS:
                return
            try:
                self.table.release(key, messages, tried=may_be_sent)
            except (ClientError, BotoCoreError) as error:
                before = deliveries[key]
                failed = errors.of_table(key, error)
                deliveries[key] = replace(before, errors=(*before.errors, failed))
                if isinstance(error, HTTPClientError):
                    return

    def _parcels(self, due: Sequence[Due]) -> Iterator[Parcel]:
        """What is published at once: many of one kind together, and the others one by one."""
        kinds = dict.fromkeys(message.kind for _, message in due)
        for kind in kinds:
            alike = tuple(one for one in due if one[1].kind == kind)
            for start in range(0, len(alike), MOST):
                yield from self._parcels_of(alike[start : start + MOST])

    def _parcels_of(self, alike: tuple[Due, ...]) -> list[Parcel]:
        if self.together and len(alike) >= FEWEST:
            try:
                message = self.together([message for _, message in alike])
                if self.topic.hears(message):  # else somebody listens to single ones alone
                    return [Parcel(message, alike)]
            except Exception as error:  # noqa: BLE001 - one that can't be read holds up no other
                logger.warning(
                    "Several messages can't go together.", extra={"why": type(error).__name__}
                )
        return [Parcel(message, ((key, message),)) for key, message in alike]

    def _publish(self, parcel: Parcel) -> Attempt:
        """Publish one message and note that it is published."""
        # One at a time, across all accounts: a crash can then repeat no more than one.
        if self.silent or self.deadline.left() < FINISH_SECONDS:
            return Attempt()
        try:
            self.topic.publish(parcel.message)
        except (ClientError, BotoCoreError) as error:
            failed = errors.of_topic(errors.named(parcel.message), error)
            if isinstance(error, HTTPClientError):  # SNS may have it all the same
                self.silent.append(error)
                return Attempt(tried=True, error=failed)
            return Attempt(error=failed)
        try:
            if len(parcel.members) > 1:
                self.table.acknowledge_many([message for _, message in parcel.members], self.clock())
            else:
                self.table.acknowledge(*parcel.members[0])
        except (ClientError, BotoCoreError) as error:
            return Attempt(published=True, error=errors.of_table(parcel.members[0][0], error))
        return Attempt(published=True)


def _in_turns(claimed: Mapping[str, Sequence[Message]]) -> Iterator[list[Due]]:
    """First the first message about each condition of each key, then the second, and so on."""
    waiting = [(key, message) for key, messages in claimed.items() for message in messages]
    while waiting:
        seen = set[tuple[str, object]]()
        now, later = list[Due](), list[Due]()
        for key, message in waiting:
            (later if (key, message.about) in seen else now).append((key, message))
            seen.add((key, message.about))
        yield now
        waiting = later


def _note(deliveries: dict[str, Delivery], parcel: Parcel, attempt: Attempt) -> None:
    group = parcel.message.id if len(parcel.members) > 1 else None
    for number, (key, message) in enumerate(parcel.members):
        before = deliveries[key]
        deliveries[key] = Delivery(
            (*before.published, Published(message, group)) if attempt.published else before.published,
            (*before.errors, attempt.error) if attempt.error and not number else before.errors,
        )
