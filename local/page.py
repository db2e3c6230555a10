"""A dashboard as one page that needs nothing from elsewhere."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from local.widgets import LAST, Alarms, Chart, Log, Place, Series, Text

COLORS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#17becf")
STATES = {"OK": "OK", "ALARM": "In alarm", "INSUFFICIENT_DATA": "Insufficient data"}
FONT = {"family": "system-ui, Arial, 'DejaVu Sans', sans-serif", "size": 11, "color": "#5f6b7a"}
GRID = "#e9ebed"
WHOLE: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "SampleCount": sum,
    "Maximum": max,
    "Minimum": min,
}
DAY = 86_400_000  # milliseconds

pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"),
    undefined=StrictUndefined,
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A series with its colour and its points, oldest first."""

    series: Series
    color: str
    points: list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Tile:
    """A widget as it stands on the page."""

    place: Place
    kind: str
    title: str
    html: str


def page(name: str, start: datetime, end: datetime, tiles: Iterable[Tile]) -> str:
    """The whole page."""
    return pages.get_template("page.html").render(
        name=name, start=start, end=end, tiles=list(tiles), plotly=get_plotlyjs()
    )


def text(widget: Text) -> Tile:
    """A text, its Markdown as CloudWatch takes it: without HTML."""
    html = MarkdownIt("commonmark", {"html": False}).render(widget.markdown)
    return Tile(widget.place, "text", "", html)


def alarms(widget: Alarms, states: dict[str, str]) -> Tile:
    """The alarms, each with its state."""
    named = [(name, states[name], STATES[states[name]]) for name in widget.names]
    return _tile(widget, "alarms", states=named)


def log(widget: Log, rows: list[list[str]]) -> Tile:
    """The rows of a query."""
    return _tile(widget, "log", fields=widget.fields, rows=rows)


def chart(widget: Chart, drawn: list[Drawn], start: datetime, end: datetime) -> Tile:
    """Lines over the time, or the last values as numbers."""
    if widget.numbers:
        numbers = [
            (one.color, _label(one), _number(one, whole=widget.whole), _spark(one, start, end, widget))
            for one in drawn
        ]
        return _tile(widget, "numbers", numbers=numbers)
    html = _html(_lines(widget, drawn, start, end))
    return Tile(widget.place, "lines", widget.title, html)


def colored(series: Iterable[Series]) -> list[tuple[Series, str]]:
    """Each series with its colour: its own, or the next that CloudWatch would give it."""
    colors = cycle(COLORS)
    return [(one, one.color or next(colors)) for one in series]


def _tile(widget: Alarms | Log | Chart, kind: str, **content: object) -> Tile:
    html = pages.get_template(f"{kind}.html").render(**content)
    return Tile(widget.place, kind, widget.title, html)


def _label(drawn: Drawn) -> str:
    return drawn.series.label.replace(LAST, _number(drawn))


def _number(drawn: Drawn, *, whole: bool = False) -> str:
    values = [value for _, value in drawn.points]
    if not values:
        return "--"
    value = WHOLE[drawn.series.stat](values) if whole else values[-1]
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _spark(drawn: Drawn, start: datetime, end: datetime, widget: Chart) -> str:
    if not widget.sparkline:
        return ""
    figure = go.Figure(_line(drawn), _layout(start, end))
    figure.update_layout(showlegend=False, margin={"l": 4, "r": 4, "t": 4, "b": 4})
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, rangemode="tozero")
    return _html(figure)


def _lines(widget: Chart, drawn: list[Drawn], start: datetime, end: datetime) -> go.Figure:
    figure = go.Figure([_line(one) for one in drawn], _layout(start, end))
    figure.update_yaxes(range=_range(widget, drawn))
    for level in widget.levels:
        figure.add_hline(
            y=level.value,
            line={"color": level.color, "width": 1.5, "dash": "dash"},
            annotation={"text": level.label, "font": {"color": level.color}},
            annotation_position="top left",
        )
    if not drawn:
        figure.add_annotation(text="No data available", showarrow=False, xref="paper", yref="paper")
    return figure


def _line(drawn: Drawn) -> go.Scatter:
    # A point without a neighbour makes no line; CloudWatch shows it as a dot.
    lonely = len(drawn.points) == 1
    # A line without any point would not even be named.
    points: list[tuple[Any, Any]] = [*drawn.points] or [(None, None)]
    return go.Scatter(
        name=_label(drawn) if drawn.points else f"{_label(drawn)} (no data)",
        x=[at for at, _ in points],
        y=[value for _, value in points],
        mode="markers" if lonely else "lines",
        line={"color": drawn.color, "width": 1.5},
        marker={"color": drawn.color},
        cliponaxis=False,
        showlegend=True,
    )


def _range(widget: Chart, drawn: list[Drawn]) -> tuple[float | None, float | None]:
    """The ends of the axis: CloudWatch keeps to a limit, but leaves room for what lies beyond it."""
    values = [value for one in drawn for _, value in one.points] or [0.0]
    top = max(*values, 0.0) * 1.08 or 1.0
    return widget.low, top if widget.high is None else widget.high * 1.08


def _layout(start: datetime, end: datetime) -> go.Layout:
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    return go.Layout(
        font=FONT,
        paper_bgcolor="white",
        plot_bgcolor="white",
        margin={"l": 8, "r": 12, "t": 8, "b": 48},
        hovermode="x unified",
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        xaxis={
            **axis,
            "range": [start, end],
            "showgrid": False,
            "type": "date",
            "tickformatstops": [
                {"dtickrange": [None, DAY - 1], "value": "%H:%M"},
                {"dtickrange": [DAY, None], "value": "%a %d %b"},
            ],
        },
        yaxis=axis,
    )


def _html(figure: go.Figure) -> str:
    html: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        config={"displayModeBar": False, "responsive": True},
        default_width="100%",
        default_height="100%",
    )
    return html
