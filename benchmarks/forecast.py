"""`make bench-forecast TRACES=folder`: how good the forecast is, and the alerts that it makes.

It walks forward through the traces of a folder, at every reading, and through generated accounts, at
some; nothing is ever shown what is yet to come. Without a folder there are only the generated ones.
"""

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import reduce
from itertools import chain, product
from operator import getitem
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks import accuracy, alerts, drains, traces
from benchmarks.accounts import KINDS, generated
from benchmarks.accuracy import GUARD, Point, Score
from benchmarks.alerts import Run
from benchmarks.drains import Leak, Said
from benchmarks.peers import PEERS
from benchmarks.traces import Trace

LENGTHS = (28, 10)  # days of the generated accounts
SPARSELY = 7  # generated accounts are measured at each n-th reading
BEGINNINGS = (1.0, 0.5)  # shares of the first credit of a trace that was read
MONTH = 30

MEDIAN, TENTH, OVER_TWICE = 1.5, 3.2, 0.12


class Target(NamedTuple):
    """One figure, and what it should be."""

    what: str
    asked: str
    value: Callable[[dict[str, Any]], float]
    told: Callable[[float], str]
    enough: Callable[[float], bool]


def targets() -> Iterator[Target]:
    """Every figure that something was asked of."""
    yield Target(
        "median factor", _factor(MEDIAN), _at("accuracy", GUARD, "median"), _factor, _most(MEDIAN)
    )
    yield Target(
        "90th percentile", _factor(TENTH), _at("accuracy", GUARD, "tenth"), _factor, _most(TENTH)
    )
    yield Target(
        "over twice too long",
        _percent(OVER_TWICE),
        _at("accuracy", GUARD, "over_twice"),
        _percent,
        _most(OVER_TWICE),
    )
    yield Target("truth within the band", "70-90%", _at("within_band"), _percent, _about_eighty)
    for what in ("warned", "critical"):
        key = f"{what}_in_time"
        yield Target(f"{what} 12 h before the end", "95%", _at(key), _percent, _least(0.95))
    for level, (above, to) in enumerate(alerts.KEPT_ABOVE):
        yield Target(
            f"false criticals a month, kept at {above:g} to {to:g} days",
            "1",
            _at("false_criticals_a_month", level),
            _number,
            _most(1),
        )
    yield Target("runs that say each severity once", "95%", _at("said_once"), _percent, _least(0.95))
    for days in drains.BALANCES:
        key = f"{days:g} days"
        yield Target(
            f"drains said for nothing a month, {key} of balance",
            "1",
            _at("drains_a_month", key, "guard"),
            _number,
            _most(1),
        )
        yield Target(
            f"leak said at the next reading, {key} of balance",
            "95%",
            _at("drains_a_month", key, "leak said at once"),
            _percent,
            _least(0.95),
        )


@dataclass(frozen=True)
class Measured:
    """Everything that is measured of one trace; `false` are the days of false criticals, by level."""

    name: str
    kind: str
    read: bool
    days: float
    points: list[Point]
    runs: list[Run]
    false: list[list[float]]
    said: Said
    leaks: list[Leak]


@dataclass(frozen=True)
class Pool:
    """Traces that are judged together."""

    name: str
    of: list[Measured]

    @property
    def points(self) -> list[Point]:
        """The predictions of all."""
        return list(chain.from_iterable(one.points for one in self.of))

    @property
    def runs(self) -> list[Run]:
        """The credits of all that ran dry."""
        return list(chain.from_iterable(one.runs for one in self.of))

    @property
    def seen(self) -> list[Run]:
        """Those whose pace was there to be seen a day before."""
        return [run for run in self.runs if run.seen]

    @property
    def leaks(self) -> list[Leak]:
        """The leaks of all."""
        return list(chain.from_iterable(one.leaks for one in self.of))

    def a_month(self, counts: Iterable[int]) -> float:
        """How often something is, in thirty days, from its counts on each."""
        return sum(counts) / sum(one.days for one in self.of) * MONTH


def measure(trace: Trace, *, read: bool) -> Measured:
    """Everything about one trace: at every reading of one that was read, else at some."""
    every = 1 if read else SPARSELY
    return Measured(
        trace.name,
        trace.kind,
        read,
        trace.length,
        list(accuracy.points(trace, every)),
        list(_runs(trace, read=read)),
        [list(alerts.false_criticals(trace, *level)) for level in alerts.KEPT_ABOVE],
        drains.said_for_nothing(trace),
        list(drains.leaks(trace, every)),
    )


def _runs(trace: Trace, *, read: bool) -> Iterator[Run]:
    credits = alerts.CREDITS if read else alerts.CREDITS[1:]
    for days, share in product(credits, BEGINNINGS if read else BEGINNINGS[:1]):
        if days * share < trace.length:
            yield from alerts.runs_dry(trace, days, share)


def pools(measured: Sequence[Measured]) -> list[Pool]:
    """One pool for each trace and each kind, then those of all."""
    kinds = dict.fromkeys(one.kind for one in measured)
    found = [Pool(kind, [one for one in measured if one.kind == kind]) for kind in kinds]
    for name, read in (("traces", {True}), ("generated", {False}), ("all", {True, False})):
        of = [one for one in measured if one.read in read]
        if (of and len(of) < len(measured)) or name == "all":
            found.append(Pool(name, of))
    return found


def figures(pool: Pool) -> dict[str, Any]:
    """The figures of a pool, for programs."""
    points = pool.points
    return {
        "points": len(points),
        "accuracy": {name: asdict(accuracy.score(points, name)) for name in (GUARD, *PEERS)},
        "within_band": _share(point.within for point in points),
        "runs": len(pool.seen),
        "warned_in_time": _share(run.in_time(run.warned) for run in pool.seen),
        "critical_in_time": _share(run.in_time(run.critical) for run in pool.seen),
        "said_once": _share(max(run.warnings, run.criticals) <= 1 for run in pool.runs),
        "false_criticals_a_month": [
            pool.a_month(len(one.false[level]) for one in pool.of)
            for level in range(len(alerts.KEPT_ABOVE))
        ],
        "drains_a_month": {
            f"{days:g} days": {
                "bare rule": pool.a_month(one.said.bare[days] for one in pool.of),
                "guard": pool.a_month(one.said.guard[days] for one in pool.of),
                "leak said at once": _share(leak.first for leak in pool.leaks if leak.balance == days),
                "by the second": _share(leak.second for leak in pool.leaks if leak.balance == days),
            }
            for days in drains.BALANCES
        },
    }


def accuracy_table(found: dict[str, dict[str, Any]]) -> Table:
    """How far off each method is."""
    table = Table(title="Time to depletion: median factor, 90th percentile, over twice too long")
    table.add_column("account")
    for name in ("points", GUARD, "in its band", *PEERS):
        table.add_column(name, justify="right")
    for name, one in found.items():
        scores = {method: _score(Score(**given)) for method, given in one["accuracy"].items()}
        peers = [scores[method] for method in PEERS]
        table.add_row(
            name,
            str(one["points"]),
            scores[GUARD],
            _percent(one["within_band"]),
            *peers,
            end_section=_last_kind(found, name),
        )
    return table


def alerts_table(found: dict[str, dict[str, Any]]) -> Table:
    """Whether the alerts by runway come in good time, and how often for nothing."""
    table = Table(title="Alerts by runway: said 12 h before the end, and said for nothing")
    table.add_column("account")
    for name in ("runs dry", "warned", "critical", "said once"):
        table.add_column(name, justify="right")
    for above, to in alerts.KEPT_ABOVE:
        table.add_column(f"false criticals a month, {above:g} to {to:g} days", justify="right")
    for name, one in found.items():
        table.add_row(
            name,
            str(one["runs"]),
            _percent(one["warned_in_time"]),
            _percent(one["critical_in_time"]),
            _percent(one["said_once"]),
            *map(_number, one["false_criticals_a_month"]),
            end_section=_last_kind(found, name),
        )
    return table


def drains_table(found: dict[str, dict[str, Any]]) -> Table:
    """How often a drain is said for nothing, and how soon a leak is."""
    table = Table(
        title="Fast drain: said for nothing a month, and leaks said at the first reading, the second"
    )
    table.add_column("account")
    for days in drains.BALANCES:
        table.add_column(f"{days:g} days: bare rule", justify="right")
        table.add_column("guard", justify="right")
        table.add_column("leaks", justify="right")
    for name, one in found.items():
        cells = []
        for given in one["drains_a_month"].values():
            cells += [_number(given["bare rule"]), _number(given["guard"])]
            cells.append(f"{_percent(given['leak said at once'])} {_percent(given['by the second'])}")
        table.add_row(name, *cells, end_section=_last_kind(found, name))
    return table


def targets_table(found: dict[str, dict[str, Any]]) -> Table:
    """What was asked for, what is, and whether that is enough."""
    table = Table(title="Targets")
    table.add_column("what")
    table.add_column("asked for", justify="right")
    pooled = [name for name in ("traces", "generated", "all") if name in found]
    for name in pooled:
        table.add_column(name, justify="right")
    for target in targets():
        cells = []
        for name in pooled:
            value = target.value(found[name])
            met = "[green]met[/]" if value is not None and target.enough(value) else "[red]not met[/]"
            cells.append(f"{target.told(value)} {met}")
        table.add_row(target.what, target.asked, *cells)
    return table


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    asked = argparse.ArgumentParser(prog="benchmarks.forecast", description=__doc__)
    asked.add_argument("folder", nargs="?", type=Path, help="CSV files: time, money spent so far")
    asked.add_argument("--json", action="store_true", help="print the figures for programs")
    given = asked.parse_args(arguments)
    there = traces.read(given.folder) if given.folder else []
    if given.folder and not there:
        print(f"No *.csv in {given.folder}.", file=sys.stderr)
        return 1
    made = [generated(kind, days, seed) for kind in KINDS for seed, days in enumerate(LENGTHS)]
    console = Console(stderr=given.json)
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        tasks = [workers.submit(measure, trace, read=trace in there) for trace in (*there, *made)]
        measured = [
            task.result() for task in track(tasks, "Measuring", console=console, transient=True)
        ]
    found = {pool.name: figures(pool) for pool in pools(measured)}
    if given.json:
        print(json.dumps(found, indent=2))
        return 0
    for table in (accuracy_table, alerts_table, drains_table, targets_table):
        console.print(table(found), "")
    return 0


def _share(true: Iterable[bool]) -> float | None:
    return _mean(map(int, true))


def _mean(values: Iterable[int]) -> float | None:
    there = list(values)
    return statistics.mean(there) if there else None


def _score(one: Score) -> str:
    return f"{_factor(one.median)} {_factor(one.tenth)} {_percent(one.over_twice)}"


def _factor(value: float) -> str:
    return f"x{value:.2f}" if value < 10 else f"x{value:.0f}"  # noqa: PLR2004 - digits to read


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _last_kind(found: dict[str, Any], name: str) -> bool:
    names = list(found)
    return names[names.index(name) + 1 :][:1] in (["traces"], ["generated"], ["all"])


def _at(*path: str | int) -> Callable[[Any], Any]:
    return lambda figures: reduce(getitem, path, figures)


def _most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


def _least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def _about_eighty(share: float) -> bool:
    return 0.7 <= share <= 0.9  # noqa: PLR2004 - eight in ten, give or take one


if __name__ == "__main__":
    sys.exit(main())
