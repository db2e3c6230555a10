"""When a balance will be used up, and how sure that is.

Your rate of the last days, the latest counting most, is carried on through your usual hours and
weekdays until the balance is used up. How far that was off in the last four weeks, for as long a time,
is the range: eight times in ten the end falls into it. An account that has been watched for only a few
days gets a wide one.

The measure is a usual hour: one with average spending. An hour at night may count for a tenth of one, a
busy hour for three. So an idle night doesn't look like a lower rate, nor a busy hour like a higher one.
`docs/forecast.md` says how good that is, and `benchmarks/forecast.py` measures it.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from guard.history import DAY, HOUR, HOURS, MOST_DAYS, WEEK, SpendingHistory, pieces

ENOUGH = timedelta(hours=23)  # a day, to have seen each hour; but for one, since runs may come late
LONGEST = timedelta(days=365)  # of what a few weeks tell; longer is said to be this
SHORTEST = timedelta(seconds=1)  # of any money
WEEKDAYS = 7

RATE_HALVES = 3  # days; fewer follow growth better, more follow steady use better
EVEN_HOURS, EVEN_DAYS = 2, 0.5  # average hours or days that each hour or weekday begins with
MOST_ERROR = 2.0  # of a logarithm, x7: an idle day is infinitely far off, and counts as this
FIRST_ERROR, FIRST_COUNT = 0.64, 2  # a new account begins with two errors of x1.9: a range of x2.8
SIGMA = 1.25  # standard deviations in the mean error of a normal distribution
EIGHT_IN_TEN = 1.28  # standard deviations to either side of its middle
FARTHER = 0.5  # doubt for each e-fold by which the end lies beyond the time that was watched


class Forecast(NamedTuple):
    """How long a balance lasts, and the money a day that this comes to.

    It ends between `earliest` and `latest` eight times in ten.
    """

    burn_per_day: Decimal
    runway: timedelta
    earliest: timedelta
    latest: timedelta


class Usual(NamedTuple):
    """How an account spends: money per usual hour, and how many usual hours each hour of a week has.

    `week` begins on Monday at 0:00 UTC; its mean is 1. `days` are the money spent on each day and the
    usual hours that were watched of it; today is the last.
    """

    rate: float
    week: Sequence[float]
    days: Sequence[tuple[float, float]]


def forecast(history: SpendingHistory, balance: Decimal, now: datetime) -> Forecast | None:
    """How long a balance lasts; `None` before a day of history, or if no spending was ever to be seen.

    `burn_per_day` is the balance divided by the runway. Beyond 365 days, and for a balance at or below
    zero, it is the rate itself.
    """
    if history.watched(now) < ENOUGH or not any(day.seconds for day in history.days):
        return None
    usual = usual_of(history)
    rate_per_day = Decimal(usual.rate * HOURS)
    if balance <= 0:
        return Forecast(rate_per_day, *[timedelta(0)] * 3)
    if not usual.rate:
        return Forecast(rate_per_day, *[LONGEST] * 3)
    hours = float(balance) / usual.rate
    runway = until(usual, hours, now)
    off = math.exp(EIGHT_IN_TEN * _sigma(usual, runway, history.watched(now)))
    ends = until(usual, hours / off, now), until(usual, hours * off, now)
    burn_per_day = balance / Decimal(runway / DAY) if runway < LONGEST else rate_per_day
    return Forecast(burn_per_day, runway, *ends)


def usual_of(history: SpendingHistory) -> Usual:
    """How the account spends, from all that is remembered."""
    hours = _factors([(float(one.money), one.seconds / 3600) for one in history.hours], EVEN_HOURS)
    days = []
    weekdays = [(0.0, 0.0)] * WEEKDAYS
    for start, end, spent in history.by_day():
        whole = end - start == DAY
        there = HOURS if whole else sum(hours[at.hour] * by / 3600 for at, by in pieces(start, end))
        seen = there * spent.seconds / max((end - start).total_seconds(), 1)
        days.append((start.weekday(), float(spent.money), seen))
        money, before = weekdays[start.weekday()]
        weekdays[start.weekday()] = (money + float(spent.money), before + seen / HOURS)
    # Seven days know each weekday once, and the one of today in part.
    by_day = _factors(weekdays, EVEN_DAYS) if len(days) > WEEKDAYS else [1.0] * WEEKDAYS
    shaped = [(money, seen * by_day[weekday]) for weekday, money, seen in days]
    week = [hour * day for day in by_day for hour in hours]
    return Usual([0.0, *_rates(shaped)][-1], week, shaped)


def _factors(parts: Sequence[tuple[float, float]], even: float) -> list[float]:
    """Each part's rate against the mean of all, drawn to that mean while little is known of it."""
    money, time = map(sum, zip(*parts, strict=True))
    mean = money / time if money else 1.0
    drawn = [(money / mean + even) / (time + even) for money, time in parts]
    return [one * len(drawn) / sum(drawn) for one in drawn]


def _rates(days: Sequence[tuple[float, float]]) -> Iterator[float]:
    """Money per usual hour at the end of each day."""
    money, hours, left = 0.0, 0.0, 0.5 ** (1 / RATE_HALVES)
    for spent, usual in days:
        money, hours = money * left + spent, hours * left + usual
        yield money / hours if hours else 0.0


def until(usual: Usual, usual_hours: float, now: datetime) -> timedelta:
    """The time until so many usual hours have passed: whole weeks first, then hour by hour."""
    begin = now.weekday() * HOURS + now.hour
    weeks, left = divmod(usual_hours, WEEK / HOUR)
    gone = (now.minute * 60 + now.second) / 3600  # of this hour
    left += gone * usual.week[begin]
    passed = weeks * (WEEK / HOUR) - gone
    for there in [*usual.week[begin:], *usual.week[: begin + 1]]:
        if left <= there:
            passed += left / there
            break
        left, passed = left - there, passed + 1
    seconds = round(min(passed, LONGEST / HOUR) * 3600)
    return max(timedelta(seconds=seconds), SHORTEST)


def _sigma(usual: Usual, runway: timedelta, watched: timedelta) -> float:
    """The standard deviation of the logarithm of the runway: what earlier forecasts were off."""
    span = min(max(round(runway / DAY), 1), WEEKDAYS)
    whole, errors, count = usual.days[:-1], FIRST_ERROR * FIRST_COUNT, FIRST_COUNT
    for midnight, rate in enumerate(_rates(whole[:-span]), 1):
        coming = whole[midnight : midnight + span]
        errors += _error(sum(spent for spent, _ in coming), rate * sum(hours for _, hours in coming))
        count += 1
    sigma, known = SIGMA * errors / count, min(watched, MOST_DAYS * DAY)
    return math.hypot(sigma, FARTHER * math.log(max(runway / known, 1)))


def _error(spent: float, expected: float) -> float:
    if not spent or not expected:
        return MOST_ERROR * (spent != expected)
    return min(abs(math.log(spent / expected)), MOST_ERROR)
