"""How often a fast drain is a false alarm, and whether a leaked key is told at once."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from benchmarks.accuracy import BALANCES
from benchmarks.alerts import DEFAULTS, cents
from benchmarks.traces import DAY, Known, Trace
from guard.drain import MATTERS, drained
from guard.model import DrainRule

DRAIN = DEFAULTS.fast_drain or DrainRule(Decimal("0.25"), DAY / 24)
LEAK = 10  # times the rate of the last week, on top of what is spent anyway
FROM_DAY = 3.0
MOST_LEAKS = 150  # of each trace, evenly taken


class Leak(NamedTuple):
    """Whether a leak was told by the first reading after it began."""

    balance: float
    told: bool


def false_alarms(trace: Trace, known: Sequence[Known]) -> dict[float, int]:
    """Drains told while nothing leaks, of balances that are topped up as they are spent."""
    counts = dict.fromkeys(BALANCES, 0)
    for days in BALANCES:
        balance, is_open = cents(days * trace.mean), False
        for one in known:
            told = _told(one, balance, open_already=is_open)
            counts[days] += told and not is_open
            is_open = told
    return counts


def leaks(trace: Trace, known: Sequence[Known]) -> Iterator[Leak]:
    """A leak that begins right after a reading, one at a time."""
    every = len(known) // MOST_LEAKS + 1
    for one in known[:-1:every]:
        day, spent = trace.days[one.number], trace.spent[one.number]
        if day < FROM_DAY:
            continue
        a_day = LEAK * (spent - trace.spent_at(max(day - 7, 0.0))) / min(day, 7.0)
        (_, before), (at, after) = trace.readings[one.number : one.number + 2]
        gone = after - before + cents(a_day * ((at - one.at) / DAY))
        leaking = one.after(at, gone)
        for days in BALANCES:
            balance = cents(days * trace.mean)
            matters = a_day * (MATTERS / DAY) >= balance  # else it is none by the rule
            # What was told before a leak began is not told of it.
            if matters and not _told(one, balance, open_already=False):
                yield Leak(days, _told(leaking, balance - gone, open_already=False))


def _told(known: Known, balance: Decimal, *, open_already: bool) -> bool:
    found = drained(known.history, known.spikes, balance, DRAIN, known.at, open_already=open_already)
    return found is not None
