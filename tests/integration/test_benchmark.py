"""The benchmark measures what it says, and the forecast holds its figures on accounts of many kinds."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from benchmarks import accuracy, alerts, drains, forecast, traces
from benchmarks.accounts import KINDS, generated, office_hours, steady
from benchmarks.accuracy import Point, alike, mean, median, points, quantile
from benchmarks.peers import GUARD, KNOWS, LAST_WEEK, PEERS, Range
from benchmarks.traces import Trace

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
METHODS = (GUARD, *PEERS)


def constant(days: int = 6) -> Trace:
    hours = range(days * 24 + 1)
    readings = tuple((START + hour * HOUR, Decimal(hour) / 2) for hour in hours)
    return Trace("constant", "constant", readings)


def foretold(trace):
    return list(points(trace, list(traces.walk(trace))))


def point(middle, truth, earliest=None, latest=None):
    ends = Range(earliest or middle, middle, latest or middle)
    return Point(1.0, truth, {GUARD: ends}, coherent=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_rate_is_foretold_exactly(method):
    found = foretold(constant())
    assert {one.balance for one in found} == {0.5, 1, 3}  # the others outlast the trace
    assert all(math.exp(one.off(method)) == pytest.approx(1, abs=0.02) for one in found)
    assert all(one.holds(method) and one.coherent for one in found)


def test_the_truth_is_known_to_the_hour():
    first = foretold(constant())[0]
    assert (first.balance, first.truth) == (0.5, pytest.approx(0.5))


def test_too_long_and_too_short_are_equally_far_off():
    assert point(3, 1).off(GUARD) == -point(1, 3).off(GUARD) == pytest.approx(math.log(3))


def test_the_pinball_loss_is_least_for_the_true_quantiles():
    assert point(1, 1).pinball(GUARD) == 0
    assert point(2, 1).pinball(GUARD) == pytest.approx(point(1, 2).pinball(GUARD))
    wide, right, narrow = (point(2, 4, 2 / by, 2 * by).pinball(GUARD) for by in (9, 2, 1.01))
    assert right < narrow
    assert right < wide


def test_each_account_counts_alike_however_often_it_was_read():
    weighted = alike([[0.0] * 99, [1.0], []])
    assert mean(weighted, float) == pytest.approx(0.5)
    assert (quantile(weighted, 0.4, float), quantile(weighted, 0.6, float)) == (0, 1)
    assert median(alike([[1, 2, 9]]), float) == 2


def test_nothing_looks_ahead_except_who_is_named_after_it():
    whole = generated(office_hours, 10, 1)
    part = replace(whole, readings=whole.readings[: len(whole.readings) * 2 // 3])
    both = list(zip(traces.walk(part), traces.walk(whole), strict=False))
    assert all(known == same for known, same in both)
    known = both[-1][0]
    for name, peer in PEERS.items():
        if name != KNOWS:
            assert peer(part, known, 10.0) == peer(whole, known, 10.0)


def test_an_account_is_the_same_for_the_same_seed_and_another_for_another():
    assert generated(office_hours, 10, 1) == generated(office_hours, 10, 1)
    assert generated(office_hours, 10, 1).readings != generated(office_hours, 10, 2).readings


@pytest.mark.parametrize("kind", KINDS)
def test_accounts_only_spend_and_are_told_in_time_order_with_gaps(kind):
    trace = generated(kind, 10, 1)
    steps = [after - before for before, after in zip(trace.days, trace.days[1:], strict=False)]
    assert min(steps) > 0
    assert max(steps) > 1 / 24
    assert sorted(trace.spent) == trace.spent


def test_a_time_that_a_file_tells_twice_is_one_reading(tmp_path):
    (tmp_path / "one.csv").write_text(
        "time,money\n2026-06-01T00:00:00Z,0\n2026-06-01T00:15:00Z,2\n2026-06-01T00:15:00Z,2\n"
    )
    [trace] = traces.read(tmp_path)
    assert trace.readings == ((START, Decimal(0)), (START + HOUR / 4, Decimal(2)))


def test_every_credit_that_runs_dry_is_counted_once():
    runs = list(alerts.runs_dry(constant(), 2.0))
    assert [run.ended for run in runs] == [pytest.approx(2.0), pytest.approx(4.0), pytest.approx(6.0)]


def test_a_credit_of_a_steady_account_is_announced_in_time_and_for_nothing_never():
    trace = generated(steady, 40, 1)
    hourly = replace(trace, readings=trace.readings[::4])
    for run in alerts.runs_dry(hourly, 10.0):
        assert run.lead(run.warned) == pytest.approx(5.5, abs=1.6)
        assert (run.lead(run.critical), run.alerts) == (pytest.approx(2, abs=0.2), 2)
    assert alerts.false_alerts(hourly) == (0, 0)
    assert list(alerts.falsely_warned_young(hourly)) == [False] * 3


def test_an_alert_that_was_not_true_is_counted():
    """A day of great use, and next to nothing after it: what is left lasts for weeks."""
    spent = [Decimal(min(hour, 96)) + Decimal(hour) / 100 for hour in range(60 * 24)]
    trace = Trace("calm", "calm", tuple((START + n * HOUR, one) for n, one in enumerate(spent)))
    assert sum(alerts.false_alerts(trace)) > 0


def test_a_leak_into_a_steady_account_is_told_at_once_and_nothing_before_it():
    trace = generated(steady, 10, 1)
    known = list(traces.walk(trace))
    assert set(drains.false_alarms(trace, known).values()) == {0}
    found = list(drains.leaks(trace, known))
    assert {leak.balance for leak in found} == set(accuracy.BALANCES)
    assert all(leak.told for leak in found)


def test_the_forecast_holds_its_figures_on_accounts_of_many_kinds():
    measured = []
    for kind in KINDS:
        trace = generated(kind, forecast.DAYS, 11)
        measured.append(foretold(replace(trace, readings=trace.readings[::4])))
    weighted = alike(measured)
    assert mean(weighted, lambda one: one.coherent) == 1
    assert 0.95 <= math.exp(median(weighted, lambda one: one.off(GUARD))) <= 1.05
    assert 0.75 <= mean(weighted, lambda one: one.holds(GUARD)) <= 0.88
    ours, theirs = (mean(weighted, lambda one, m=m: one.pinball(m)) for m in (GUARD, LAST_WEEK))
    assert ours / theirs <= 0.8


def test_the_scorecard_tells_each_figure_beside_its_goal():
    trace = generated(steady, 40, 2)
    one = forecast.measure(replace(trace, readings=trace.readings[::16]))
    table = forecast.scorecard_table({"generated": forecast.Pool([one], [False])})
    console = Console(width=120, file=StringIO())
    console.print(table)
    assert "coherent figures" in console.file.getvalue()
    assert len(table.rows) == len(list(forecast.scorecard()))
