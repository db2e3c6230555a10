"""What the body of a CloudWatch dashboard asks for.

It is read strictly: what isn't understood here is refused, since a page that left it out would
show something else than CloudWatch does.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.tools import LocalError

STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
COLUMNS = 24

SEARCH = re.compile(
    r"""SEARCH\('\{(?P<schema>[\w/.\-]+(,[\w.\-]+)*)\}\ MetricName="(?P<name>[\w.\-]+)"',"""
    r"""\ '(?P<stat>\w+)',\ (?P<period>\d+)\)""",
    re.VERBOSE,
)
PROPERTY = re.compile(r"\$\{PROP\('Dim\.(\w+)'\)\}")
SOURCE = re.compile(
    r"SOURCE '(?P<group>[^']+)' \| (?P<query>fields (?P<fields>[\w@]+(, [\w@]+)*) \| .+)"
)
STAGE = re.compile(r"fields .+|filter @message like /.+/|sort @timestamp (asc|desc)|limit \d+")
CHART = {
    *("title", "region", "view", "sparkline", "setPeriodToTimeRange"),
    *("stat", "period", "metrics", "yAxis", "annotations"),
}
UNRESOLVED = re.compile(r"\$\{(?!PROP\(|LAST\})")
LAST = "${LAST}"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of CloudWatch: the same name with other dimensions is another one.

    The dimensions are sorted by name, since they have no order.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As a person would name it."""
        by = ", ".join(f"{name}={value}" for name, value in self.dimensions)
        return f"{self.namespace} {self.name} ({by or 'no dimensions'})"


@dataclass(frozen=True, slots=True)
class Search:
    """A SEARCH expression: the metrics of a name that have exactly these dimensions."""

    text: str
    namespace: str
    name: str
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One entry of a widget's metrics."""

    what: Metric | Search
    stat: str
    period: int
    label: str
    color: str | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a widget, or one of its numbers."""

    metric: Metric
    stat: str
    period: int
    label: str
    color: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a widget is, in units of the grid."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Text:
    """A widget with Markdown."""

    place: Place
    markdown: str


@dataclass(frozen=True, slots=True)
class Alarms:
    """A widget with the states of alarms."""

    place: Place
    title: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """A widget with the rows of a Logs Insights query, which asks for `@message` instead of fields."""

    place: Place
    title: str
    group: str
    fields: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line at a value, and what it means."""

    value: float
    label: str
    color: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A widget with metrics: as lines, or as numbers - the last ones, or those of the whole time."""

    place: Place
    title: str
    numbers: bool
    whole: bool
    sparkline: bool
    wanted: tuple[Wanted, ...]
    low: float | None
    high: float | None
    levels: tuple[Level, ...]


type Widget = Text | Alarms | Log | Chart

# What the guard emits only past PerAccountMetrics accounts, and what was left also if some was.
TOTALS = frozenset(
    Metric("BudgetGuard", name)
    for name in (
        *("AccountsOk", "AccountsWarning", "AccountsCritical", "AccountsExhausted"),
        *("RunwayDays", "ChecksFailed", "ChecksLeft"),
    )
)


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard: how far back it looks, and its widgets."""

    span: timedelta
    widgets: tuple[Widget, ...]


def metric(namespace: str, name: str, dimensions: Mapping[str, str]) -> Metric:
    """The metric with these dimensions, whatever their order."""
    return Metric(namespace, name, tuple(sorted(dimensions.items())))


def read(body: str) -> Board:
    """Read a dashboard's body; raises `LocalError` for what can't be shown faithfully."""
    if left := UNRESOLVED.search(body):
        raise LocalError(f"The dashboard's body holds {body[left.start() :][:40]!r} unresolved.")
    given = json.loads(body)
    _only(given, {"start", "periodOverride", "widgets"}, "The dashboard")
    if given.get("periodOverride") != "inherit":
        raise LocalError("Without periodOverride: inherit CloudWatch would choose other periods.")
    return Board(_span(given.get("start", "")), tuple(_widget(one) for one in given["widgets"]))


def series(chart: Chart, held: Collection[Metric]) -> Iterator[Series]:
    """The chart's metrics, each SEARCH expanded; raises `LocalError` if one finds none.

    Only what is searched of the totals may not be there.
    """
    for wanted in chart.wanted:
        metrics = (wanted.what,) if isinstance(wanted.what, Metric) else found(wanted.what, held)
        if not metrics and isinstance(wanted.what, Search) and not _of_totals(wanted.what):
            raise LocalError(f'"{chart.title}" finds nothing: no metric fits {wanted.what.text}.')
        for metric in metrics:
            label = labelled(wanted.label, metric)
            yield Series(metric, wanted.stat, wanted.period, label, wanted.color)


def search(text: str) -> tuple[Search, str, int]:
    """A SEARCH expression with its statistic and its period; raises `LocalError` for any other."""
    if not (match := SEARCH.fullmatch(text)):
        raise LocalError(f"The expression {text} is none that can be expanded here.")
    namespace, *names = match["schema"].split(",")
    asked = Search(text, namespace, match["name"], tuple(names))
    return asked, _statistic(match["stat"]), int(match["period"])


def found(asked: Search, held: Collection[Metric]) -> tuple[Metric, ...]:
    """What a SEARCH finds, by the values of the dimensions."""
    fits = [
        metric
        for metric in held
        if (metric.namespace, metric.name) == (asked.namespace, asked.name)
        and {name for name, _ in metric.dimensions} == set(asked.dimensions)
    ]
    return tuple(
        sorted(fits, key=lambda one: [dict(one.dimensions)[name] for name in asked.dimensions])
    )


def _of_totals(asked: Search) -> bool:
    return not asked.dimensions and Metric(asked.namespace, asked.name) in TOTALS


def labelled(label: str, metric: Metric) -> str:
    """The label with the metric's dimensions in it; without a label its name and its dimensions.

    Its last value, where the label asks for it, is for whoever has the points.
    """
    values = dict(metric.dimensions)
    if missing := set(PROPERTY.findall(label)) - set(values):
        raise LocalError(f"The label {label} names dimensions that {metric} hasn't: {missing}.")
    filled = PROPERTY.sub(lambda match: values[match[1]], label)
    if "${" in filled.replace(LAST, ""):
        raise LocalError(f"The label {label} asks for more than dimensions and the last value.")
    return filled or " ".join((metric.name, *values.values()))


def _widget(given: Mapping[str, Any]) -> Widget:
    _only(given, {"type", "x", "y", "width", "height", "properties"}, "A widget")
    place = Place(*(given[name] for name in ("x", "y", "width", "height")))
    if place.x + place.width > COLUMNS:
        raise LocalError(f"A widget at x={place.x} is wider than the {COLUMNS} columns.")
    readers: dict[str, Callable[[Place, Mapping[str, Any]], Widget]]
    readers = {"text": _text, "alarm": _alarms, "log": _log, "metric": _chart}
    if not (reader := readers.get(given["type"])):
        raise LocalError(f"A widget of the type {given['type']} can't be shown here.")
    return reader(place, given["properties"])


def _text(place: Place, given: Mapping[str, Any]) -> Text:
    _only(given, {"markdown"}, "A text")
    return Text(place, given["markdown"])


def _alarms(place: Place, given: Mapping[str, Any]) -> Alarms:
    _only(given, {"title", "alarms"}, given["title"])
    names = (arn.partition(":alarm:")[2] or arn for arn in given["alarms"])
    return Alarms(place, given["title"], tuple(names))


def _log(place: Place, given: Mapping[str, Any]) -> Log:
    title = given["title"]
    _only(given, {"title", "region", "view", "query"}, title)
    match = SOURCE.fullmatch(given["query"])
    stages = match["query"].split(" | ") if match else []
    if not match or given["view"] != "table" or not all(STAGE.fullmatch(one) for one in stages):
        raise LocalError(f'"{title}" asks what can\'t be asked here: {given["query"]}')
    # The emulator takes no JSON apart, as Logs Insights does: the fields are read from the message.
    query = " | ".join(("fields @timestamp, @message", *stages[1:]))
    return Log(place, title, match["group"], tuple(match["fields"].split(", ")), query)


def _chart(place: Place, given: Mapping[str, Any]) -> Chart:
    title = given["title"]
    _only(given, CHART, title)
    if given["view"] not in ("timeSeries", "singleValue"):
        raise LocalError(f'"{title}" has the view {given["view"]}, which can\'t be shown here.')
    numbers, whole = given["view"] == "singleValue", given.get("setPeriodToTimeRange", False)
    sparkline = given.get("sparkline", False)
    if (whole and sparkline) or (not numbers and (whole or sparkline)):
        raise LocalError(f'"{title}" mixes what CloudWatch doesn\'t: a view, a sparkline, a whole.')
    wanted = tuple(_wanted(given))
    if whole and any(one.stat == "Average" for one in wanted):
        raise LocalError(f'"{title}" asks for the average of all: not to be had here.')
    axes = given.get("yAxis", {})
    _only(axes, {"left"}, title)
    left = axes.get("left", {})
    _only(left, {"min", "max", "showUnits"}, title)
    return Chart(
        place=place,
        title=title,
        numbers=numbers,
        whole=whole,
        sparkline=sparkline,
        wanted=wanted,
        low=left.get("min"),
        high=left.get("max"),
        levels=tuple(_levels(given.get("annotations", {}), title)),
    )


def _levels(given: Mapping[str, Any], title: str) -> Iterator[Level]:
    _only(given, {"horizontal"}, title)
    for one in given.get("horizontal", ()):
        _only(one, {"value", "label", "color"}, title)
        yield Level(one["value"], one.get("label", ""), one.get("color"))


def _wanted(given: Mapping[str, Any]) -> Iterator[Wanted]:
    before: list[str] = []
    for entry in given["metrics"]:
        options = entry[-1] if isinstance(entry[-1], dict) else {}
        _only(options, {"expression", "id", "label", "color", "stat", "period"}, given["title"])
        label, color = options.get("label", ""), options.get("color")
        if "expression" in options:
            asked, stat, period = search(options["expression"])
            yield Wanted(asked, stat, period, label, color)
            continue
        before = _whole([part for part in entry if isinstance(part, str)], before)
        stat = _statistic(options.get("stat", given.get("stat", "Average")))
        period = options.get("period", given.get("period", 300))
        yield Wanted(_metric(before), stat, period, label, color)


def _whole(parts: list[str], before: list[str]) -> list[str]:
    """The parts of a metric with "." replaced by what stood there in the one before."""
    if "..." in parts or any(p == "." and n >= len(before) for n, p in enumerate(parts)):
        raise LocalError(f"The shorthand in {parts} can't be read here.")
    return [before[n] if part == "." else part for n, part in enumerate(parts)]


def _metric(parts: list[str]) -> Metric:
    namespace, name, *rest = parts
    if len(rest) % 2:
        raise LocalError(f"A dimension in {parts} has no value.")
    return metric(namespace, name, dict(zip(rest[::2], rest[1::2], strict=True)))


def _statistic(name: str) -> str:
    if name not in STATISTICS:
        raise LocalError(f"The statistic {name} can't be asked here.")
    return name


def _span(start: str) -> timedelta:
    if not (match := re.fullmatch(r"-P(?:(\d+)D|T(\d+)H)", start)):
        raise LocalError(f"The dashboard's start {start!r} is none that can be read here.")
    return timedelta(days=int(match[1] or 0), hours=int(match[2] or 0))


def _only(given: Mapping[str, Any], known: set[str], whose: str) -> None:
    if unknown := set(given) - known:
        names = ", ".join(sorted(unknown))
        raise LocalError(f'"{whose}" has properties that can\'t be shown here: {names}.')
