"""Burn and runway from readings at irregular times."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.forecast import MOST_POINTS, Curve, forecast

START = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def curve_of(*readings: tuple[timedelta, object]) -> Curve:
    """The curve after balances that were read at times since the start."""
    curve, before = Curve(), None
    for at, balance in readings:
        fall = Decimal(0) if before is None else before - Decimal(balance)
        curve, before = curve.reading(START + at, fall), Decimal(balance)
    return curve


def ahead(*readings: tuple[timedelta, object]):
    """Burn a day and runway in days, as of the last reading; `None` while unknown."""
    at, balance = readings[-1]
    told = forecast(curve_of(*readings), Decimal(balance), START + at)
    return told and (round(told.burn_per_day, 6), round(told.runway / DAY, 6))


def even_readings(per_day: int, days: int, every: timedelta = HOUR):
    return [(n * every, 10_000 - per_day * (n * every / DAY)) for n in range(days * DAY // every + 1)]


def test_nothing_is_foretold_before_six_hours_of_history():
    assert ahead((0 * HOUR, 100), (6 * HOUR - MINUTE, 90)) is None
    assert ahead((0 * HOUR, 100), (6 * HOUR, 90)) == (40, 2.25)


def test_the_first_reading_foretells_nothing():
    assert forecast(Curve(), Decimal(5), START) is None
    assert ahead((0 * HOUR, 5)) is None


def test_even_spending_gives_what_is_left_over_the_pace():
    assert ahead(*even_readings(480, 3)) == (480, round((10_000 - 3 * 480) / 480, 6))
    assert ahead((0 * HOUR, "1.25"), (12 * HOUR, 1)) == (Decimal("0.5"), 2)


def test_a_top_up_is_neither_spending_nor_negative_spending():
    readings = (0 * HOUR, 50), (6 * HOUR, 40), (12 * HOUR, 140), (24 * HOUR, 130)
    assert ahead(*readings) == (20, 6.5)


def test_the_faster_of_the_last_day_and_the_last_week_counts():
    calm_week_busy_day = (0 * DAY, 100), (6 * DAY, 100), (7 * DAY, 65)
    busy_week_calm_day = (0 * DAY, 100), (6 * DAY, 65), (7 * DAY, 65)
    assert ahead(*calm_week_busy_day)[0] == 35
    assert ahead(*busy_week_calm_day)[0] == 5


def test_spending_over_a_gap_is_taken_as_even():
    curve = curve_of((0 * HOUR, 100), (48 * HOUR, 52))
    assert curve.spent_within(HOUR, START + 48 * HOUR) == pytest.approx(Decimal(1))


def test_spending_of_more_than_a_week_ago_is_forgotten():
    busy_before = [(n * HOUR, 1000 - n) for n in range(24)]
    calm_since = [(DAY + n * HOUR, 977) for n in range(7 * 24 + 1)]
    assert ahead(*busy_before, *calm_since)[0] == 0


def test_a_balance_that_is_not_spent_lasts_a_year_at_most():
    assert ahead((0 * HOUR, 100), (7 * HOUR, 100)) == (0, 365)
    assert ahead((0 * HOUR, 100), (7 * HOUR, "99.99"))[1] == 365


@pytest.mark.parametrize("balance", ["0", "-3"])
def test_a_balance_that_is_used_up_lasts_no_time(balance):
    assert ahead((0 * HOUR, 100), (7 * HOUR, balance))[1] == 0
    assert ahead((0 * HOUR, balance), (7 * HOUR, balance)) == (0, 0)


def test_the_same_reading_again_changes_nothing():
    once = curve_of((0 * HOUR, 100), (1 * HOUR, 60))
    assert curve_of((0 * HOUR, 100), (1 * HOUR, 60), (1 * HOUR, 60)) == once


def test_the_curve_knows_nothing_beyond_its_readings():
    assert (Curve().span(START), Curve().spent_within(HOUR, START)) == (timedelta(0), 0)
    curve = curve_of((0 * HOUR, 9), (5 * HOUR, 8))
    assert curve.span(START + 5 * HOUR) == 5 * HOUR
    assert curve.spent_within(9 * HOUR, START + 5 * HOUR) == 1
    assert curve.spent_within(HOUR, START + 9 * HOUR) == 0


steps = st.lists(
    st.tuples(st.integers(1, 180), st.integers(-500, 500).map(lambda cents: Decimal(cents) / 100)),
    min_size=1,
    max_size=400,
)


def exactly_spent(readings, span: timedelta, now: datetime) -> Decimal:
    """Spending over `span` from every reading there was, none thinned out."""
    spent = Decimal(0)
    for (at, _), (later, fall) in pairwise(readings):
        share = max(timedelta(0), later - max(at, now - span)) / (later - at)
        spent += max(fall, Decimal(0)) * Decimal(min(1.0, share))
    return spent


@given(steps)
def test_thinning_keeps_few_points_and_nearly_all_that_was_spent(falls):
    now, curve, readings = START, Curve().reading(START, Decimal(0)), [(START, Decimal(0))]
    for minutes, fall in falls:
        now += minutes * MINUTE
        readings.append((now, fall))
        curve = curve.reading(now, fall)
    assert len(curve.points) <= MOST_POINTS
    assert all(a.at < b.at and a.spent <= b.spent for a, b in pairwise(curve.points))
    assert curve.points[0].spent == 0
    if len(curve.points) < MOST_POINTS:  # else the oldest ones had to go
        for span, blur in ((HOUR, 5 * MINUTE), (DAY, HOUR), (7 * DAY, 3 * HOUR)):
            least = exactly_spent(readings, span - blur, now) - Decimal("0.0001")
            most = exactly_spent(readings, span + blur, now) + Decimal("0.0001")
            assert least <= curve.spent_within(span, now) <= most


@given(st.integers(1, 60), st.integers(1, 100))
def test_an_even_pace_is_foretold_exactly_however_often_it_is_read(minutes, per_day):
    readings = even_readings(per_day, 9, minutes * MINUTE)
    at, balance = readings[-1]
    told = forecast(curve_of(*readings), Decimal(balance), START + at)
    assert told.burn_per_day == pytest.approx(Decimal(per_day), rel=Decimal("1e-6"))


def test_a_drain_of_the_last_hour_is_seen_to_the_cent_among_readings_of_ten_days():
    quiet = [(n * 15 * MINUTE, 900 - Decimal(n) / 100) for n in range(10 * 24 * 4)]
    last, balance = quiet[-1]
    curve = curve_of(*quiet, (last + 30 * MINUTE, balance - 100), (last + HOUR, balance - 160))
    assert curve.spent_within(HOUR, START + last + HOUR) == 160
