"""What was spent of one balance, as far as a forecast needs it.

Only a fall of the balance is spending. A reading spreads its fall evenly over the time since the last
one. A rise adds neither money nor time, because what was spent meanwhile hides in it: so a top-up of
any size changes no rate.

Money is kept to six digits, a cent of 9,999.99. It is rounded when it is learnt, so that it is read
back as it was written; that of a day at the next midnight, since many small sums add up to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from typing import NamedTuple

from guard.model import NO_MONEY

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
HOURS = 24
MICROSECOND = timedelta(microseconds=1)

MOST_DAYS = 28  # four of each weekday, and what shows how far off earlier forecasts were
HOURS_HALVE = 14  # days: long enough to know each hour, short enough to follow new ways
_KEPT, _TODAY = Context(prec=6), Context(prec=10)  # digits of money

# Two kept readings are closer than a twelfth of their age, so that what went within any time is known
# to a twelfth of it; ten minutes are close enough for the latest.
TWELFTH = 12
CLOSEST = timedelta(minutes=10)


class Spent(NamedTuple):
    """Money, and for how many seconds it was watched being spent."""

    money: Decimal = NO_MONEY
    seconds: int = 0


class Point(NamedTuple):
    """A reading, and the money spent since the one that is kept before it."""

    at: datetime
    spent: Decimal


@dataclass(frozen=True, slots=True)
class SpendingHistory:
    """28 UTC days, today last; 24 hours of the day; and the latest readings, of about a day.

    The hours of the day fade at midnight, by half in 14 days. `first` is when the first reading was.
    What was spent `within` a time up to that, a day at least, is known from the readings.
    """

    first: datetime | None = None
    days: tuple[Spent, ...] = (Spent(),)
    hours: tuple[Spent, ...] = (Spent(),) * HOURS
    trail: tuple[Point, ...] = ()
    within: timedelta = DAY

    @property
    def last(self) -> datetime | None:
        """When the last reading was."""
        return self.trail[-1].at if self.trail else None

    def watched(self, now: datetime) -> timedelta:
        """The time since the first reading."""
        return now - self.first if self.first else timedelta(0)

    def reading(
        self, now: datetime, spent: Decimal | None, within: timedelta = DAY
    ) -> "SpendingHistory":
        """The history after one more reading; `spent` is `None` where nobody knows what it was."""
        now, within = now.replace(microsecond=0), max(within, DAY)
        start = self.last
        if start is None:
            return SpendingHistory(now, trail=(Point(now, NO_MONEY),), within=within)
        if now <= start:  # the same reading again
            return self
        midnights = now.toordinal() - start.toordinal()
        days, hours = list(self.days), list(self.hours)
        if midnights:
            days = [Spent(_KEPT.plus(day.money), day.seconds) for day in days]
            days = [*days, *[Spent()] * min(midnights, MOST_DAYS)][-MOST_DAYS:]
            hours = [_add(Spent(), hour, _faded(midnights)) for hour in hours]
        if spent is not None:
            seconds = Decimal((now - start).total_seconds())
            for at, length in pieces(start, now):
                part, ago = Spent(spent * length / seconds, length), now.toordinal() - at.toordinal()
                hours[at.hour] = _add(hours[at.hour], part, _faded(ago))
                if ago < len(days):
                    days[-1 - ago] = _add(days[-1 - ago], part, digits=_TODAY)
        trail = (*self.trail, Point(now, _KEPT.plus(spent or NO_MONEY)))
        reach = within * (1 + 1 / TWELFTH)
        kept = _thinned(trail, now - reach)
        return SpendingHistory(self.first, tuple(days), tuple(hours), kept, within)

    def spent_within(self, span: timedelta, now: datetime) -> Decimal:
        """Money spent in the time `span` before `now`: by the readings kept, or beyond them by days."""
        if self.first is None:
            return NO_MONEY
        since = now - span
        if since >= self.trail[0].at or self.trail[0].at == self.first:
            pieces = [(before.at, after.at, after.spent) for before, after in pairwise(self.trail)]
        else:
            pieces = [(start, end, day.money) for start, end, day in self.by_day()]
        return sum((money * _share(start, end, since) for start, end, money in pieces), NO_MONEY)

    def by_day(self) -> Iterator[tuple[datetime, datetime, Spent]]:
        """Each day's part between the first reading and the last, and what was spent in it."""
        if self.first is None or self.last is None:
            return
        today = self.last.astimezone(UTC).replace(hour=0, minute=0, second=0)
        for ago, day in zip(range(len(self.days) - 1, -1, -1), self.days, strict=True):
            midnight = today - ago * DAY
            yield max(midnight, self.first), min(midnight + DAY, self.last), day


def _add(spent: Spent, more: Spent, share: float = 1.0, digits: Context = _KEPT) -> Spent:
    money = digits.plus(spent.money + more.money * Decimal(share))
    return Spent(money, spent.seconds + round(more.seconds * share))


def _faded(midnights: int) -> float:
    return float(0.5 ** (midnights / HOURS_HALVE))


def pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, int]]:
    """The time cut at full hours: where each piece begins, and its length in seconds."""
    while start < end:
        following = min(start.replace(minute=0, second=0) + HOUR, end)
        yield start, (following - start).seconds
        start = following


def _share(start: datetime, end: datetime, since: datetime) -> Decimal:
    """Which share of a time lies after another."""
    if start >= since or end <= since:
        return Decimal(start >= since)
    return Decimal((end - since) // MICROSECOND) / ((end - start) // MICROSECOND)


def _thinned(trail: tuple[Point, ...], oldest: datetime) -> tuple[Point, ...]:
    """Leave out what is too old, and points that are close to others or in the middle of a pause."""
    now, kept = trail[-1].at, list[Point]()
    for point, following in pairwise((*trail, trail[-1])):
        if following.at <= oldest:  # the last one before is kept, to reach back to it
            continue
        spent = point.spent if kept else NO_MONEY
        while len(kept) > 1 and _says_little(kept[-2], kept[-1], point.at, spent, now):
            spent = _KEPT.plus(spent + kept.pop().spent)
        kept.append(Point(point.at, spent))
    return tuple(kept)


def _says_little(before: Point, point: Point, end: datetime, spent: Decimal, now: datetime) -> bool:
    closest = max(CLOSEST, (now - point.at) / TWELFTH)
    return end - before.at <= closest or point.spent == spent == NO_MONEY
