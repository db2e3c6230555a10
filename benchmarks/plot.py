"""`make forecast-plot`: an account with what was foreseen of it, and how true the ranges are."""

import math
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import plotly.graph_objects as go  # type: ignore[import-untyped]
from plotly.subplots import make_subplots  # type: ignore[import-untyped]

from benchmarks import alerts, traces
from benchmarks.accounts import KINDS, generated, office_hours
from benchmarks.accuracy import Point, Weighted, alike, mean, points
from benchmarks.alerts import Step
from benchmarks.peers import GUARD
from benchmarks.traces import DAY, Trace
from guard.alert import Condition, Kind
from guard.forecast import EIGHT_IN_TEN
from guard.model import Severity
from local import browser
from local.tools import ROOT, LocalError

ACCOUNT, CALIBRATION = ROOT / "docs" / "forecast.png", ROOT / "docs" / "calibration.png"
WIDTH, HEIGHT = 1200, 680
SIDE = 520  # of the calibration, which is square
STATED = range(5, 100, 5)  # per cent
# The days that are shown: of an account that is known by then, and goes on, so that the truth is known.
BEGIN, END = 24.0, 48.0
DAYS, SEED = 56, 3
CREDIT, REFILLED_AT = 20.0, 0.4  # in days of mean spend
EVERY = timedelta(hours=6)

INK, GRID = "#3b4654", "#e9ebed"
BLUE, BAND = "#1f77b4", "rgba(31, 119, 180, 0.22)"
LOOKS = {
    Severity.OK: ("recovered", "#2ca02c", "circle"),
    Severity.WARNING: ("warning", "#ff7f0e", "triangle-up"),
    Severity.CRITICAL: ("critical", "#d62728", "diamond"),
}


@dataclass(frozen=True)
class Foreseen:
    """What was foreseen at one time, in days, and what came."""

    at: datetime
    runway: float
    earliest: float
    latest: float
    truth: float | None


def main() -> int:
    """Draw both plots and save them; the exit code."""
    try:
        save(drawn(generated(office_hours, DAYS, SEED)), ACCOUNT)
        with ProcessPoolExecutor(os.cpu_count()) as workers:
            save(calibration(alike(workers.map(_points, range(len(KINDS))))), CALIBRATION)
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    print("The plots are in", *(path.relative_to(ROOT) for path in (ACCOUNT, CALIBRATION)))
    return 0


def calibration(found: Weighted[Point]) -> go.Figure:
    """How often the truth comes before the time that is stated for so many per cent."""
    chances = [(weight, _chance(point)) for weight, point in found]
    true = [mean(chances, (stated / 100).__ge__) for stated in STATED]
    figure = go.Figure()
    dash = {"color": INK, "dash": "dot", "width": 1}
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line=dash)
    figure.add_scatter(
        x=[stated / 100 for stated in STATED],
        y=true,
        mode="lines+markers",
        line={"color": BLUE, "width": 2},
    )
    _laid_out(figure, SIDE, SIDE)
    figure.update_layout(showlegend=False)
    for axis, title in ((figure.update_xaxes, "stated"), (figure.update_yaxes, "true share")):
        axis(title=title, tickformat=".0%", range=[0, 1], dtick=0.2)
    return figure


def _points(kind: int) -> list[Point]:
    trace = generated(KINDS[kind], DAYS, SEED)
    return list(points(trace, list(traces.walk(trace))))


def _chance(point: Point) -> float:
    """The chance that the forecast gave to an end no later than the true one."""
    earliest, middle, latest = point.foretold[GUARD]
    end = latest if point.truth > middle else earliest
    if end == middle:
        return float(point.truth >= middle)
    off = math.log(point.truth / middle) / abs(math.log(end / middle))
    return NormalDist().cdf(EIGHT_IN_TEN * off)


def drawn(trace: Trace) -> go.Figure:
    """The account's balance with the alerts, above what was foreseen of it."""
    credit, low = (alerts.cents(share * trace.mean) for share in (CREDIT, REFILLED_AT))
    first = credit + alerts.cents(trace.spent_at(BEGIN))
    played = alerts.replay(trace, first, lambda left: left + credit if left < low else left)
    steps = [step for step in played if BEGIN <= trace.days[step.number] <= END]
    figure = make_subplots(
        rows=2,
        shared_xaxes=True,
        vertical_spacing=0.09,
        subplot_titles=(
            "Balance in USD, and what was published",
            "Days until it is used up: foreseen eight times in ten within the band, and what came",
        ),
    )
    _balance(figure, steps)
    _foreseen(figure, [list(one) for one in _between_top_ups(trace, steps)])
    _laid_out(figure, WIDTH, HEIGHT)
    figure.update_xaxes(tickformat="%a %d", dtick=2 * 86_400_000)
    return figure


def save(figure: go.Figure, picture: Path) -> None:
    """Save a figure as a picture; raises `LocalError` without a browser."""
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        page = Path(folder) / "forecast.html"
        page.write_text(figure.to_html(include_plotlyjs=True, config={"staticPlot": True}))
        with browser.opened(page) as it:
            it.page.set_viewport_size({"width": figure.layout.width, "height": figure.layout.height})
            it.page.locator(".js-plotly-plot").screenshot(path=picture)


def _balance(figure: go.Figure, steps: list[Step]) -> None:
    figure.add_scatter(
        x=[step.at for step in steps],
        y=[float(step.balance) for step in steps],
        line={"color": INK, "width": 2},
        name="balance",
        row=1,
        col=1,
    )
    for step in steps:
        if step.added:
            figure.add_vline(x=step.at, line={"color": INK, "dash": "dot", "width": 1})
            figure.add_annotation(
                x=step.at,
                y=1,
                yref="y domain",
                text="topped up ",
                showarrow=False,
                xanchor="right",
                xshift=-4,
                yanchor="top",
                font={"color": INK},
            )
    for severity, (word, color, symbol) in LOOKS.items():
        said = [step for step in steps if severity in set(_said(step))]
        figure.add_scatter(
            x=[step.at for step in said],
            y=[float(step.balance) for step in said],
            mode="markers+text",
            text=[word] * len(said),
            textposition="bottom right" if severity is Severity.OK else "top right",
            textfont={"color": color, "size": 15},
            showlegend=False,
            marker={
                "color": color,
                "symbol": symbol,
                "size": 14,
                "line": {"color": "white", "width": 1},
            },
            name=word,
            row=1,
            col=1,
        )


def _foreseen(figure: go.Figure, stretches: list[list[Foreseen]]) -> None:
    """The band with the forecast and the truth; a new stretch begins with each top-up."""
    for number, stretch in enumerate(stretches):
        times = [one.at for one in stretch]
        edges = [one.earliest for one in stretch] + [one.latest for one in reversed(stretch)]
        lines = (
            (
                "band",
                times + times[::-1],
                edges,
                {"fill": "toself", "fillcolor": BAND, "line_width": 0},
            ),
            ("foreseen", times, [one.runway for one in stretch], {"line": {"color": BLUE, "width": 2}}),
            (
                "what came",
                times,
                [one.truth for one in stretch],
                {"line": {"color": INK, "dash": "dash"}},
            ),
        )
        for name, x, y, look in lines:
            shown = {"name": name, "legendgroup": name, "showlegend": number == 0, "mode": "lines"}
            figure.add_scatter(x=x, y=y, **shown, **look, row=2, col=1)
    spans = alerts.DEFAULTS.runway
    if spans:
        for span, severity in ((spans.warning, Severity.WARNING), (spans.critical, Severity.CRITICAL)):
            word, color, _ = LOOKS[severity]
            figure.add_hline(
                y=span / DAY,
                line={"color": color, "width": 1},
                annotation={"text": f"{word}: {span.days} days", "font": {"color": color}},
                annotation_position="top left",
                row=2,
                col=1,
            )


def _laid_out(figure: go.Figure, width: int, height: int) -> None:
    figure.update_layout(
        width=width,
        height=height,
        plot_bgcolor="white",
        font={"family": "system-ui, Arial, 'DejaVu Sans', sans-serif", "size": 14, "color": INK},
        margin={"l": 60, "r": 20, "t": 40, "b": 70},
        legend={"orientation": "h", "y": -0.06, "x": 0.5, "xanchor": "center"},
    )
    figure.update_annotations(selector={"yanchor": "bottom"}, font_size=15)
    figure.update_xaxes(gridcolor=GRID)
    figure.update_yaxes(gridcolor=GRID, rangemode="tozero")


def _between_top_ups(trace: Trace, steps: list[Step]) -> Iterator[Iterable[Foreseen]]:
    starts = [0, *(index for index, step in enumerate(steps) if step.added), len(steps)]
    for start, end in pairwise(starts):
        yield _foreseen_of(trace, steps[start:end])


def _foreseen_of(trace: Trace, steps: list[Step]) -> Iterator[Foreseen]:
    """What was foreseen every few hours, and at the first and the last of some readings."""
    following = steps[0].at
    for step in steps:
        if step.at < following and step is not steps[-1]:
            continue
        following = step.at + EVERY
        [one] = step.decision.judged
        if one.runway is None or one.runway_between is None:
            continue
        end = trace.day_of(trace.spent[step.number] + float(step.balance))
        truth = None if end is None else end - trace.days[step.number]
        earliest, latest = (span / DAY for span in one.runway_between)
        yield Foreseen(step.at, one.runway / DAY, earliest, latest, truth)


def _said(step: Step) -> Iterator[Severity]:
    for alert in step.decision.alerts:
        if alert.condition is Condition.LOW_BALANCE and alert.kind is not Kind.REMINDER:
            yield Severity.OK if alert.kind is Kind.RECOVERY else alert.severity


if __name__ == "__main__":
    sys.exit(main())
