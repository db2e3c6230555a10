"""When a balance will be used up: the usual pace, shaped as the account spends, and how sure that is.

The usual pace of the last weeks is shared out over the hours to come as it was over those that went.
What the last hours were above or below it goes on for a while, and fades. Beyond half of the time that
was seen, an account that spends unevenly is believed less, on the side of caution.
`benchmarks/forecast.py` compares this with other ways, and says how wrong each is.
"""

import math
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from guard.curve import WEEK, Curve
from guard.habits import HOUR, HOURS, Habits, Shape

ENOUGH = timedelta(hours=12)  # before, nobody knows whether it is a busy day or a quiet night
LONGEST = timedelta(days=365)

MOMENTUM_FADES_BY_HALF = timedelta(hours=8)
MOMENTUM_LOOKS_BACK = timedelta(hours=24)
BLOCK = timedelta(hours=6)  # how evenly an account spends is judged by such pieces
MOST_BLOCKS = 32
SEEN_SHARE = 0.5  # of the time that was seen, which an account's pace is believed for
CAUTION = 3.0  # how fast belief falls as spending gets uneven
LEAST_BELIEF = 0.3

# How far off the truth was in eight of ten cases, as a logarithm: see the benchmark.
OFF_EVEN, OFF_UNEVEN, MOST_OFF = 0.1, 2.8, 1.0


class Forecast(NamedTuple):
    """Spending a day, in the balance's currency, and how long the balance lasts at that pace.

    `earliest` and `latest` are the ends between which it ends eight times in ten.
    """

    burn_per_day: Decimal
    runway: timedelta
    earliest: timedelta
    latest: timedelta


def forecast(curve: Curve, habits: Habits, balance: Decimal, now: datetime) -> Forecast | None:
    """How fast it goes and how long it lasts; `None` before half a day of history."""
    known = curve.span(now)
    hours_known = sum(part.hours for part in habits.hours)
    if known < ENOUGH or not hours_known:
        return None
    shape = habits.shape()
    burn = shape.pace * HOURS if shape else Decimal(0)
    if balance <= 0:
        return Forecast(burn, timedelta(0), timedelta(0), timedelta(0))
    if shape is None:
        return Forecast(burn, LONGEST, LONGEST, LONGEST)
    steps = tuple(_ahead(shape, _momentum(curve, shape, now), now))
    unevenness = uneven(curve, now)
    hours = _careful(_hours_until(float(balance / shape.pace), steps), known, unevenness)
    off = math.exp(min(OFF_EVEN + OFF_UNEVEN * unevenness, MOST_OFF))
    return Forecast(burn, *(_span(hours * by) for by in (1, 1 / off, off)))


def _ahead(shape: Shape, momentum: float, now: datetime) -> Iterator[tuple[float, float]]:
    """The week to come, piece by piece: its length in hours, and its pace in usual hours an hour.

    The first piece ends at the full hour, so that an hour's habits begin when it does.
    """
    at, end = now, now + WEEK
    while at < end:
        following = min(at.replace(minute=0, second=0, microsecond=0) + HOUR, end)
        middle = at + (following - at) / 2
        extra = (momentum - 1) * 0.5 ** ((middle - now) / MOMENTUM_FADES_BY_HALF)
        yield (following - at) / HOUR, max(shape.factor(at) * (1 + extra), 0.0)
        at = following


def _hours_until(needed: float, steps: tuple[tuple[float, float], ...]) -> float:
    """Hours until so many usual hours of spending are done; after the week it goes on as usual."""
    hours = 0.0
    for length, pace in steps:
        if pace > 0 and needed <= length * pace:
            return hours + needed / pace
        needed -= length * pace
        hours += length
    return hours + needed


def _momentum(curve: Curve, shape: Shape, now: datetime) -> float:
    """What was spent in the last hours against what was usual for them, the latest counting most."""
    spent, usual = [], []
    for hour in range(min(curve.span(now), MOMENTUM_LOOKS_BACK) // HOUR):
        end = now - hour * HOUR
        left: float = 0.5 ** ((hour + 0.5) * HOUR / MOMENTUM_FADES_BY_HALF)
        spent.append(left * float(curve.spent_between(end - HOUR, end) / shape.pace))
        usual.append(left * shape.factor(end - HOUR / 2))
    # One hour alone may be no pace at all: a grant that expired, a correction.
    first, second = sorted(spent, reverse=True)[:2]
    return (sum(spent) - first + second) / sum(usual)


def uneven(curve: Curve, now: datetime) -> float:
    """How unevenly an account spends: the share that would have to move for it to be even, 0 to 1."""
    count = min(curve.span(now) // BLOCK, MOST_BLOCKS)
    edges = [now - n * BLOCK for n in range(count, -1, -1)]
    blocks = [float(curve.spent_between(start, end)) for start, end in pairwise(edges)]
    total = sum(blocks)
    if total <= 0:
        return 0.0
    return sum(abs(block / total - 1 / len(blocks)) for block in blocks) / 2


def _careful(hours: float, known: timedelta, unevenness: float) -> float:
    """Believe what lies far beyond the time that was seen the less, the more uneven that was."""
    trusted = SEEN_SHARE * (min(known, 2 * WEEK) / HOUR)
    if hours <= trusted:
        return hours
    belief = max(1 - CAUTION * unevenness, LEAST_BELIEF)
    return float(trusted * (hours / trusted) ** belief)


def _span(hours: float) -> timedelta:
    return min(timedelta(seconds=round(min(hours, LONGEST / HOUR) * 3600)), LONGEST)
