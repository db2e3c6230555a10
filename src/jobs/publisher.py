"""Publishing what the outbox has claimed: each message once, and many of one kind as one.

What is about one condition keeps its order: a recovery must not overtake its alert.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from aws.table import StateTable
from aws.topic import Topic
from guard.alert import Kind
from jobs import errors
from jobs.deadline import Deadline
from messages.message import Message
from messages.several import FEWEST, MOST, SEVERAL

FINISH_SECONDS = 5.0  # kept for one publish and its acknowledgement

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
        unpublished = list[Due]()
        for due in _in_turns(claimed):
            stuck = {(key, message.about) for key, message in unpublished}
            unpublished += [one for one in due if (one[0], one[1].about) in stuck]
            for parcel in self._parcels([one for one in due if (one[0], one[1].about) not in stuck]):
                done, failed = self._publish(parcel)
                unpublished += [] if done else parcel.members
                _note(deliveries, parcel, done=done, failed=failed)
        self._release(unpublished, deliveries)
        return deliveries

    def _release(self, unpublished: Sequence[Due], deliveries: dict[str, Delivery]) -> None:
        """Free what was not published, unless it is so much that its leases lapse sooner."""
        if len(unpublished) >= FEWEST:
            return
        for key in dict.fromkeys(key for key, _ in unpublished):
            try:
                self.table.release(key, [message for other, message in unpublished if other == key])
            except (ClientError, BotoCoreError) as error:
                before = deliveries[key]
                failed = errors.of_table(key, error)
                deliveries[key] = replace(before, errors=(*before.errors, failed))

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
                return [Parcel(self.together([message for _, message in alike]), alike)]
            except Exception as error:  # noqa: BLE001 - one that can't be read holds up no other
                logger.warning(
                    "Several messages can't go together.", extra={"why": type(error).__name__}
                )
        return [Parcel(message, ((key, message),)) for key, message in alike]

    def _publish(self, parcel: Parcel) -> tuple[bool, str | None]:
        """Publish one message and note that it is published; whether it was, and what went wrong."""
        # One at a time, across all accounts: a crash can then repeat no more than one.
        if self.silent or self.deadline.left() < FINISH_SECONDS:
            return False, None
        try:
            self.topic.publish(parcel.message)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, HTTPClientError):
                self.silent.append(error)
            return False, errors.of_topic(_named(parcel.message), error)
        try:
            if len(parcel.members) > 1:
                self.table.acknowledge_many([message for _, message in parcel.members], self.clock())
            else:
                self.table.acknowledge(*parcel.members[0])
        except (ClientError, BotoCoreError) as error:
            return True, errors.of_table(parcel.members[0][0], error)
        return True, None


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


def _note(deliveries: dict[str, Delivery], parcel: Parcel, *, done: bool, failed: str | None) -> None:
    group = parcel.message.id if len(parcel.members) > 1 else None
    for number, (key, message) in enumerate(parcel.members):
        before = deliveries[key]
        deliveries[key] = Delivery(
            (*before.published, Published(message, group)) if done else before.published,
            (*before.errors, failed) if failed and not number else before.errors,
        )


def _named(message: Message) -> str:
    if message.kind == Kind.DIGEST:
        return "The digest"
    if message.condition == SEVERAL:
        return f"One message for several {message.kind}s"
    return f"An alert about {message.provider}/{message.account}"
