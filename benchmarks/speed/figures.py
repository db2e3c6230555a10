"""The rows of `make bench`: a figure, its floor or peer, their ratio, and what was asked of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import NamedTuple

from rich.table import Table


class Pairs(NamedTuple):
    """What two sides took, measured in turns."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def quartiles(self) -> Sequence[float]:
        """Of the ratios of the pairs: the machine's load changes, but less from one run to the next."""
        return quantiles(
            [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)],
            n=4,
            method="inclusive",
        )


class Goal(NamedTuple):
    """What was asked of a figure, in words and as a question."""

    words: str
    is_met: Callable[["Figure"], bool]


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what was measured, beside its floor or peer if it has one."""

    what: str
    value: float
    told: Callable[[float], str]
    than: str = ""
    peer: float | None = None
    pairs: Pairs | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """The figure in terms of its peer's; of pairs, the median of theirs."""
        if self.pairs:
            return self.pairs.quartiles[1]
        return self.value / self.peer if self.peer else None


def of_pairs(
    what: str, pairs: Pairs, told: Callable[[float], str], than: str, goal: Goal | None = None
) -> Figure:
    """The row of what was measured in turns."""
    return Figure(what, median(pairs.ours), told, than, median(pairs.theirs), pairs, goal)


def in_turns(one: Callable[[], float], other: Callable[[], float], pairs: int) -> Pairs:
    """Measure both sides so many times, each first as often as the other; one try is for warmth."""
    one(), other()
    ours: list[float] = []
    theirs: list[float] = []
    for number in range(pairs):
        turns = [(one, ours), (other, theirs)]
        for measure, into in turns if number % 2 else reversed(turns):
            into.append(measure())
    return Pairs(tuple(ours), tuple(theirs))


def ratio_at_most(limit: float) -> Goal:
    """At most so many times the floor."""
    return Goal(f"<= {times(limit)}", lambda one: (one.ratio or 0.0) <= limit)


def at_most(limit: float, told: Callable[[float], str]) -> Goal:
    """At most so much."""
    return Goal(f"<= {told(limit)}", lambda one: one.value <= limit)


def at_least(limit: float, told: Callable[[float], str]) -> Goal:
    """At least so much."""
    return Goal(f">= {told(limit)}", lambda one: one.value >= limit)


def table(title: str, note: str, groups: Mapping[str, Iterable[Figure]]) -> Table:
    """The groups of rows as one table, each under its heading."""
    made = Table(title=title, caption=note, title_justify="left", caption_justify="left")
    made.add_column("what")
    made.add_column("the guard", justify="right")
    made.add_column("beside", justify="right")
    made.add_column("which is")
    made.add_column("ratio", justify="right")
    made.add_column("goal", justify="right")
    made.add_column("met")
    for heading, group in groups.items():
        made.add_row(f"[bold]{heading}[/]")
        for one in group:
            made.add_row(*cells(one))
        made.add_section()
    return made


def cells(one: Figure) -> tuple[str, ...]:
    """A row as it is printed."""
    ratio = "" if one.ratio is None else times(one.ratio)
    if one.pairs:
        low, _, high = one.pairs.quartiles
        ratio += f" ({low:.2f}-{high:.2f})"
    met = "" if one.goal is None else "[green]yes[/]" if one.goal.is_met(one) else "[red]no[/]"
    return (
        f"  {one.what}",
        one.told(one.value),
        "" if one.peer is None else one.told(one.peer),
        one.than,
        ratio,
        one.goal.words if one.goal else "",
        met,
    )


def times(ratio: float) -> str:
    """A ratio."""
    return f"x{ratio:.2f}"


def milliseconds(seconds: float) -> str:
    """A short time."""
    return f"{seconds * 1000:.0f} ms"


def seconds(value: float) -> str:
    """A longer time."""
    return f"{value:.1f} s"


def megabytes(count: float) -> str:
    """A size given in bytes."""
    return f"{count / 1e6:.1f} MB"


def number(value: float) -> str:
    """A count, or the mean of counts."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(share: float) -> str:
    """A share."""
    return f"{share:.0%}"
