"""What an account spent over time, and when it would have spent so much more."""

import csv
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from guard.drain import Spikes
from guard.history import SpendingHistory

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Trace:
    """Readings of one account: times, and the money spent until then. It is pooled by `kind`."""

    name: str
    kind: str
    readings: tuple[tuple[datetime, Decimal], ...]

    @cached_property
    def days(self) -> list[float]:
        """The times of the readings, in days since the first."""
        return [(at - self.readings[0][0]) / DAY for at, _ in self.readings]

    @cached_property
    def spent(self) -> list[float]:
        """The money spent until each reading, since the first."""
        return [float(spent - self.readings[0][1]) for _, spent in self.readings]

    @property
    def length(self) -> float:
        """How many days it covers."""
        return self.days[-1]

    @property
    def mean(self) -> float:
        """Money a day over the whole of it: the measure of balances, which no method is shown."""
        return self.spent[-1] / self.length

    def spent_at(self, day: float) -> float:
        """The money spent until a time, evenly between two readings."""
        after = bisect_right(self.days, day)
        if not 0 < after < len(self.days):
            return self.spent[0] if after == 0 else self.spent[-1]
        return _between(self.days, self.spent, after, day)

    def day_of(self, spent: float) -> float | None:
        """When so much was spent; `None` if that is beyond the end."""
        after = bisect_left(self.spent, spent)
        if after == len(self.spent):
            return None
        return _between(self.spent, self.days, after, spent) if after else 0.0


class Known(NamedTuple):
    """What the guard knows of an account's spending right after one reading."""

    number: int
    at: datetime
    history: SpendingHistory
    spikes: Spikes

    def after(self, at: datetime, spent: Decimal) -> "Known":
        """What it knows after one more reading, so much having been spent since this one."""
        history = self.history.reading(at, spent)
        return Known(self.number + 1, at, history, self.spikes.reading(self.history, history))


def walk(trace: Trace) -> Iterator[Known]:
    """What is known after each reading in turn, and nothing of those to come."""
    (start, before), *rest = trace.readings
    known = Known(0, start, SpendingHistory().reading(start, None), Spikes())
    yield known
    for at, spent in rest:
        known = known.after(at, spent - before)
        before = spent
        yield known


def read(folder: Path) -> list[Trace]:
    """Every CSV file of a folder: a column `time`, and a second one with the money spent so far.

    A time that stands there twice is one reading.
    """
    return [_read(path) for path in sorted(folder.glob("*.csv"))]


def _read(path: Path) -> Trace:
    with path.open(newline="") as file:
        readings = {
            datetime.fromisoformat(row.pop("time")).astimezone(UTC): Decimal(next(iter(row.values())))
            for row in csv.DictReader(file)
        }
    return Trace(path.stem, path.stem, tuple(sorted(readings.items())))


def _between(xs: list[float], ys: list[float], after: int, x: float) -> float:
    before = after - 1
    share = (x - xs[before]) / (xs[after] - xs[before])
    return ys[before] + share * (ys[after] - ys[before])
