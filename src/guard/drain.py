"""Whether money leaves as if a key had leaked.

A drain goes at 5.5 times the rate that is usual for its hour, or more; so the last of a balance may go
as it usually does. And it takes more than the owner's share of the balance within the owner's time; or
it is more than any reading had in about four weeks, and would use the balance up within four weeks.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from guard.forecast import ENOUGH, usual_of
from guard.history import CLOSEST, DAY, HOURS, WEEK, SpendingHistory, pieces
from guard.model import NO_MONEY, DrainRule

MARGIN = 0.5  # a drain is over at half of what opened it, so that it is published once
SUDDEN = 5.5  # times the usual rate: 5 brings more than one false alarm a month, 6 misses more leaks
MORE = 1.1  # times the most before: the digits of one reading are not to decide
LEARNS, KNOWN = 2 * DAY, 3 * DAY  # in the first days every busy hour is one as never before
MATTERS = 4 * WEEK
LEAST = Decimal("0.05")  # of any currency: a balance that is told in cents falls by steps
IDLEST = 0.1  # of the average hour: on an idle night a cent would be a hundred times the usual
PAUSED = 0.5  # of the mean of four weeks: a rate below that is a pause, and no new usual rate
MOST_HALVES = 28  # days
MOST_GROWS = 4.0  # times at one reading: one correction is not to hide leaks for months


@dataclass(frozen=True, slots=True)
class Spikes:
    """The times of its hour's usual rate that the latest reading had, and the most of those before."""

    latest: float = 0.0
    most: float = 0.0

    def reading(self, before: SpendingHistory, after: SpendingHistory) -> "Spikes":
        """The spikes after the reading that made `after` from `before`."""
        start, end = before.last, after.last
        if start is None or end is None or start == end:
            return self
        most = max(self.most, min(self.latest, MOST_GROWS * max(self.most, SUDDEN)))
        most *= 0.5 ** ((end.toordinal() - start.toordinal()) / MOST_HALVES)
        latest = 0.0
        if before.watched(end) >= LEARNS:
            start = min(start, end - CLOSEST)  # in seconds, any money is a spike
            usual = _usual(before, start, end)
            latest = float(after.spent_within(end - start, end)) / usual if usual else 0.0
        return Spikes(float(f"{latest:.3g}"), float(f"{most:.3g}"))


class Drain(NamedTuple):
    """So much went within a time, so much is left; `times` the usual rate, where that is known."""

    gone: Decimal
    within: timedelta
    left: Decimal
    times: float | None

    @property
    def lasts(self) -> timedelta:
        """How long the rest lasts at this rate."""
        return self.within * float(max(self.left, NO_MONEY) / self.gone)


def drained(
    history: SpendingHistory,
    spikes: Spikes,
    balance: Decimal,
    rule: DrainRule,
    now: datetime,
    *,
    open_already: bool,
) -> Drain | None:
    """What went too fast, if anything did."""
    margin = MARGIN if open_already else 1.0
    gone = history.spent_within(rule.within, now)
    if gone > max(rule.share * Decimal(margin) * (balance + gone), NO_MONEY):
        usual = _usual(history, now - rule.within, now) if history.watched(now) >= ENOUGH else 0.0
        times = float(gone) / usual if usual else None
        if times is None or times >= SUDDEN * margin:
            return Drain(gone, rule.within, balance, times)
    never = open_already or spikes.latest >= spikes.most * MORE
    if never and spikes.latest >= SUDDEN * margin and history.watched(now) >= KNOWN:
        before, last = history.trail[-2:]
        within = max(last.at - before.at, CLOSEST)
        gone = history.spent_within(within, last.at)
        if gone >= LEAST and balance * Decimal(within / MATTERS) <= gone:
            return Drain(gone, within, balance, spikes.latest)
    return None


def _usual(history: SpendingHistory, start: datetime, end: datetime) -> float:
    """The money that usually goes in the hours between two times."""
    usual = usual_of(history)
    money, hours = map(sum, zip(*usual.days, strict=True))
    rate = max(usual.rate, PAUSED * money / hours) if hours else 0.0
    week = usual.week if history.watched(end) >= LEARNS else [1.0] * len(usual.week)
    # A job may begin a little before its hour.
    return rate * sum(
        seconds / 3600 * max(week[hour], week[(hour + 1) % len(week)], IDLEST)
        for at, seconds in pieces(max(start, end - WEEK), end)
        for hour in (at.weekday() * HOURS + at.hour,)
    )
