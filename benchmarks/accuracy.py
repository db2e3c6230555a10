"""How far off the predicted time to depletion is, at every reading and for several balances."""

import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from benchmarks.peers import PEERS, runway
from benchmarks.traces import DAY, Trace, walk
from guard.forecast import forecast

GUARD = "the guard"
BALANCES = (0.5, 1.0, 3.0)  # in days of mean spend
FROM_DAY = 1.0
SHORTEST_TRUTH = timedelta(hours=2) / DAY
SOONEST = timedelta(seconds=1) / DAY


class Point(NamedTuple):
    """Predictions by each method, in days, and the truth; `within`, whether the guard's band held."""

    day: float
    truth: float
    predicted: dict[str, float]
    within: bool


@dataclass(frozen=True)
class Score:
    """How wrong a method is: factors off the truth, and the share predicted over twice too long."""

    median: float
    tenth: float
    over_twice: float


def points(trace: Trace, every: int = 1) -> Iterator[Point]:
    """Every prediction whose truth is known, at each n-th reading after the first day."""
    peers = {name: peer(trace) for name, peer in PEERS.items()}
    for known in walk(trace):
        day = trace.days[known.number]
        if day < FROM_DAY or known.number % every:
            continue
        for share in BALANCES:
            balance = share * trace.mean
            end = trace.day_of(trace.spent[known.number] + balance)
            if end is None or end - day < SHORTEST_TRUTH:
                continue
            truth = end - day
            found = forecast(known.history, Decimal(f"{balance:.4f}"), known.at)
            predicted = {name: runway(balance, paces[known.number]) for name, paces in peers.items()}
            predicted[GUARD] = found.runway / DAY if found else runway(balance, 0)
            within = bool(found and found.earliest / DAY <= truth <= found.latest / DAY)
            yield Point(day, truth, predicted, within)


def score(points: Iterable[Point], method: str) -> Score:
    """How wrong a method is over some points."""
    off = [math.log(max(point.predicted[method], SOONEST) / point.truth) for point in points]
    sizes = [abs(one) for one in off]
    return Score(
        math.exp(statistics.median(sizes)),
        math.exp(statistics.quantiles(sizes, n=10, method="inclusive")[-1]),
        statistics.mean(one > math.log(2) for one in off),
    )
