"""When an account spends: its share of each hour of the day and of each day of the week.

Sums that fade, so that what was learnt stays small however long it goes on, and old ways are
forgotten. They fade at midnight, since what is written down with a few digits must not be rounded
at every reading.

People sleep, weekends differ, and jobs run at night: so a pace is told from the hours that it comes
from. All hours are UTC, which shifts a day's shape, and changes nothing about it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from guard.history import DAY
from guard.model import NO_MONEY

HOUR = timedelta(hours=1)
HOURS, WEEKDAYS = 24, 7
FADES_BY_HALF = timedelta(days=7)  # the hours of the day, and the level
WEEKDAYS_FADE_BY_HALF = timedelta(days=21)  # a weekday comes only once a week
PEAK_FADES_BY_HALF = timedelta(days=28)
EVENED = 0.2  # how much the mean counts beside an hour's own pace; else at night all would stand out
MOST_TIMES = 999.0
MOST_REMEMBERED = 32.0  # times, of the first: one correction is not to hide every leak for months
LEAST_KNOWN = 44.0  # hours, faded: two days; in the first ones every busy hour stands out
LEAST_LEARNT = timedelta(minutes=10)
LONGEST_GAP = timedelta(days=15)  # of a longer one only the end is learnt

EVEN_HOURS = 1.0  # days of even spending that each hour of the day is believed to have had
EVEN_DAYS = 0.5  # the same for each weekday
WEEK_KNOWN = 0.5  # days that each weekday must have been seen for


class Spent(NamedTuple):
    """Money, and the hours over which it was spent; both faded."""

    money: Decimal
    hours: float


@dataclass(frozen=True, slots=True)
class SpendingProfile:
    """Spending by hour of the day and by weekday, Monday first; learnt up to `since`.

    `last` is the last pace that was learnt, in money an hour; `spike_ratio`, how many times the pace
    that was usual for its hour that was; and `peak`, the largest ratio before it, as far as that is
    remembered. `unlearnt` was spent since: a few minutes would be lost among the digits kept.
    """

    hours: tuple[Spent, ...] = field(default=(Spent(NO_MONEY, 0.0),) * HOURS)
    weekdays: tuple[Spent, ...] = field(default=(Spent(NO_MONEY, 0.0),) * WEEKDAYS)
    peak: float = 0.0
    last: Decimal = NO_MONEY
    spike_ratio: float = 0.0
    since: datetime | None = None
    unlearnt: Decimal = NO_MONEY

    def reading(self, now: datetime, spent: Decimal | None) -> "SpendingProfile":
        """The profile after one more reading; `None` where nobody knows what was spent since."""
        if self.since is None:
            return replace(self, since=now)
        if spent is None:
            return self._faded(now)
        if now - self.since < LEAST_LEARNT:
            return replace(self, unlearnt=self.unlearnt + spent)
        return self._learnt(now, self.unlearnt + spent)

    def _learnt(self, now: datetime, money: Decimal) -> "SpendingProfile":
        start = self.since or now
        faded = self._faded(now)
        hours, weekdays = list(faded.hours), list(faded.weekdays)
        pace = money / Decimal((now - start) / HOUR)
        spike_ratio = self._spike_ratio(pace, start, now)
        for at, length in _pieces(max(start, now - LONGEST_GAP), now):
            part = pace * Decimal(length)
            _add(hours, at.hour, part, length, _left(at, now, FADES_BY_HALF))
            _add(weekdays, at.weekday(), part, length, _left(at, now, WEEKDAYS_FADE_BY_HALF))
        return replace(
            faded, hours=tuple(hours), weekdays=tuple(weekdays), last=pace, spike_ratio=spike_ratio
        )

    def _spike_ratio(self, pace: Decimal, start: datetime, end: datetime) -> float:
        shape = self.shape()
        if shape is None or sum(part.hours for part in self.hours) < LEAST_KNOWN:
            return 0.0
        # A job may begin a little before its hour, and end a little after; in a gap it may be anywhere.
        times = (at for at, _ in _pieces(max(start, end - LONGEST_GAP), end))
        factor = max(shape.factor(end), *map(shape.factor, times))
        usual = shape.pace * Decimal((factor + EVENED) / (1 + EVENED))
        return min(float(pace / usual), MOST_TIMES)

    def _faded(self, now: datetime) -> "SpendingProfile":
        start = self.since or now
        seen_before = self.peak >= MOST_REMEMBERED / 2
        last = self.spike_ratio if seen_before else min(self.spike_ratio, MOST_REMEMBERED)
        return SpendingProfile(
            _faded(self.hours, _left(start, now, FADES_BY_HALF)),
            _faded(self.weekdays, _left(start, now, WEEKDAYS_FADE_BY_HALF)),
            peak=max(self.peak, last) * _left(start, now, PEAK_FADES_BY_HALF),
            since=now,
        )

    @classmethod
    def of(cls, points: Sequence[tuple[datetime, Decimal]]) -> "SpendingProfile":
        """The profile that money spent since some beginning, at several times, tells of."""
        profile = cls()
        for (_, before), (at, after) in pairwise([*points[:1], *points]):
            profile = profile.reading(at, after - before)
        return profile

    def shape(self) -> "Shape | None":
        """How the usual pace is shared out; `None` where nothing was spent."""
        money, known = _sums(self.hours)
        if not money or not known:
            return None
        hours = _factors(self.hours, EVEN_HOURS)
        seen = all(day.hours >= WEEK_KNOWN * HOURS for day in self.weekdays)
        weekdays = _factors(self.weekdays, EVEN_DAYS * HOURS) if seen else (1.0,) * WEEKDAYS
        of_hours = sum(one.hours * factor for one, factor in zip(self.hours, hours, strict=True))
        of_days = sum(one.hours * factor for one, factor in zip(self.weekdays, weekdays, strict=True))
        usual = of_hours * of_days / sum(day.hours for day in self.weekdays)
        return Shape(money / Decimal(usual), hours, weekdays)


@dataclass(frozen=True, slots=True)
class Shape:
    """The usual pace, in money an hour, and by what to multiply it in an hour and on a weekday."""

    pace: Decimal
    hours: tuple[float, ...]
    weekdays: tuple[float, ...]

    def factor(self, when: datetime) -> float:
        """By what to multiply the usual pace at a time."""
        return self.hours[when.hour] * self.weekdays[when.weekday()]


def _factors(parts: Sequence[Spent], even: float) -> tuple[float, ...]:
    """Each part's pace against the mean of all, drawn to that mean, and with a mean of one."""
    money, known = _sums(parts)
    mean = money / Decimal(known)
    drawn = [(float(part.money / mean) + even) / (part.hours + even) for part in parts]
    return tuple(one * len(drawn) / sum(drawn) for one in drawn)


def _sums(parts: Sequence[Spent]) -> tuple[Decimal, float]:
    return sum((part.money for part in parts), NO_MONEY), sum(part.hours for part in parts)


def _faded(parts: Sequence[Spent], left: float) -> tuple[Spent, ...]:
    return tuple(Spent(part.money * Decimal(left), part.hours * left) for part in parts)


def _add(parts: list[Spent], index: int, money: Decimal, hours: float, left: float) -> None:
    before = parts[index]
    parts[index] = Spent(before.money + money * Decimal(left), before.hours + hours * left)


def _left(start: datetime, end: datetime, half: timedelta) -> float:
    """What is left of one after the midnights of a time."""
    midnights = end.toordinal() - start.toordinal()
    return float(0.5 ** (midnights * DAY / half))


def _pieces(start: datetime, end: datetime) -> Iterator[tuple[datetime, float]]:
    """The time cut at full hours: where each piece begins, and its length in hours."""
    at = start
    while at < end:
        following = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        yield at, (following - at) / HOUR
        at = following
