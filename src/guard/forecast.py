"""When a balance will be used up: the usual pace, shaped as the account spends, and how sure that is.

The usual pace of the last weeks is shared out over the hours to come as it was over those that went.
An account that keeps to its ways, and was faster for a week, stays so. What the last hours were above
or below that goes on for a while, and fades. Beyond half of the time that was seen, an account that
strays from its ways is believed less, on the side of caution.
`benchmarks/forecast.py` compares this with other ways, and says how wrong each is.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from guard.history import WEEK, SpendingHistory
from guard.profile import HOUR, HOURS, Shape, SpendingProfile

ENOUGH = timedelta(hours=23)  # a day, for its shape; but for an hour, since runs come late
LONGEST = timedelta(days=365)

MOMENTUM_FADES_BY_HALF = timedelta(hours=8)
MOMENTUM_LOOKS_BACK = timedelta(hours=24)
LEVEL_DOUBT = 2.0  # how fast a new level is believed less as an account strays from its ways
BLOCK = 6  # hours; how far an account strays from its ways is judged by such pieces
MOST_BLOCKS = 32
SEEN_SHARE = 0.5  # of the time that was seen, which an account's pace is believed for
CAUTION = 5.0  # how fast belief falls as an account strays
LEAST_BELIEF = 0.3
MOST_SHORTENED = 2.5  # times; more would cry wolf at every new account

# How far off the truth was in eight of ten cases, as a logarithm: see the benchmark.
OFF_AT_LEAST, OFF_ASTRAY, OFF_AT_MOST = 0.15, 4.5, 1.1


class Forecast(NamedTuple):
    """Spending a day, in the balance's currency, and how long the balance lasts at that pace.

    `earliest` and `latest` are the ends between which it ends eight times in ten.
    """

    burn_per_day: Decimal
    runway: timedelta
    earliest: timedelta
    latest: timedelta


def forecast(
    history: SpendingHistory, profile: SpendingProfile, balance: Decimal, now: datetime
) -> Forecast | None:
    """How fast it goes and how long it lasts; `None` before a day of history."""
    known = history.span(now)
    hours_known = sum(part.hours for part in profile.hours)
    if known < ENOUGH or not hours_known:
        return None
    shape = profile.shape()
    if shape is None:
        runway = LONGEST if balance > 0 else timedelta(0)
        return Forecast(Decimal(0), runway, runway, runway)
    strays = astray(history, shape, now)
    shape = replace(shape, pace=shape.pace * Decimal(_level(history, shape, strays, now)))
    burn = shape.pace * HOURS
    if balance <= 0:
        return Forecast(burn, timedelta(0), timedelta(0), timedelta(0))
    steps = tuple(_ahead(shape, _momentum(history, shape, now), now))
    hours = _careful(_hours_until(float(balance / shape.pace), steps), known, strays)
    off = math.exp(min(OFF_AT_LEAST + OFF_ASTRAY * strays, OFF_AT_MOST))
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


def _level(history: SpendingHistory, shape: Shape, strays: float, now: datetime) -> float:
    """By what the last week exceeds the usual pace, as far as that can be told from chance.

    A slower week is none: what was spent while a top-up came in is missing in the history.
    """
    # A whole week, so that a weekend is no lower level.
    hours = min(history.span(now), WEEK) // HOUR
    usual = sum(shape.factor(now - (n + 0.5) * HOUR) for n in range(hours))
    spent = float(history.spent_within(hours * HOUR, now) / shape.pace)
    return float(max(spent / usual, 1) ** max(1 - LEVEL_DOUBT * strays, 0))


def _momentum(history: SpendingHistory, shape: Shape, now: datetime) -> float:
    """What was spent in the last hours against what was usual for them, the latest counting most."""
    count = min(history.span(now), MOMENTUM_LOOKS_BACK) // HOUR
    ends = [now - hour * HOUR for hour in range(count)]
    spent = [float(history.spent_between(end - HOUR, end) / shape.pace) for end in ends]
    # One hour alone may be no pace at all: a grant that expired, a correction.
    second = sorted(spent)[-2]
    left: list[float] = [0.5 ** ((n + 0.5) * HOUR / MOMENTUM_FADES_BY_HALF) for n in range(count)]
    there = sum(by * min(one, second) for by, one in zip(left, spent, strict=True))
    usual = sum(by * shape.factor(end - HOUR / 2) for by, end in zip(left, ends, strict=True))
    return there / usual


def astray(history: SpendingHistory, shape: Shape, now: datetime) -> float:
    """How far an account strays from its ways: the share of its spending out of place, 0 to 1."""
    count = min(history.span(now) // (BLOCK * HOUR), MOST_BLOCKS)
    ends = [now - n * BLOCK * HOUR for n in range(count)]
    spent = [float(history.spent_between(end - BLOCK * HOUR, end)) for end in ends]
    usual = [sum(shape.factor(end - (n + 0.5) * HOUR) for n in range(BLOCK)) for end in ends]
    if not sum(spent):
        return 0.0
    pairs = zip(spent, usual, strict=True)
    return sum(abs(there / sum(spent) - due / sum(usual)) for there, due in pairs) / 2


def _careful(hours: float, known: timedelta, strays: float) -> float:
    """Believe what lies far beyond the time that was seen the less, the more the account strays."""
    trusted = SEEN_SHARE * (min(known, 2 * WEEK) / HOUR)
    if hours <= trusted:
        return hours
    belief = max(1 - CAUTION * strays, LEAST_BELIEF)
    return float(max(trusted * (hours / trusted) ** belief, hours / MOST_SHORTENED))


def _span(hours: float) -> timedelta:
    return min(timedelta(seconds=round(min(hours, LONGEST / HOUR) * 3600)), LONGEST)
