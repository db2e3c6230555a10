"""How often a fast drain is said for nothing, and whether a leaked key is said at once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from benchmarks.alerts import DEFAULTS, cents
from benchmarks.traces import DAY, Known, Trace, walk
from guard.drain import MARGIN, drained
from guard.model import DrainRule

DRAIN = DEFAULTS.fast_drain or DrainRule(Decimal("0.25"), timedelta(hours=1))
BALANCES = (3.0, 7.0, 14.0)  # in days of mean spend
LEAK = 10  # times the pace of the last week, on top of what is spent anyway
LEAK_FROM_DAY = 3.0


@dataclass
class Said:
    """How many drains were said by the bare rule and by the guard, for each balance."""

    bare: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BALANCES, 0))
    guard: dict[float, int] = field(default_factory=lambda: dict.fromkeys(BALANCES, 0))


class Leak(NamedTuple):
    """Whether a leak was said by the first reading after it began, and by the second."""

    balance: float
    first: bool
    second: bool


def said_for_nothing(trace: Trace) -> Said:
    """The drains said while nothing leaks, of balances that are topped up as they are spent."""
    said, bare_open, guard_open = Said(), set[float](), set[float]()
    for known in walk(trace):
        for days in BALANCES:
            balance = cents(days * trace.mean)
            _count(said.bare, bare_open, days, there=_bare(known, balance, days in bare_open))
            found = _drained(known, balance, open_already=days in guard_open)
            _count(said.guard, guard_open, days, there=found)
    return said


def leaks(trace: Trace, every: int = 1) -> Iterator[Leak]:
    """A leak that begins right after each n-th reading after three days, one at a time."""
    for known in walk(trace):
        day = trace.days[known.number]
        following = trace.readings[known.number : known.number + 3]
        if day < LEAK_FROM_DAY or known.number % every or len(following) < 3:  # noqa: PLR2004 - two more
            continue
        week = (trace.spent[known.number] - trace.spent_at(max(day - 7, 0.0))) / min(day, 7.0)
        for days in BALANCES:
            balance = cents(days * trace.mean)
            if _drained(known, balance, open_already=False):
                continue  # it was said before there was a leak
            yield Leak(days, *_leaking(known, following, balance, LEAK * week))


def _leaking(
    known: Known, following: tuple[tuple[datetime, Decimal], ...], balance: Decimal, pace: float
) -> tuple[bool, bool]:
    said, (_, before) = [False], following[0]
    for at, spent in following[1:]:
        gone = spent - before + cents(pace * ((at - known.at) / DAY))
        known, balance, before = known.after(at, gone), balance - gone, spent
        said.append(said[-1] or _drained(known, balance, open_already=False))
    return said[1], said[2]


def _drained(known: Known, balance: Decimal, *, open_already: bool) -> bool:
    found = drained(known.history, known.spikes, balance, DRAIN, known.at, open_already=open_already)
    return found is not None


def _bare(known: Known, balance: Decimal, open_already: bool) -> bool:  # noqa: FBT001 - as above
    gone = known.history.spent_within(DRAIN.within, known.at)
    return gone > DRAIN.share * Decimal(MARGIN if open_already else 1) * (balance + gone)


def _count(said: dict[float, int], is_open: set[float], days: float, *, there: bool) -> None:
    said[days] += there and days not in is_open
    (is_open.add if there else is_open.discard)(days)
