"""Whether money leaves as if a key had leaked."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from guard.curve import WEEK, Curve
from guard.forecast import ENOUGH
from guard.habits import HOUR, Habits
from guard.model import Drain

# A drain is over at half of what opened it, so that a pace at the limit says so once.
MARGIN = Decimal("0.5")
# A share that goes at no more than this many times the usual pace is an ordinary hour near the end.
ORDINARY = 3
# What is sudden is this many times the usual pace, and stands out at its hour as nothing did in weeks.
# Before a few days nobody knows what stands out. The benchmark says how often that is wrong.
SUDDEN = 8
KNOWN = timedelta(days=3)
SOON = WEEK
LEAST = Decimal("0.05")  # of any currency; balances are told in cents, and fall by steps of them


class Drained(NamedTuple):
    """So much went within a time, and so much is left; `times` the usual pace, where that is known."""

    gone: Decimal
    within: timedelta
    left: Decimal
    times: Decimal | None


def drained(
    curve: Curve, habits: Habits, balance: Decimal, drain: Drain, now: datetime, *, open_already: bool
) -> Drained | None:
    """What went too fast, if anything did.

    That is more than the drain's share of a balance, unless it is the account's usual pace; or, for an
    account that is known, a pace as never before that would end it within a week.
    """
    usual = _usual(curve, habits, now)
    margin = MARGIN if open_already else Decimal(1)
    gone = curve.spent_within(drain.within, now)
    times = gone / (usual * Decimal(drain.within / HOUR)) if usual else None
    there = balance + gone
    share = gone / there if there > 0 else Decimal(gone > 0)
    if share > drain.share * margin and (times is None or times > ORDINARY * margin):
        return Drained(gone, drain.within, balance, times)
    known = curve.span(now) >= KNOWN
    if usual and known and _sudden(habits, usual, balance, open_already=open_already):
        before, last = curve.points[-2:]
        if last.spent - before.spent >= LEAST:
            return Drained(last.spent - before.spent, last.at - before.at, balance, habits.last / usual)
    return None


def _usual(curve: Curve, habits: Habits, now: datetime) -> Decimal | None:
    """The usual pace in money an hour; `None` before a day of history, or without spending."""
    shape = habits.shape() if curve.span(now) >= ENOUGH else None
    return shape.pace if shape else None


def _sudden(habits: Habits, usual: Decimal, balance: Decimal, *, open_already: bool) -> bool:
    """Whether the last pace is as never before; once said, whether it goes on at half of that."""
    soon = balance <= habits.last * Decimal(SOON / HOUR)
    if open_already:
        return soon and habits.last >= usual * SUDDEN * MARGIN
    fast = habits.last >= usual * SUDDEN
    return soon and fast and habits.stood_out >= max(SUDDEN, habits.peak)
