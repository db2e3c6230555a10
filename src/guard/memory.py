"""What the guard remembers of an account between two runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from guard.alert import Episode, EpisodeKey
from guard.drain import Spikes
from guard.history import SpendingHistory
from guard.model import NO_MONEY, Severity
from guard.notify import Flaps
from guard.tally import Entry, Tally

BEGINNING = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """The last that was known of one currency row that holds money, or has held it.

    `added` are its top-ups; `expiring` is the part of the balance that may expire. `available` is
    whether the provider took calls. `returns` are what fell and came back in the last week. `earlier`
    is how the row stood at each reading of the last hour and at the one before, the oldest first.
    """

    balance: Decimal
    severity: Severity
    history: SpendingHistory
    added: Tally = field(default_factory=Tally)
    spikes: Spikes = field(default_factory=Spikes)
    expiring: Decimal = NO_MONEY
    available: bool = True
    returns: tuple[Entry, ...] = ()
    earlier: tuple["Row", ...] = ()

    @property
    def read_at(self) -> datetime:
        """When the row was last read; the beginning of time if it never was."""
        return self.history.last or BEGINNING


@dataclass(frozen=True, slots=True)
class Failing:
    """Checks that failed in a row, up to now."""

    count: int
    since: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Memory:
    """All that is remembered of one account.

    `serial` counts its episodes, `failed` the checks that failed; `flaps` is when a condition was over.
    `region` is the site of the provider that it was read on, where there are several; `shard` the
    secret whose entry it is, where there are several.
    """

    observed_at: datetime | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)
    failing: Failing | None = None
    episodes: Mapping[EpisodeKey, Episode] = field(default_factory=dict)
    serial: int = 0
    failed: Tally = field(default_factory=Tally)
    flaps: Mapping[EpisodeKey, Flaps] = field(default_factory=dict)
    region: str | None = None
    shard: str | None = None
