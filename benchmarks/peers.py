"""Other ways to tell how long a balance lasts, from what is known at one reading.

The first two divide the balance by a mean rate. The last knows what the coming week will cost, and
carries that on through the account's usual hours: what is left is the doubt that nobody can take away.
"""

import math
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from benchmarks.traces import DAY, Known, Trace
from guard.forecast import Usual, until, usual_of
from guard.history import WEEK, pieces

GUARD = "the guard"
LAST_DAY, LAST_WEEK, KNOWS = "last 24 hours", "7-day mean", "knows the coming week"
LONGEST = 365.0
RANGE = 2.0  # times either way: theirs


class Range(NamedTuple):
    """Days until a balance ends: between the first and the last eight times in ten."""

    earliest: float
    middle: float
    latest: float


def _mean(span: float) -> Callable[[Trace, Known, float], Range]:
    def peer(trace: Trace, known: Known, balance: float) -> Range:
        day, spent = trace.days[known.number], trace.spent[known.number]
        went = spent - trace.spent_at(max(day - span, 0.0))
        return _range(balance * min(day, span) / went if went else math.inf)

    return peer


def _knows(trace: Trace, known: Known, balance: float) -> Range:
    day, usual = trace.days[known.number], usual_of(known.history)
    span = min(WEEK, timedelta(days=trace.length - day))
    cost = trace.spent_at(day + span / DAY) - trace.spent[known.number]
    hours = sum(
        seconds / 3600 * usual.week[at.weekday() * 24 + at.hour]
        for at, seconds in pieces(known.at, known.at + span)
    )
    if not cost:
        return _range(LONGEST)
    return _range(until(Usual(0, usual.week, ()), balance * hours / cost, known.at) / DAY)


def _range(days: float) -> Range:
    middle = min(days, LONGEST)
    return Range(middle / RANGE, middle, middle * RANGE)


PEERS: dict[str, Callable[[Trace, Known, float], Range]] = {
    LAST_WEEK: _mean(7.0),
    LAST_DAY: _mean(1.0),
    KNOWS: _knows,
}
