"""Other ways to tell how long a balance lasts: divide it by a pace that is found more simply.

Each gives the pace at every reading of a trace, in money a day, from the readings up to it.
"""

from collections.abc import Callable
from itertools import pairwise

from benchmarks.traces import Trace

HALF_LIFE = 1.0  # of the smoothing, in days
LONGEST = 365.0


def last_day(trace: Trace) -> list[float]:
    """The mean of the last 24 hours."""
    return _means(trace, 1.0)


def last_week(trace: Trace) -> list[float]:
    """The mean of the last seven days."""
    return _means(trace, 7.0)


def smoothed(trace: Trace) -> list[float]:
    """Exponential smoothing: what lies a day back counts half."""
    paces, money, days = [0.0], 0.0, 0.0
    for (began, before), (ended, after) in pairwise(zip(trace.days, trace.spent, strict=True)):
        left = 0.5 ** ((ended - began) / HALF_LIFE)
        money = money * left + (after - before)
        days = days * left + (ended - began)
        paces.append(money / days)
    return paces


def faster(trace: Trace) -> list[float]:
    """The faster of the last day's mean and the last week's."""
    return [max(both) for both in zip(last_day(trace), last_week(trace), strict=True)]


PEERS: dict[str, Callable[[Trace], list[float]]] = {
    "last 24 hours": last_day,
    "7-day mean": last_week,
    "smoothing": smoothed,
    "faster of day and week": faster,
}


def runway(balance: float, pace: float) -> float:
    """How many days a balance lasts at a pace."""
    return min(balance / pace, LONGEST) if pace > 0 else LONGEST


def _means(trace: Trace, days: float) -> list[float]:
    return [
        (spent - trace.spent_at(max(day - days, 0.0))) / min(day, days) if day else 0.0
        for day, spent in zip(trace.days, trace.spent, strict=True)
    ]
