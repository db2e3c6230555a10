"""`make dashboard`: the dashboard of the template as a page, with what the story left behind."""

import json
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console

from local import aws_metrics, browser, page, show, story, widgets
from local.embedded import Embedded, embedded
from local.page import Drawn, Tile
from local.play import Step, deploy, play
from local.tools import ROOT, LocalError
from local.widgets import Alarms, Chart, Log, Metric, Series, Text, Widget

PAGE = ROOT / "dashboard.html"
# Asked for a metric without dimensions, the emulator adds those with dimensions to it. The guard
# writes each value to both, so the ends of the range are the same.
SAFE_TOGETHER = ("Maximum", "Minimum")


@dataclass(frozen=True, slots=True)
class Period:
    """The time that a page shows."""

    start: datetime
    end: datetime


def main() -> int:
    """Deploy, play and write the page; the exit code. With PICTURE set, save a picture of it too."""
    console = Console()
    return show.exit_code(console, lambda: _write(console))


def _write(console: Console) -> int:
    with embedded() as aws:
        deploy(aws, console)
        last = collect(aws, _play(aws, console))
        PAGE.write_text(written(aws, body(aws), last))
    if picture := os.environ.get("PICTURE"):
        browser.save_picture(PAGE, Path(picture))
    console.print(
        f"\nThe dashboard is in {PAGE.name}; open it in a browser:\n  {PAGE.as_uri()}", highlight=False
    )
    return 0


def body(aws: Embedded) -> str:
    """The body of the deployed stack's dashboard."""
    name = aws.outputs["Dashboard"]
    return aws.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]


def collect(aws: Embedded, steps: Collection[Step]) -> datetime:
    """Put everything that AWS would have measured of these runs; returns the time of the last."""
    aws.collect_metrics()
    return aws_metrics.collect(aws, steps)


def written(aws: Embedded, asked: str, last: datetime) -> str:
    """The page of a dashboard's body as of the last run; raises `LocalError`.

    It ends there, since what the emulator itself measured comes after, by the clock on the wall.
    """
    board = widgets.read(asked)
    period = Period(last - board.span, last + timedelta(seconds=1))
    there = tuple(held(aws))
    tiles = [_tile(aws, widget, there, period) for widget in board.widgets]
    return page.page(aws.outputs["Dashboard"], period.start, period.end, tiles)


def _play(aws: Embedded, console: Console) -> list[Step]:
    """Play the story with a bar; it ends now, so that the alarms see what the page shows."""
    start = story.up_to(datetime.now(UTC))
    steps = []
    with show.progress(console) as bar, closing(play(aws, start)) as played:
        playing = bar.add_task(f"Playing {story.DAYS} days of two accounts", total=story.DAYS * 24)
        for step in played:
            steps.append(step)
            bar.update(playing, completed=(step.tick.at - start) / story.HOUR + 1)
    return steps


def held(aws: Embedded) -> Iterator[Metric]:
    """Every metric that the embedded CloudWatch holds."""
    for found in aws.cloudwatch.get_paginator("list_metrics").paginate():
        for one in found["Metrics"]:
            dimensions = {each["Name"]: each["Value"] for each in one["Dimensions"]}
            yield widgets.metric(one["Namespace"], one["MetricName"], dimensions)


def _tile(aws: Embedded, widget: Widget, there: Collection[Metric], period: Period) -> Tile:
    match widget:
        case Text():
            return page.text(widget)
        case Alarms():
            return page.alarms(widget, _states(aws, widget))
        case Log():
            return page.log(widget, _rows(aws, widget, period))
        case Chart():
            drawn = [
                Drawn(series, color, _points(aws, widget, series, there, period))
                for series, color in page.colored(widgets.series(widget, there))
            ]
            return page.chart(widget, drawn, period.start, period.end)


def _states(aws: Embedded, widget: Alarms) -> dict[str, str]:
    told = aws.cloudwatch.describe_alarms(AlarmNames=list(widget.names))["MetricAlarms"]
    states = {one["AlarmName"]: str(one["StateValue"]) for one in told}
    if missing := set(widget.names) - set(states):
        raise LocalError(f'"{widget.title}" names alarms that don\'t exist: {", ".join(missing)}.')
    return states


def _rows(aws: Embedded, widget: Log, period: Period) -> list[list[str]]:
    """The rows of the query; the log bears the times of the clock on the wall, not the story's."""
    query = aws.logs.start_query(
        logGroupName=widget.group,
        queryString=widget.query,
        startTime=int(period.start.timestamp()),
        endTime=int(datetime.now(UTC).timestamp()) + 1,
    )
    rows = []
    for result in aws.logs.get_query_results(queryId=query["queryId"])["results"]:
        found = {cell["field"]: cell["value"] for cell in result}
        found |= json.loads(found["@message"])
        rows.append([found.get(name) or "" for name in widget.fields])
    return rows


def _points(
    aws: Embedded, chart: Chart, series: Series, there: Collection[Metric], period: Period
) -> list[tuple[datetime, float]]:
    metric = series.metric
    if metric not in there:
        if aws_metrics.silent(metric, there):
            return []
        raise LocalError(f'"{chart.title}" names a metric that nobody emits: {metric}.')
    if not metric.dimensions and series.stat not in SAFE_TOGETHER:
        raise LocalError(f'"{chart.title}" asks for the {series.stat} of {metric}: not to be had here.')
    asked = aws.cloudwatch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "one",
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": [{"Name": n, "Value": v} for n, v in metric.dimensions],
                    },
                    "Period": series.period,
                    "Stat": series.stat,
                },
            }
        ],
        StartTime=period.start,
        EndTime=period.end,
        ScanBy="TimestampAscending",
    )["MetricDataResults"][0]
    return list(zip(asked["Timestamps"], asked["Values"], strict=True))


if __name__ == "__main__":
    sys.exit(main())
