"""The benchmark measures what it says, and the forecast holds its figures on accounts of many kinds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from benchmarks import accuracy, alerts, drains, forecast, traces
from benchmarks.accounts import KINDS, generated, office_hours, steady
from benchmarks.accuracy import GUARD, Point
from benchmarks.peers import PEERS
from benchmarks.traces import Trace

pytestmark = pytest.mark.no_cover

START = datetime(2026, 6, 1, tzinfo=UTC)
METHODS = (GUARD, *PEERS)


def constant(days: int = 6) -> Trace:
    hours = range(days * 24 + 1)
    readings = tuple((START + timedelta(hours=hour), Decimal(hour) / 2) for hour in hours)
    return Trace("constant", "constant", readings)


def cut(trace: Trace, readings: int) -> Trace:
    return replace(trace, readings=trace.readings[:readings])


def point(predicted: float, truth: float) -> Point:
    return Point(1.0, truth, {"a peer": predicted}, within=True)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_pace_is_foreseen_exactly(method):
    score = accuracy.score(accuracy.points(constant()), method)
    assert score.median == pytest.approx(1.0, abs=0.01)
    assert score.tenth == pytest.approx(1.0, abs=0.01)
    assert score.over_twice == 0


def test_the_truth_is_known_to_the_hour():
    first = next(accuracy.points(constant()))
    assert (first.day, first.truth) == (1.0, pytest.approx(0.5))


def test_balances_that_outlast_the_trace_are_not_measured():
    assert max(one.day + one.truth for one in accuracy.points(constant())) <= 6


def test_a_method_that_says_twice_too_long_is_counted_so():
    score = accuracy.score(
        [point(2.5, 1.0), point(2.5, 1.0), point(0.4, 1.0), point(1.0, 1.0)], "a peer"
    )
    assert score.over_twice == 0.5
    assert score.median == pytest.approx(2.5)


def test_too_long_and_too_short_are_equally_far_off():
    assert accuracy.score([point(3, 1), point(3, 1)], "a peer").median == pytest.approx(
        accuracy.score([point(1, 3), point(1, 3)], "a peer").median
    )


def test_nothing_looks_ahead():
    whole = generated(office_hours, 10, 1)
    part = cut(whole, len(whole.readings) * 2 // 3)
    for known, same in zip(traces.walk(part), traces.walk(whole), strict=False):
        assert known == same
    for peer in PEERS.values():
        assert peer(part) == peer(whole)[: len(part.readings)]


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
    assert trace.readings == ((START, Decimal(0)), (START + timedelta(minutes=15), Decimal(2)))


def test_every_credit_that_runs_dry_is_counted_once():
    runs = list(alerts.runs_dry(constant(), 2.0))
    assert [run.ended for run in runs] == [pytest.approx(2.0), pytest.approx(4.0), pytest.approx(6.0)]
    assert [run.seen for run in runs] == [True, True, True]


def test_a_credit_of_a_steady_account_is_announced_in_time():
    runs = list(alerts.runs_dry(generated(steady, 28, 1), 10.0))
    assert len(runs) == 2
    assert all(run.in_time(run.warned) and run.in_time(run.critical) for run in runs)


def test_a_burst_that_nobody_could_see_is_no_miss():
    calm = constant()
    burst = [
        (at, spent * 100 if at > START + timedelta(days=5) else spent) for at, spent in calm.readings
    ]
    [run, *_] = alerts.runs_dry(replace(calm, readings=tuple(burst)), 0.1)
    assert not run.seen


def test_a_leak_into_a_steady_account_is_said_at_once_and_nothing_before_it():
    trace = generated(steady, 10, 1)
    assert set(drains.said_for_nothing(trace).guard.values()) == {0}
    found = list(drains.leaks(trace, 50))
    assert found
    assert all(leak.first for leak in found)


def test_the_forecast_holds_its_figures_on_accounts_of_many_kinds():
    pool = [generated(kind, days, 11) for kind in KINDS for days in (28, 10)]
    points = [one for trace in pool for one in accuracy.points(trace, 31)]
    score = accuracy.score(points, GUARD)
    assert score.median <= forecast.MEDIAN
    assert score.tenth <= forecast.TENTH
    assert score.over_twice <= forecast.OVER_TWICE
