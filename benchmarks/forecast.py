"""`make bench-forecast TRACES=folder`: the scorecard of the forecast and its alerts.

It walks forward through generated accounts, and through the CSV files of a folder (columns: time, money
spent so far); no method is shown what is yet to come, except the one that is named after it. Each
account counts alike. Without a folder there are only the generated ones.
"""

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import alerts, drains, traces
from benchmarks.accounts import KINDS, generated
from benchmarks.accuracy import BALANCES, Point, Weighted, alike, mean, median, points, quantile
from benchmarks.alerts import Run
from benchmarks.drains import Leak
from benchmarks.peers import GUARD, KNOWS, LAST_WEEK, PEERS
from benchmarks.traces import Trace

DAYS = 56  # of a generated account: twice what is remembered
SEEDS = (1, 2)
YOUNG_SEEDS = range(3, 11)  # more of them for the first week, which is soon measured
HOURLY = 4  # alerts of generated accounts are judged at each n-th reading, to save time
MONTH = 30
WIDTH = 120  # columns, of the widest table
TEN_DAYS, HALF_A_DAY, TWO = 10.0, 0.5, 2


@dataclass(frozen=True)
class Measured:
    """Everything that is measured of one trace."""

    name: str
    kind: str
    days: float
    points: list[Point]
    runs: list[Run]
    false: tuple[int, int]
    drains: dict[float, int]
    leaks: list[Leak]


@dataclass(frozen=True)
class Pool:
    """Traces that are judged together, each counting alike; `young` are those of the first week."""

    of: list[Measured]
    young: list[bool]

    @cached_property
    def points(self) -> Weighted[Point]:
        """The predictions of all."""
        return alike(one.points for one in self.of)

    @cached_property
    def runs(self) -> Weighted[Run]:
        """The credits of all that ran dry."""
        return alike(one.runs for one in self.of)

    def long_runs(self) -> Weighted[Run]:
        """Those of ten days and more."""
        return alike([run for run in one.runs if run.credit >= TEN_DAYS] for one in self.of)

    def leaks(self, balance: float) -> Weighted[Leak]:
        """The leaks of all from a balance."""
        return alike([leak for leak in one.leaks if leak.balance == balance] for one in self.of)

    def a_month(self, count: Callable[[Measured], float]) -> float:
        """How often something is, in thirty days."""
        return sum(count(one) / one.days for one in self.of) / len(self.of) * MONTH

    def bias(self, balance: float | None = None) -> float:
        """The middle of foretold divided by true, for one balance or all."""
        return math.exp(median(self._with(balance), lambda point: point.off(GUARD)))

    def worst_bias(self) -> float:
        """That of the balance for which it is farthest from 1."""
        return max(map(self.bias, self.balances()), key=lambda bias: abs(math.log(bias)))

    def balances(self) -> list[float]:
        """Those of which an end is known."""
        return [balance for balance in BALANCES if self._with(balance)]

    def _with(self, balance: float | None) -> Weighted[Point]:
        return [pair for pair in self.points if balance in {None, pair[1].balance}]

    def width(self, method: str = GUARD) -> float:
        """The middle of latest divided by earliest."""
        return median(self.points, lambda p: p.foretold[method].latest / p.foretold[method].earliest)

    def pinball(self, method: str = GUARD) -> float:
        """One number for middle and range: lower is better."""
        return mean(self.points, lambda point: point.pinball(method))


class Figure(NamedTuple):
    """A line of the scorecard: what, the value of a pool, and the least and the most it should be."""

    what: str
    of: Callable[[Pool], float]
    tell: Callable[[float], str]
    generated: tuple[float, float]
    real: tuple[float, float] | None


def scorecard() -> Iterator[Figure]:
    """Every figure that something is asked of."""
    share, times, days = "{:.0%}".format, "x{:.2f}".format, "{:.1f} d".format
    number = "{:.2f}".format
    yield Figure(
        "coherent figures", lambda pool: mean(pool.points, lambda p: p.coherent), share, (1, 1), (1, 1)
    )
    yield Figure("bias, all balances", Pool.bias, times, (0.95, 1.05), (0.9, 1.1))
    yield Figure("bias, worst balance", Pool.worst_bias, times, (0.9, 1.1), (0.75, 1.25))
    yield Figure(
        "truth in the 80 % range",
        lambda pool: mean(pool.points, lambda p: p.holds(GUARD)),
        share,
        (0.75, 0.88),
        (0.72, 0.85),
    )
    yield Figure("median width of the range", Pool.width, times, (1, 4), (1, 9))
    yield Figure(
        "pinball ÷ 7-day mean's",
        lambda pool: pool.pinball() / pool.pinball(LAST_WEEK),
        number,
        (0, 0.8),
        (0, 0.9),
    )
    yield Figure(
        "pinball ÷ that of who knows the week",
        lambda pool: pool.pinball() / pool.pinball(KNOWS),
        number,
        (0, 1.35),
        (0, 1.4),
    )
    yield Figure(
        "false warnings a month, kept at 10-30 d",
        lambda pool: pool.a_month(lambda one: one.false[0]),
        number,
        (0, 0.2),
        (0, 0.3),
    )
    yield Figure(
        "false criticals a month, kept at 10-30 d",
        lambda pool: pool.a_month(lambda one: one.false[1]),
        number,
        (0, 0),
        (0, 0),
    )
    lead = lambda run: run.lead(run.warned)  # noqa: E731 - used twice, here
    yield Figure(
        "warning lead, median (credits of 10 d and more)",
        lambda pool: median(pool.long_runs(), lead),
        days,
        (6, 8),
        (5, 8),
    )
    yield Figure(
        "warning lead, 10th percentile",
        lambda pool: quantile(pool.long_runs(), 0.1, lead),
        days,
        (2.5, math.inf),
        (2, math.inf),
    )
    yield Figure(
        "critical less than 12 h before the end",
        lambda pool: mean(pool.runs, lambda run: run.lead(run.critical) < HALF_A_DAY),
        share,
        (0, 0.08),
        (0, 0.25),
    )
    yield Figure(
        "more than two alerts a credit",
        lambda pool: mean(pool.runs, lambda run: run.alerts > TWO),
        share,
        (0, 0.02),
        (0, 0.05),
    )
    yield Figure(
        "false warning in the first week, 20-30 d",
        lambda pool: sum(pool.young) / len(pool.young),
        share,
        (0, 0.03),
        None,
    )
    for balance in BALANCES:
        yield Figure(
            f"false drains a month, {balance:g} d of balance",
            lambda pool, balance=balance: pool.a_month(lambda one: one.drains[balance]),  # type: ignore[misc]
            number,
            (0, 1),
            None,
        )
        yield Figure(
            f"leaks of x10 told at once, {balance:g} d",
            lambda pool, balance=balance: mean(pool.leaks(balance), lambda leak: leak.told),  # type: ignore[misc]
            share,
            (0.7, 1),
            None,
        )


def measure(trace: Trace, every: int = 1) -> Measured:
    """Everything about one trace; its alerts at each n-th reading."""
    known = list(traces.walk(trace))
    told = replace(trace, readings=trace.readings[::every])
    return Measured(
        trace.name,
        trace.kind,
        trace.length,
        list(points(trace, known)),
        [run for days in alerts.CREDITS for run in alerts.runs_dry(told, days)],
        alerts.false_alerts(told),
        drains.false_alarms(trace, known),
        list(drains.leaks(trace, known)),
    )


def _made(kind: int, seed: int) -> Measured:
    return measure(generated(KINDS[kind], DAYS, seed), HOURLY)


def _young(kind: int, seed: int) -> list[bool]:
    trace = generated(KINDS[kind], DAYS, seed)
    return list(alerts.falsely_warned_young(replace(trace, readings=trace.readings[::HOURLY])))


def pools(folder: Path | None, console: Console) -> dict[str, Pool]:
    """Measure the generated accounts, and those of a folder."""
    there = traces.read(folder) if folder else []
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        real = [workers.submit(measure, trace) for trace in there]
        kinds = range(len(KINDS))
        made = [workers.submit(_made, kind, seed) for kind in kinds for seed in SEEDS]
        young = [workers.submit(_young, kind, seed) for kind in kinds for seed in YOUNG_SEEDS]
        tasks: list[Future[Any]] = [*real, *made, *young]
        for task in track(tasks, "Measuring", console=console, transient=True):
            task.result()
    found = {
        "generated": Pool(
            [task.result() for task in made], [false for task in young for false in task.result()]
        )
    }
    return {**found, "real": Pool([task.result() for task in real], [])} if real else found


def scorecard_table(found: dict[str, Pool]) -> Table:
    """What was asked for beside what is."""
    table = Table(title="Scorecard")
    table.add_column("figure")
    for name in found:
        table.add_column(f"goal, {name}", justify="right")
        table.add_column(name, justify="right")
    for figure in scorecard():
        cells: list[str] = []
        for name, pool in found.items():
            goal = figure.generated if name == "generated" else figure.real
            cells += _cells(figure, pool, goal)
        table.add_row(figure.what, *cells)
    return table


def _cells(figure: Figure, pool: Pool, goal: tuple[float, float] | None) -> tuple[str, str]:
    try:
        value = figure.of(pool)
    except ZeroDivisionError:  # nothing of that was measured
        return "", "-"
    if goal is None:
        return "", figure.tell(value)
    color = "green" if goal[0] <= value <= goal[1] else "red"
    least, most = ("" if math.isinf(end) else figure.tell(end) for end in goal)
    asked = most if goal[0] in {0, goal[1]} else f"{least} to {most}" if most else f"≥ {least}"
    return asked, f"[{color}]{figure.tell(value)}[/]"


def methods_table(found: dict[str, Pool]) -> Table:
    """How far off each method is, and how good its range."""
    table = Table(title="Predicted ÷ true")
    for what in ("accounts", "method", "median off", "p90 off", "> 2x long", "< half", "bias"):
        table.add_column(what, justify="left" if what in {"accounts", "method"} else "right")
    for what in ("in range", "width", "pinball"):
        table.add_column(what, justify="right")
    for name, pool in found.items():
        for method in (GUARD, *PEERS):
            table.add_row(name, method, *_accuracy(pool, method))
    return table


def kinds_table(found: dict[str, Pool]) -> Table:
    """The guard on each kind of account and on each file."""
    table = Table(title="The guard, account by account")
    for what in ("accounts", "median off", "p90 off", "> 2x long", "< half", "bias", "in range"):
        table.add_column(what, justify="left" if what == "accounts" else "right")
    for what in ("width", "pinball", "÷ 7-day mean's", "false drains a month, 7 d", "leaks told, 7 d"):
        table.add_column(what, justify="right")
    for pool in found.values():
        for kind in dict.fromkeys(one.kind for one in pool.of if one.points):
            one = Pool([each for each in pool.of if each.kind == kind], [])
            leaks = one.leaks(7.0)
            table.add_row(
                kind,
                *_accuracy(one, GUARD),
                f"{one.pinball() / one.pinball(LAST_WEEK):.2f}",
                f"{one.a_month(lambda each: each.drains[7.0]):.1f}",
                f"{mean(leaks, lambda leak: leak.told):.0%}" if leaks else "-",
            )
    return table


def _accuracy(pool: Pool, method: str) -> list[str]:
    def off(point: Point) -> float:
        return point.off(method)

    def size(point: Point) -> float:
        return abs(point.off(method))

    log_two = math.log(2)
    return [
        f"x{math.exp(median(pool.points, size)):.2f}",
        f"x{math.exp(quantile(pool.points, 0.9, size)):.1f}",
        f"{mean(pool.points, lambda point: off(point) > log_two):.0%}",
        f"{mean(pool.points, lambda point: off(point) < -log_two):.0%}",
        f"{math.exp(median(pool.points, off)):.2f}",
        f"{mean(pool.points, lambda point: point.holds(method)):.0%}",
        f"x{pool.width(method):.1f}",
        f"{pool.pinball(method):.3f}",
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    asked = argparse.ArgumentParser(prog="benchmarks.forecast", description=__doc__)
    asked.add_argument("folder", nargs="?", type=Path, help="CSV files: time, money spent so far")
    folder = asked.parse_args(arguments).folder
    if folder and not list(folder.glob("*.csv")):
        print(f"No *.csv in {folder}.", file=sys.stderr)
        return 1
    console = Console(width=max(Console().width, WIDTH))
    found = pools(folder, console)
    for table in (kinds_table, methods_table, scorecard_table):
        console.print(table(found), "")
    return 0


if __name__ == "__main__":
    sys.exit(main())
