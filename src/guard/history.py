"""What was spent of a balance, from readings at irregular times.

What is kept is a curve: the money spent since the first reading, at a hundred times at most.
Only falls are spending; a rise is a top-up, and says nothing about the pace. Between two readings
the spending is taken as even.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from guard.model import NO_MONEY

DAY = timedelta(days=1)
WEEK = timedelta(days=7)

# How close two kept readings may stand, by their age: close where a drain is judged, wide where
# only the pace of days is. Readings older than the last line are forgotten.
SPACING = (
    (timedelta(hours=2), timedelta(minutes=10)),
    (timedelta(hours=26), timedelta(hours=1)),
    (timedelta(days=8), timedelta(hours=6)),
    (timedelta(days=15), timedelta(days=1)),
)
MOST_POINTS = 100


class Point(NamedTuple):
    """Money spent since the first reading, at a time."""

    at: datetime
    spent: Decimal


@dataclass(frozen=True, slots=True)
class SpendingHistory:
    """Spending of one balance over time, the oldest point first."""

    points: tuple[Point, ...] = ()

    def reading(self, now: datetime, fall: Decimal) -> "SpendingHistory":
        """The history after one more reading; `fall` is by how much the balance fell since the last."""
        last = self.points[-1].spent if self.points else NO_MONEY
        point = Point(now, last + max(fall, NO_MONEY))
        return SpendingHistory(_thinned((*(p for p in self.points if p.at < now), point)))

    def span(self, now: datetime) -> timedelta:
        """How far back the history reaches."""
        return now - self.points[0].at if self.points else timedelta(0)

    def spent_within(self, span: timedelta, now: datetime) -> Decimal:
        """Money spent in the time `span` before `now`."""
        return self.spent_between(now - span, now)

    def spent_between(self, start: datetime, end: datetime) -> Decimal:
        """Money spent between two times."""
        if not self.points:
            return NO_MONEY
        return self._spent_at(end) - self._spent_at(start)

    def _spent_at(self, when: datetime) -> Decimal:
        before = self.points[0]
        for after in self.points:
            if after.at >= when:
                if after.at <= before.at or when <= before.at:
                    return before.spent
                share = Decimal((when - before.at) / (after.at - before.at))
                return before.spent + (after.spent - before.spent) * share
            before = after
        return before.spent


def _thinned(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """Leave out the points that say little: those of a straight stretch, and those too close."""
    now = points[-1].at
    kept: list[Point] = []
    for point in _not_forgotten(points, now):
        while len(kept) > 1 and _says_little(kept[-2], kept[-1], point, now):
            kept.pop()
        kept.append(point)
    kept = kept[-MOST_POINTS:]
    start = kept[0].spent
    return tuple(Point(at, spent - start) for at, spent in kept)


def _not_forgotten(points: tuple[Point, ...], now: datetime) -> Iterator[Point]:
    oldest = now - SPACING[-1][0]
    for point, following in pairwise(points):
        if following.at > oldest:  # the last one before the line is kept, to reach back to it
            yield point
    yield points[-1]


def _says_little(before: Point, point: Point, after: Point, now: datetime) -> bool:
    if before.spent == after.spent:
        return True
    age = now - point.at
    spacing = next((gap for within, gap in SPACING if age <= within), SPACING[-1][1])
    return after.at - before.at <= spacing
