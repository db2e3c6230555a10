"""An account's item as it was read: what is remembered, and what is due."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from guard.alert import Condition, EpisodeKey, Kind
from guard.memory import Memory
from guard.model import Severity
from guard.record import UnreadableError, loads_episode
from guard.unpublished import Unpublished
from messages.message import About, Message


@dataclass(frozen=True, slots=True)
class Pending:
    """A message that is claimed, and not yet known to be published.

    `tried` says that SNS may have it: a run handed it over, and never heard what came of that.
    """

    message: Message
    lease_until: float = 0
    tried: bool = False

    @property
    def may_be_published(self) -> bool:
        """Whether somebody may have got it: whoever had the lease may have crashed after publishing."""
        return self.tried or self.lease_until > 0


@dataclass(frozen=True, slots=True)
class Stored:
    """An account's item as it was read. `damaged` holds it whole where it made no sense.

    `unchanged` is the condition under which it still stands in the table as it was read.
    """

    memory: Memory = field(default_factory=Memory)
    pending: Mapping[str, Pending] = field(default_factory=dict)
    version: int = 0
    unchanged: Mapping[str, Any] = field(
        default_factory=lambda: {"ConditionExpression": "attribute_not_exists(account)"}
    )
    writer: str = ""
    damaged: Mapping[str, Any] | None = None

    def without(self, published: frozenset[str]) -> "Stored":
        """The same without claims that are published already."""
        if published.isdisjoint(self.pending):
            return self
        left = {id: one for id, one in self.pending.items() if id not in published}
        return replace(self, pending=left)

    def superseded(self, about: frozenset[About]) -> "Stored":
        """The same without what was surely never published about some conditions."""
        left = {
            id: one
            for id, one in self.pending.items()
            if one.may_be_published or one.message.about not in about
        }
        return replace(self, pending=left)

    def may_have_sent(self, id: str) -> bool:
        """Whether a pending message may be published already."""
        return id in self.pending and self.pending[id].may_be_published

    @property
    def undelivered(self) -> frozenset[str]:
        """The episodes of which a message is on its way, and may have arrived."""
        return frozenset(one.message.episode for one in self.pending.values() if one.may_be_published)

    @property
    def unpublished(self) -> dict[EpisodeKey, Unpublished]:
        """What was surely never published, by condition: the oldest word about each.

        Of a damaged item nothing: nobody knows any more what its messages followed from.
        """
        found: dict[EpisodeKey, Unpublished] = {}
        if self.damaged is not None:
            return found
        for one in sorted(self.pending.values(), key=lambda one: one.message.observed_at):
            if not one.may_be_published and one.message.condition:
                with suppress(UnreadableError, ValueError):
                    before = loads_episode(one.message.before)
                    key = (Condition(one.message.condition), one.message.currency)
                    severity = Severity.from_word(one.message.severity)
                    found.setdefault(key, Unpublished(Kind(one.message.kind), severity, before))
        return found
