"""Whether money leaves as if a key had leaked."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from guard.forecast import ENOUGH
from guard.history import DAY, WEEK, SpendingHistory
from guard.model import DrainRule
from guard.profile import HOUR, HOURS, SpendingProfile

# A drain is over at half of what opened it, so that a pace at the limit says so once.
MARGIN = Decimal("0.5")
# A share that goes at no more than this many times the usual pace is an ordinary hour near the end.
ORDINARY = 3
# What is sudden is so many times the usual pace, so many times that of its hour, and so many times as
# unusual as anything in weeks. Before a few days nobody knows what is. The benchmark says how often
# that is wrong.
SUDDEN, AT_ITS_HOUR, MORE = 9, 4, 1.1
KNOWN = timedelta(days=3)
SOON = 4 * WEEK
MOST_SLOWED = Decimal("0.5")
IDLE = Decimal("0.1")  # of the usual pace, over a day
LEAST = Decimal("0.05")  # of any currency; balances are told in cents, and fall by steps of them


class Drain(NamedTuple):
    """So much went within a time, and so much is left; `times` the usual pace, where that is known."""

    gone: Decimal
    within: timedelta
    left: Decimal
    times: Decimal | None


def drained(
    history: SpendingHistory,
    profile: SpendingProfile,
    balance: Decimal,
    drain: DrainRule,
    now: datetime,
    *,
    open_already: bool,
) -> Drain | None:
    """What went too fast, if anything did.

    That is more than the drain's share of a balance, unless it is the account's usual pace; or, for an
    account that is known, a pace as never before that would end it within weeks.
    """
    usual = _usual(history, profile, now)
    margin = MARGIN if open_already else Decimal(1)
    gone = history.spent_within(drain.within, now)
    times = gone / (usual * Decimal(drain.within / HOUR)) if usual else None
    there = balance + gone
    share = gone / there if there > 0 else Decimal(gone > 0)
    if share > drain.share * margin and (times is None or times > ORDINARY * margin):
        return Drain(gone, drain.within, balance, times)
    if usual and history.span(now) >= KNOWN:
        return _sudden(history, profile, usual, balance, now, open_already=open_already)
    return None


def _sudden(
    history: SpendingHistory,
    profile: SpendingProfile,
    usual: Decimal,
    balance: Decimal,
    now: datetime,
    *,
    open_already: bool,
) -> Drain | None:
    """A pace as never before that would end a balance within weeks; it goes on at half of that."""
    slowed, at_its_hour = _of_late(history, usual, now)
    times = profile.last / (usual * slowed)
    stands_out = profile.spike_ratio >= max(at_its_hour, profile.peak * MORE)
    begins, goes_on = times >= SUDDEN and stands_out, open_already and times >= SUDDEN * MARGIN
    before, last = history.points[-2:]
    fell, soon = last.spent - before.spent, profile.last * Decimal(SOON / HOUR)
    if (begins or goes_on) and fell >= LEAST and balance <= soon:
        return Drain(fell, last.at - before.at, balance, times)
    return None


def _usual(history: SpendingHistory, profile: SpendingProfile, now: datetime) -> Decimal | None:
    """The usual pace in money an hour; `None` before a day of history, or without spending."""
    shape = profile.shape() if history.span(now) >= ENOUGH else None
    return shape.pace if shape else None


def _of_late(history: SpendingHistory, usual: Decimal, now: datetime) -> tuple[Decimal, int]:
    """What share of the usual pace is judged by, and how many times that of its hour stands out.

    An account that has slowed down is judged by its present pace. One that has paused is not: when it
    goes on, all is more than of late, so that more must stand out.
    """
    span = min(history.span(now), WEEK)
    days = [history.spent_between(now - (n + 1) * DAY, now - n * DAY) for n in range(span // DAY)]
    week = history.spent_within(span, now) / (usual * Decimal(span / HOUR))
    paused = min(days) < usual * HOURS * IDLE
    slowed = Decimal(1) if paused else min(max(week, MOST_SLOWED), Decimal(1))
    return slowed, SUDDEN if week < MOST_SLOWED else AT_ITS_HOUR
