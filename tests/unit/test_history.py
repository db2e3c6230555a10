"""What was spent, from readings at irregular times."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.history import MOST_POINTS, SpendingHistory

START = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def curve_of(*readings: tuple[timedelta, object]) -> SpendingHistory:
    """The history after balances that were read at times since the start."""
    history, before = SpendingHistory(), None
    for at, balance in readings:
        fall = Decimal(0) if before is None else before - Decimal(balance)
        history, before = history.reading(START + at, fall), Decimal(balance)
    return history


def test_spending_over_a_gap_is_taken_as_even():
    history = curve_of((0 * HOUR, 100), (48 * HOUR, 52))
    assert history.spent_within(HOUR, START + 48 * HOUR) == pytest.approx(Decimal(1))
    assert history.spent_between(START + 10 * HOUR, START + 12 * HOUR) == pytest.approx(Decimal(2))


def test_a_top_up_is_neither_spending_nor_negative_spending():
    history = curve_of((0 * HOUR, 50), (6 * HOUR, 40), (12 * HOUR, 140), (24 * HOUR, 130))
    assert history.spent_within(DAY, START + 24 * HOUR) == 20


def test_what_is_older_than_two_weeks_is_forgotten():
    history = curve_of(*((n * 6 * HOUR, 1000 - n) for n in range(4 * 30)))
    assert 14 * DAY <= history.span(START + 119 * 6 * HOUR) <= 17 * DAY


def test_the_same_reading_again_changes_nothing():
    once = curve_of((0 * HOUR, 100), (1 * HOUR, 60))
    assert curve_of((0 * HOUR, 100), (1 * HOUR, 60), (1 * HOUR, 60)) == once


def test_the_curve_knows_nothing_beyond_its_readings():
    assert (SpendingHistory().span(START), SpendingHistory().spent_within(HOUR, START)) == (
        timedelta(0),
        0,
    )
    history = curve_of((0 * HOUR, 9), (5 * HOUR, 8))
    assert history.span(START + 5 * HOUR) == 5 * HOUR
    assert history.spent_within(9 * HOUR, START + 5 * HOUR) == 1
    assert history.spent_within(HOUR, START + 9 * HOUR) == 0


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
    now, history, readings = START, SpendingHistory().reading(START, Decimal(0)), [(START, Decimal(0))]
    for minutes, fall in falls:
        now += minutes * MINUTE
        readings.append((now, fall))
        history = history.reading(now, fall)
    assert len(history.points) <= MOST_POINTS
    assert all(a.at < b.at and a.spent <= b.spent for a, b in pairwise(history.points))
    assert history.points[0].spent == 0
    if len(history.points) < MOST_POINTS:  # else the oldest ones had to go
        for span, blur in ((HOUR, 5 * MINUTE), (DAY, HOUR), (7 * DAY, 3 * HOUR)):
            least = exactly_spent(readings, span - blur, now) - Decimal("0.0001")
            most = exactly_spent(readings, span + blur, now) + Decimal("0.0001")
            assert least <= history.spent_within(span, now) <= most


def test_a_drain_of_the_last_hour_is_seen_to_the_cent_among_readings_of_ten_days():
    quiet = [(n * 15 * MINUTE, 900 - Decimal(n) / 100) for n in range(10 * 24 * 4)]
    last, balance = quiet[-1]
    history = curve_of(*quiet, (last + 30 * MINUTE, balance - 100), (last + HOUR, balance - 160))
    assert history.spent_within(HOUR, START + last + HOUR) == 160
