"""The blobs that CloudWatch makes metrics of."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from aws import metrics
from guard.model import Severity
from guard.totals import Totals
from tools import bill

NOW = datetime(2026, 6, 10, tzinfo=UTC)
COUNTS = {Severity.OK: 900, Severity.WARNING: 80, Severity.CRITICAL: 15, Severity.EXHAUSTED: 5}
MANY = Totals(Severity.EXHAUSTED, timedelta(days=1.5), COUNTS, read=1, failed=0, unchecked=0)
NOTHING = dict.fromkeys(Severity, 0)


def printed(capsys):
    """The metrics of the one blob that was printed; each must have a value and no dimension."""
    [line] = capsys.readouterr().out.splitlines()
    blob = json.loads(line)
    [directive] = blob.pop("_aws")["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("BudgetGuard", [[]])
    assert {metric["Name"] for metric in directive["Metrics"]} == blob.keys()
    return blob


def test_the_totals_of_a_run_are_one_blob_without_dimensions(capsys):
    metrics.emit_totals("BudgetGuard", MANY, NOW)
    assert printed(capsys) == {
        "Severity": 3,
        "CheckSucceeded": 1,
        "RunwayDays": 1.5,
        "AccountsOk": 900,
        "AccountsWarning": 80,
        "AccountsCritical": 15,
        "AccountsExhausted": 5,
        "ChecksFailed": 0,
        "ChecksLeft": 0,
    }


def test_the_totals_are_no_more_metrics_than_are_free():
    assert len(metrics.blob_of_totals("BudgetGuard", MANY, NOW)) - 1 <= bill.PRICES["metrics"].free


def test_totals_bear_the_time_of_the_run_in_milliseconds():
    assert (
        metrics.blob_of_totals("BudgetGuard", MANY, NOW)["_aws"]["Timestamp"] == NOW.timestamp() * 1000
    )


@pytest.mark.parametrize(
    ("totals", "absent", "said"),
    [
        (Totals(Severity.OK, None, NOTHING | {Severity.OK: 2}, 2, 0, 0), {"RunwayDays"}, 1),
        (Totals(Severity.OK, None, NOTHING | {Severity.OK: 2}, 2, 1, 0), {"RunwayDays"}, 0),
        (Totals(None, None, NOTHING, 0, 2, 0), {"RunwayDays", "Severity"}, 0),
        (Totals(None, None, NOTHING, 0, 0, 9), {"RunwayDays", "Severity", "CheckSucceeded"}, None),
    ],
)
def test_what_is_not_known_is_no_datapoint(totals, absent, said):
    everything = metrics.blob_of_totals("BudgetGuard", MANY, NOW).keys()
    blob = metrics.blob_of_totals("BudgetGuard", totals, NOW)
    assert everything - blob.keys() == absent
    assert blob.get("CheckSucceeded") == said
    assert blob["ChecksLeft"] == totals.unchecked


def test_what_is_left_below_the_limit_is_said_alone(capsys):
    metrics.emit_unchecked("BudgetGuard", 7, NOW)
    assert printed(capsys) == {"ChecksLeft": 7}
