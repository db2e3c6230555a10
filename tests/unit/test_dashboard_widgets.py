"""A dashboard's body is read as CloudWatch reads it, or refused."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from aws import metrics
from guard.model import Account, Balance, Judged, Severity
from guard.totals import Totals
from local import aws_metrics, widgets
from local.tools import LocalError
from local.widgets import LAST, TOTALS, Chart, Metric, metric
from tests import stack

NOW = datetime(2026, 6, 10, tzinfo=UTC)
PLACE = {"x": 0, "y": 0, "width": 12, "height": 6}
SEVERITY = "SEARCH('{BudgetGuard,Provider,Account} MetricName=\"Severity\"', 'Maximum', 900)"
FREE_METRICS = 50  # a dashboard with more is charged for


def body(widget=None, **board):
    given = {"start": "-P7D", "periodOverride": "inherit", "widgets": [widget] if widget else []}
    return json.dumps(given | board)


def chart(*entries, **properties):
    given = {"title": "T", "view": "timeSeries", "metrics": list(entries)}
    return body({"type": "metric", **PLACE, "properties": given | properties})


def series(text, held=()):
    [widget] = widgets.read(text).widgets
    return list(widgets.series(widget, held))


def severity(provider, account, **more):
    return metric("BudgetGuard", "Severity", {"Provider": provider, "Account": account, **more})


def test_a_search_finds_the_metrics_of_its_name_with_exactly_its_dimensions():
    held = [
        severity("novita", "default"),
        severity("deepseek", "research"),
        severity("deepseek", "default"),
        severity("deepseek", "default", Currency="USD"),
        metric("BudgetGuard", "Severity", {}),
        metric("BudgetGuard", "Severity", {"Provider": "deepseek"}),
        metric("BudgetGuard", "SeverityOld", {"Provider": "deepseek", "Account": "default"}),
        metric("Other", "Severity", {"Provider": "deepseek", "Account": "default"}),
    ]
    found = series(chart([{"expression": SEVERITY}]), held)
    assert [one.metric for one in found] == [held[2], held[1], held[0]]
    assert {(one.stat, one.period) for one in found} == {("Maximum", 900)}


def test_the_order_of_the_dimensions_is_of_no_account():
    text = SEVERITY.replace("Provider,Account", "Account,Provider")
    held = [severity("deepseek", "default")]
    assert [one.metric for one in series(chart([{"expression": text}]), held)] == held
    assert metric("N", "M", {"A": "1", "B": "2"}) == metric("N", "M", {"B": "2", "A": "1"})


def test_a_search_that_finds_nothing_is_named():
    with pytest.raises(LocalError, match=r'"T" finds nothing: no metric fits SEARCH'):
        series(chart([{"expression": SEVERITY}]), [severity("deepseek", "default", Currency="USD")])


@pytest.mark.parametrize(
    "expression",
    [
        "SUM(METRICS())",
        "SEARCH('{BudgetGuard,Provider} Severity', 'Maximum', 900)",
        "SEARCH('{BudgetGuard,Provider} MetricName=\"Severity\" OR Balance', 'Maximum', 900)",
        "SEARCH('BudgetGuard MetricName=\"Severity\"', 'Maximum', 900)",
        "SORT(SEARCH('{BudgetGuard,Provider} MetricName=\"Severity\"', 'Maximum', 900), MAX)",
        "SEARCH('{BudgetGuard,Provider} MetricName=\"Severity\"', 'p99', 900)",
    ],
)
def test_an_expression_that_can_not_be_expanded_is_refused(expression):
    with pytest.raises(LocalError, match=r"can't be asked|none that can be expanded"):
        widgets.read(chart([{"expression": expression}]))


def test_a_label_is_filled_from_the_dimensions_and_its_last_value_is_left_for_later():
    label = "${PROP('Dim.Provider')}/${PROP('Dim.Account')} ${LAST} USD"
    assert widgets.labelled(label, severity("novita", "team.a")) == f"novita/team.a {LAST} USD"


def test_a_metric_without_a_label_is_named_by_name_and_dimensions():
    assert widgets.labelled("", severity("novita", "default")) == "Severity default novita"


@pytest.mark.parametrize("label", ["${PROP('Dim.Currency')}", "${PROP('MetricName')}", "${MAX}"])
def test_a_label_that_asks_for_what_is_not_there_is_refused(label):
    with pytest.raises(LocalError, match="The label"):
        widgets.labelled(label, severity("novita", "default"))


def test_a_dot_stands_for_what_stood_there_in_the_metric_before():
    text = chart(
        ["AWS/Lambda", "Invocations", "FunctionName", "f", {"label": "runs"}],
        [".", "Errors", ".", ".", {"stat": "Maximum", "period": 60, "color": "#d62728"}],
        stat="Sum",
        period=3600,
    )
    first, second = series(text)
    assert first.metric == Metric("AWS/Lambda", "Invocations", (("FunctionName", "f"),))
    assert second.metric == Metric("AWS/Lambda", "Errors", (("FunctionName", "f"),))
    assert (first.stat, first.period, first.label, first.color) == ("Sum", 3600, "runs", None)
    assert (second.stat, second.period, second.color) == ("Maximum", 60, "#d62728")


@pytest.mark.parametrize(
    "entries",
    [
        [[".", "Errors"]],
        [["N", "M", "A", "1"], ["..."]],
        [["N", "M"], [".", ".", ".", "."]],
        [["N", "M", "A"]],
    ],
)
def test_a_metric_that_can_not_be_read_is_refused(entries):
    with pytest.raises(LocalError, match=r"shorthand|has no value"):
        widgets.read(chart(*entries))


@pytest.mark.parametrize(
    "properties",
    [
        {"stacked": True},
        {"view": "gauge"},
        {"yAxis": {"right": {"min": 0}}},
        {"yAxis": {"left": {"label": "USD"}}},
        {"annotations": {"vertical": []}},
        {"annotations": {"horizontal": [{"value": 1, "fill": "above"}]}},
        {"metrics": [["N", "M", {"yAxis": "right"}]]},
        {"metrics": [["N", "M", {"stat": "p99"}]]},
        {"sparkline": True},
        {"view": "singleValue", "sparkline": True, "setPeriodToTimeRange": True},
        {"view": "singleValue", "setPeriodToTimeRange": True, "stat": "Average"},
    ],
)
def test_a_property_that_would_change_what_is_shown_is_refused(properties):
    widgets.read(chart(["N", "M"]))
    with pytest.raises(LocalError):
        widgets.read(chart(["N", "M"], **properties))


@pytest.mark.parametrize(
    "query",
    [
        "fields message",
        "SOURCE 'g' | fields message | stats count(*)",
        "SOURCE 'g' | filter @message like /x/",
        "SOURCE 'g' | fields message | filter kind = 'alert'",
        "SOURCE 'g' | fields message | sort kind desc",
    ],
)
def test_a_query_that_would_not_be_answered_as_on_aws_is_refused(query):
    widget = {"type": "log", **PLACE, "properties": {"title": "T", "view": "table", "query": query}}
    with pytest.raises(LocalError, match="asks what can't be asked"):
        widgets.read(body(widget))


def test_a_query_asks_for_the_message_and_keeps_the_names_of_its_fields():
    rest = "filter @message like /a b/ | sort @timestamp desc | limit 20"
    query = f"SOURCE '/log' | fields kind, severity | {rest}"
    widget = {"type": "log", **PLACE, "properties": {"title": "T", "view": "table", "query": query}}
    [read] = widgets.read(body(widget)).widgets
    assert (read.group, read.fields) == ("/log", ("kind", "severity"))
    assert read.query == f"fields @timestamp, @message | {rest}"


@pytest.mark.parametrize(
    "board",
    [{"start": "-P1M"}, {"start": ""}, {"periodOverride": "auto"}, {"variables": []}],
)
def test_a_dashboard_that_would_be_shown_otherwise_is_refused(board):
    with pytest.raises(LocalError):
        widgets.read(body(**board))


def test_a_widget_of_another_type_or_beyond_the_columns_is_refused():
    with pytest.raises(LocalError, match="of the type custom"):
        widgets.read(body({"type": "custom", **PLACE, "properties": {}}))
    with pytest.raises(LocalError, match="wider than the 24 columns"):
        widgets.read(body({"type": "text", **PLACE, "x": 13, "properties": {"markdown": ""}}))


@pytest.mark.parametrize("left", ["${Log}", "${!PROP('Dim.Account')}", "${AWS::Region}"])
def test_a_body_in_which_something_is_unresolved_is_refused(left):
    with pytest.raises(LocalError, match="unresolved"):
        widgets.read(chart(["N", "M", {"label": left}]))


def test_a_metric_of_failures_may_be_missing_where_its_siblings_are():
    topic = {"TopicName": "alerts"}
    held = [metric("AWS/SNS", "NumberOfNotificationsDelivered", topic)]
    assert aws_metrics.silent(metric("AWS/SNS", "NumberOfNotificationsFailed", topic), held)
    for other in (
        metric("AWS/SNS", "NumberOfNotificationsFailed", {"TopicName": "other"}),
        metric("AWS/SNS", "NumberOfNotificationsFailed", {}),
        metric("AWS/SNS", "NumberOfNotificationsLost", topic),
        metric("BudgetGuard", "NumberOfNotificationsFailed", topic),
    ):
        assert not aws_metrics.silent(other, held)


def deployed():
    """The template's body with the names of its resources for what is known only once deployed."""
    text = stack.dashboard()
    return re.sub(r"\$\{(!?)([^}]+)\}", lambda m: f"${{{m[2]}}}" if m[1] else m[2].split(".")[0], text)


def emitted(accounts):
    """The metrics that the guard really emits for these accounts and their currencies."""
    for account, currencies in accounts.items():
        judged = tuple(
            Judged(Balance(currency, Decimal(9)), Severity.OK, Decimal(1), timedelta(days=9))
            for currency in currencies
        )
        for blob in metrics.blobs("BudgetGuard", account, judged, ok=True, now=NOW, detailed=False):
            yield from in_blob(blob)


def in_blob(blob):
    for directive in blob["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            for one in directive["Metrics"]:
                dimensions = {name: blob[name] for name in names}
                yield metric(directive["Namespace"], one["Name"], dimensions)


def totals():
    """The metrics that the guard really emits past PerAccountMetrics accounts."""
    counts = dict.fromkeys(Severity, 1)
    everything = Totals(Severity.EXHAUSTED, timedelta(days=1), counts, read=1, failed=1, unchecked=1)
    return set(in_blob(metrics.blob_of_totals("BudgetGuard", everything, NOW)))


def asked(held):
    board = widgets.read(deployed())
    charts = [widget for widget in board.widgets if isinstance(widget, Chart)]
    return [one.metric for chart in charts for one in widgets.series(chart, held)]


def test_ten_accounts_half_of_them_in_two_currencies_stay_within_the_free_metrics():
    accounts = {Account("novita", f"n{n}"): ("USD",) for n in range(5)}
    accounts |= {Account("deepseek", f"d{n}"): ("CNY", "USD") for n in range(5)}
    shown = asked(set(emitted(accounts)))
    assert len(shown) <= FREE_METRICS
    for name, expected in (("Severity", 10 + 1), ("Balance", 15), ("RunwayDays", 15 + 1)):
        assert len([one for one in shown if one.name == name]) == expected
    assert len(set(shown)) == len(shown)


def test_every_metric_of_the_guard_that_a_widget_names_is_one_that_it_emits():
    held = set(emitted({Account("deepseek", "default"): ("USD",)}))
    ours = {one for one in asked(held) if one.namespace == "BudgetGuard"}
    assert ours - held == {metric("BudgetGuard", "RunwayDays", {})}
    assert {one.name for one in ours} == {"Severity", "Balance", "RunwayDays", "CheckSucceeded"}


def test_past_the_limit_every_total_is_shown_once_and_nothing_is_missing():
    # What was measured of each account is found for two weeks after the last of it.
    before = set(emitted({Account("deepseek", "default"): ("USD",)}))
    shown = asked(before | totals())
    assert totals() <= set(shown)
    assert len(set(shown)) == len(shown)
    assert {one for one in shown if one.namespace == "BudgetGuard"} <= before | totals()


def test_what_may_be_missing_below_the_limit_is_exactly_what_comes_past_it():
    below = set(emitted({Account("deepseek", "default"): ("USD",)}))
    assert totals() - below == TOTALS
    for one in TOTALS:
        assert aws_metrics.silent(one, below)
        assert not aws_metrics.silent(metric(one.namespace, one.name, {"Provider": "novita"}), below)
        assert not aws_metrics.silent(metric("Other", one.name, {}), below)


def test_a_search_for_a_total_that_nobody_ever_emits_is_named():
    for name in ("AccountsOK", "Severity", "Balance"):
        text = f"SEARCH('{{BudgetGuard}} MetricName=\"{name}\"', 'Maximum', 900)"
        with pytest.raises(LocalError, match="finds nothing"):
            series(chart([{"expression": text}]))
    text = "SEARCH('{BudgetGuard,Provider} MetricName=\"AccountsOk\"', 'Maximum', 900)"
    with pytest.raises(LocalError, match="finds nothing"):
        series(chart([{"expression": text}]))
    found = "SEARCH('{BudgetGuard} MetricName=\"AccountsOk\"', 'Maximum', 900)"
    assert series(chart([{"expression": found}])) == []
