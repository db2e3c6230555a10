"""When a balance ends: the rate of the last days, carried on through the usual hours and weekdays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.decide import decide
from guard.forecast import forecast
from guard.history import SpendingHistory
from guard.memory import Memory
from guard.model import Account, Balance, Reading, Rules, Spans
from guard.record import dumps, loads

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
QUARTER = 15 * MINUTE
RULES = Rules({}, None, Spans(DAY, DAY), None)


def lived(span, pace, every=QUARTER, credit=100_000, top_ups=(), start=MONDAY):
    """What is remembered after readings over a time; `pace(when)` is in money a day.

    It is written down and read again at each step, as the function does.
    """
    memory, balance, at = Memory(), Decimal(credit), timedelta(0)
    while at <= span:
        balance += sum(Decimal(money) for when, money in top_ups if at - every < when <= at)
        memory = read(memory, balance, start + at)
        balance -= Decimal(str(pace(start + at))) * Decimal(every / DAY)
        at += every
    return memory


def read(memory, balance, now, **more):
    row = Balance("USD", round(Decimal(balance), 6), **more)
    return loads(dumps(decide(memory, Reading((row,)), RULES, Account("deepseek", "x"), now).memory))


def told(memory, balance=None):
    """The forecast of what is remembered, for its own balance or another."""
    row, now = memory.rows["USD"], memory.observed_at
    return forecast(row.history, row.balance if balance is None else Decimal(balance), now)


def a_day(memory):
    return float(told(memory).burn_per_day)


def days(memory, balance=None):
    return told(memory, balance).runway / DAY


def even(pace):
    return lambda _when: pace


def office(when):
    return 72 if 8 <= when.hour < 16 else 0


def test_nothing_is_foretold_before_a_day_of_history():
    assert told(lived(23 * HOUR - QUARTER, even(24))) is None
    assert told(lived(23 * HOUR, even(24))).burn_per_day == pytest.approx(24, rel=0.02)


def test_the_first_reading_foretells_nothing():
    assert forecast(SpendingHistory(), Decimal(5), MONDAY) is None
    assert told(read(Memory(), 5, MONDAY)) is None


@pytest.mark.parametrize(
    ("every", "span"),
    [(5 * MINUTE, DAY), *product([QUARTER, HOUR, 6 * HOUR], [DAY, 3 * DAY, 12 * DAY])],
)
def test_even_spending_gives_what_is_left_over_the_pace(every, span):
    memory = lived(span, even(24), every)
    assert a_day(memory) == pytest.approx(24, rel=0.02)
    for balance in (6, 24, 240):
        assert days(memory, balance) == pytest.approx(balance / 24, rel=0.05)


@settings(max_examples=25)
@given(st.integers(1, 100))
def test_a_pace_twice_as_fast_halves_what_is_left(pace):
    slow, fast = (lived(2 * DAY, even(each), HOUR) for each in (pace, 2 * pace))
    assert days(slow, 10) == pytest.approx(2 * days(fast, 10), rel=0.02)


def test_who_sleeps_at_night_spends_nothing_at_night():
    evening = lived(6 * DAY + 16 * HOUR, office)
    assert days(evening, 12) == pytest.approx((16 + 4) / 24, abs=0.15)
    morning = lived(6 * DAY + 8 * HOUR, office)
    assert days(morning, 12) == pytest.approx(4 / 24, abs=0.1)


def test_a_weekend_that_was_idle_twice_is_expected_to_be_idle():
    friday = lived(18 * DAY, lambda when: 24 if when.weekday() < 5 else 0)
    assert friday.observed_at.weekday() == 4
    assert 3 < days(friday, 48) < 4.5  # a day of work, the weekend, and another day


def test_a_top_up_is_no_negative_burn_and_unlearns_nothing():
    calm = lived(5 * DAY, even(24))
    topped_up = lived(5 * DAY, even(24), top_ups=[(3 * DAY, 500), (4 * DAY + HOUR, 20)])
    assert a_day(topped_up) == pytest.approx(a_day(calm), rel=0.03)
    assert days(topped_up, 48) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("money", ["0.01", "5", "900000"])
def test_a_top_up_of_any_size_changes_no_rate(money):
    calm = lived(5 * DAY, office, HOUR)
    topped_up = lived(5 * DAY, office, HOUR, top_ups=[(4 * DAY + 10 * HOUR, money)])
    assert days(topped_up, 100) == pytest.approx(days(calm, 100), rel=0.06)


def test_many_top_ups_do_not_make_a_pace_slower():
    often = [(n * 2 * HOUR, 4) for n in range(1, 12 * 8)]
    memory = lived(8 * DAY, even(24), HOUR, credit=1000, top_ups=often)
    assert a_day(memory) == pytest.approx(24, rel=0.05)


def test_spending_that_hides_in_a_top_up_is_not_pretended_to_be_known():
    """With every reading a little money comes in, and nobody knows what went."""
    memory, balance = Memory(), Decimal(100)
    for n in range(4 * 24):
        balance += Decimal("0.01")
        memory = read(memory, balance, MONDAY + n * QUARTER)
    assert told(memory) is None


def test_a_grant_that_expires_is_not_spent():
    before = lived(3 * DAY, even(24), credit=1000)
    last = before.rows["USD"].balance
    granted = read(before, last, before.observed_at + QUARTER, expiring=Decimal(200))
    gone = read(granted, last - 200, before.observed_at + 2 * QUARTER)
    assert a_day(gone) == pytest.approx(24, rel=0.03)
    assert days(gone, 48) == pytest.approx(2, rel=0.05)
    # What fell beyond the grant was spent.
    spent = read(granted, last - 300, before.observed_at + 2 * QUARTER)
    assert a_day(spent) > 45


def test_one_correction_is_no_pace():
    before = lived(6 * DAY, even(24), credit=1000)
    after = read(before, before.rows["USD"].balance - 30, before.observed_at + QUARTER)
    assert days(after, 48) > 1.2  # the last hours at their own pace would say half a day


def test_a_busy_hour_is_no_new_rate():
    def burst(when):
        return 240 if when >= MONDAY + 6 * DAY - HOUR else 24

    assert days(lived(6 * DAY, burst), 240) > 0.85 * days(lived(6 * DAY, even(24)), 240)


def test_what_was_learnt_fades_when_ways_change():
    memory = lived(28 * DAY, lambda when: 100 if when < MONDAY + 7 * DAY else 10, HOUR)
    assert 10 < a_day(memory) < 14


def test_a_new_level_counts_half_after_four_days():
    memory = lived(14 * DAY, lambda when: 24 if when < MONDAY + 10 * DAY else 48, HOUR)
    assert a_day(memory) == pytest.approx(36, rel=0.1)


def width(memory, balance):
    ahead = told(memory, balance)
    return ahead.latest / ahead.earliest


def now_and_then(when):
    return 240 if (when - MONDAY) // DAY in {2, 8, 9, 15, 16, 18} and when.hour < 12 else 1


def test_an_account_that_strays_from_its_ways_gets_a_wide_range_and_an_even_one_a_narrow_one():
    assert width(lived(20 * DAY, now_and_then, HOUR), 100) > 4
    assert width(lived(20 * DAY, even(24), HOUR), 100) < 1.6


def test_a_new_account_gets_a_wide_range_and_what_lies_far_beyond_the_time_watched_a_wider_one():
    young = lived(DAY, even(24))
    assert 6 < width(young, 24) < 9  # x2.8 either way
    assert width(young, 24 * 20) > 3 * width(young, 24)


def test_a_gap_of_hours_is_taken_as_even_spending():
    memory = lived(2 * DAY, even(24))
    later = read(memory, memory.rows["USD"].balance - 8, memory.observed_at + 8 * HOUR)
    assert a_day(later) == pytest.approx(24, rel=0.03)


def test_a_guard_that_was_off_for_months_goes_on():
    memory = lived(2 * DAY, even(24))
    later = read(memory, memory.rows["USD"].balance - 900, memory.observed_at + 90 * DAY)
    assert a_day(later) == pytest.approx(10, rel=0.2)


def test_a_balance_that_is_not_spent_lasts_a_year_at_most():
    memory = lived(DAY, even(0))
    assert (a_day(memory), days(memory)) == (0, 365)
    assert days(lived(DAY, even(0.001))) == 365


@pytest.mark.parametrize("balance", ["0", "-3"])
def test_a_balance_that_is_used_up_lasts_no_time(balance):
    memory = lived(DAY, even(24))
    ahead = told(memory, balance)
    assert (ahead.runway, ahead.earliest, ahead.latest) == (timedelta(0),) * 3
    assert ahead.burn_per_day == pytest.approx(24, rel=0.02)


steps = st.lists(st.tuples(st.integers(1, 400), st.integers(-20_000, 5_000)), min_size=10, max_size=60)


@given(steps, st.integers(1, 10**6))
def test_whatever_was_read_the_figures_agree_and_more_money_lasts_no_shorter(steps, cents):
    memory, balance, now = Memory(), Decimal(1000), MONDAY
    for minutes, step in steps:
        now += minutes * MINUTE
        balance += Decimal(step) / 100
        memory = read(memory, balance, now)
    balance = Decimal(cents) / 100
    ahead = told(memory, balance)
    if ahead is None:
        return
    assert timedelta(0) < ahead.earliest <= ahead.runway <= ahead.latest <= 365 * DAY
    if ahead.runway < 365 * DAY:
        assert ahead.burn_per_day * Decimal(ahead.runway / DAY) == pytest.approx(balance)
    else:
        assert ahead.burn_per_day * 365 < balance * 2
    runways = [told(memory, balance * times).runway for times in (Decimal("0.01"), 1, 2, 100)]
    assert runways == sorted(runways)
