"""How far off the foretold end of a balance is, for several balances of an account."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from benchmarks.peers import GUARD, PEERS, Range
from benchmarks.traces import DAY, Known, Trace
from guard.forecast import Forecast, forecast

BALANCES = (0.5, 1.0, 3.0, 7.0, 14.0)  # in days of mean spend
MOST_READINGS = 150  # of each trace, evenly taken
FROM_DAY = 1.0
SHORTEST_TRUTH = timedelta(hours=2) / DAY
SOONEST = timedelta(seconds=1) / DAY
QUANTILES = (0.1, 0.5, 0.9)  # those of a range: its ends hold eight in ten
ROUNDING = 1e-6

type Weighted[T] = list[tuple[float, T]]


class Point(NamedTuple):
    """What each method foretold for a balance (in days of mean spend), what came, and in which figures.

    `coherent`: whether the guard's balance is its burn times its runway, and that within its range.
    """

    balance: float
    truth: float
    foretold: dict[str, Range]
    coherent: bool

    def off(self, method: str) -> float:
        """The logarithm of foretold divided by true."""
        return math.log(max(self.foretold[method].middle, SOONEST) / self.truth)

    def holds(self, method: str) -> bool:
        """Whether the truth lies in the range."""
        earliest, _, latest = self.foretold[method]
        return earliest <= self.truth <= latest

    def pinball(self, method: str) -> float:
        """The mean quantile loss of the logarithm of the time: of the ends and the middle."""
        losses = [
            max(quantile * off, (quantile - 1) * off)
            for quantile, days in zip(QUANTILES, self.foretold[method], strict=True)
            for off in [math.log(self.truth / max(days, SOONEST))]
        ]
        return sum(losses) / len(losses)


def points(trace: Trace, known: Sequence[Known]) -> Iterator[Point]:
    """Every prediction whose truth is known, from the second day on."""
    every = len(known) // MOST_READINGS + 1
    for one in known[::every]:
        day = trace.days[one.number]
        if day < FROM_DAY:
            continue
        for share in BALANCES:
            balance = share * trace.mean
            end = trace.day_of(trace.spent[one.number] + balance)
            if end is None or end - day < SHORTEST_TRUTH:
                continue
            money = Decimal(f"{balance:.4f}")
            if found := forecast(one.history, money, one.at):
                own = Range(*(span / DAY for span in (found.earliest, found.runway, found.latest)))
                foretold = {name: peer(trace, one, balance) for name, peer in PEERS.items()}
                yield Point(share, end - day, {GUARD: own, **foretold}, _coherent(found, money))


def _coherent(found: Forecast, balance: Decimal) -> bool:
    spent = float(found.burn_per_day) * (found.runway / DAY)
    at_the_end = found.runway >= timedelta(days=365)
    agrees = at_the_end or abs(spent / float(balance) - 1) < ROUNDING
    return agrees and found.earliest <= found.runway <= found.latest


def alike[T](lists: Iterable[Sequence[T]]) -> Weighted[T]:
    """What was measured on several traces, so that each trace counts alike."""
    return [(1 / len(values), value) for values in lists for value in values]


def mean[T](weighted: Weighted[T], of: Callable[[T], float]) -> float:
    """The weighted mean of a figure."""
    return sum(weight * of(one) for weight, one in weighted) / sum(weight for weight, _ in weighted)


def quantile[T](weighted: Weighted[T], share: float, of: Callable[[T], float]) -> float:
    """The weighted quantile of a figure."""
    values = sorted((of(one), weight) for weight, one in weighted)
    left = share * sum(weight for _, weight in values)
    for value, weight in values:
        left -= weight
        if left <= 0:
            return value
    return values[-1][0]


def median[T](weighted: Weighted[T], of: Callable[[T], float]) -> float:
    """The weighted median of a figure."""
    return quantile(weighted, 0.5, of)
