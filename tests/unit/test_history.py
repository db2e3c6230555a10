"""What was spent of a balance: by day, by hour of the day, within a time; and as a text."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.history import HOURS, MOST_DAYS, SpendingHistory, Spent
from guard.history_text import dumps, loads
from guard.model import NO_MONEY

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECONDS_A_DAY = 86_400


def after(*readings, start=MONDAY, **more) -> SpendingHistory:
    """The history after falls (`None`: not known) that were read at times since the start."""
    history = SpendingHistory().reading(start, None)
    for at, spent in readings:
        history = history.reading(start + at, None if spent is None else Decimal(spent), **more)
    return history


def steadily(span, spent, every=15 * MINUTE, **more):
    return after(*((n * every, spent) for n in range(1, span // every + 1)), **more)


def test_the_first_reading_tells_nothing_of_spending():
    history = after()
    assert (history.first, history.last, history.days) == (MONDAY, MONDAY, (Spent(),))
    assert history.spent_within(DAY, MONDAY) == SpendingHistory().spent_within(DAY, MONDAY) == 0
    assert SpendingHistory().watched(MONDAY) == timedelta(0)


def test_a_reading_spreads_its_fall_evenly_over_the_hours_since_the_last_one():
    history = after((36 * HOUR, 72))
    assert history.days == (Spent(Decimal(48), SECONDS_A_DAY), Spent(Decimal(24), SECONDS_A_DAY // 2))
    assert history.hours[23].money == pytest.approx(Decimal(2), rel=Decimal("0.1"))  # faded once
    assert history.spent_within(HOUR, MONDAY + 36 * HOUR) == 2


def test_a_rise_adds_neither_money_nor_time():
    history = after((6 * HOUR, 6), (12 * HOUR, None), (18 * HOUR, 6))
    assert history.days == (Spent(Decimal(12), 12 * 3600),)
    assert [hour.seconds for hour in history.hours] == [3600] * 6 + [0] * 6 + [3600] * 6 + [0] * 6
    assert history.spent_within(DAY, MONDAY + 18 * HOUR) == 12


def test_a_reading_at_midnight_begins_a_day_and_28_days_are_kept():
    history = after((DAY, 24))
    assert history.days == (Spent(Decimal(24), SECONDS_A_DAY), Spent())
    assert [(round(day.money, 6), day.seconds) for day in steadily(40 * DAY, 1, 6 * HOUR).days] == (
        [(4, SECONDS_A_DAY)] * (MOST_DAYS - 1) + [(0, 0)]
    )


def test_an_hour_of_the_day_fades_by_half_in_fourteen_days():
    history = after((HOUR, 8), (14 * DAY, None), (28 * DAY, None))
    assert history.hours[0].money == pytest.approx(Decimal(2), rel=Decimal("0.001"))
    assert history.hours[0].seconds == 900


def test_the_same_reading_again_and_one_from_before_change_nothing():
    history = after((HOUR, 4))
    assert history.reading(MONDAY + HOUR, Decimal(4)) == history
    assert history.reading(MONDAY, Decimal(4)) == history


def test_the_last_hour_is_known_to_the_cent_after_ten_days():
    history = steadily(10 * DAY, "0.01")
    now = MONDAY + 10 * DAY
    for minutes, spent in ((30, 100), (60, 60)):
        history = history.reading(now + minutes * MINUTE, Decimal(spent))
    assert history.spent_within(HOUR, now + HOUR) == 160


def test_a_week_and_two_weeks_are_known_from_the_days():
    history = steadily(20 * DAY + 6 * HOUR, "0.25")
    now = MONDAY + 20 * DAY + 6 * HOUR
    assert history.spent_within(7 * DAY, now) == 168
    assert history.spent_within(14 * DAY, now) == 336
    assert steadily(3 * DAY, "0.25").spent_within(7 * DAY, MONDAY + 3 * DAY) == 72


def test_a_longer_time_is_known_from_the_readings_where_that_is_asked_for():
    """Of a day with one burst, half is not half of its money."""
    bursts = [(n * HOUR, 24 if n % 24 == 1 else 0) for n in range(1, 5 * 24 + 13)]
    now = MONDAY + 5 * DAY + 12 * HOUR
    assert after(*bursts).spent_within(3 * DAY, now) > 72
    assert after(*bursts, within=3 * DAY).spent_within(3 * DAY, now) == 72
    assert len(after(*bursts, within=7 * DAY).trail) < 80


def test_a_cent_is_not_lost_among_thousands():
    history = after((HOUR, "9999.98"), (2 * HOUR, "0.01"))
    assert history.days[0].money == Decimal("9999.99")


steps = st.lists(
    st.tuples(
        st.integers(1, 500_000),
        st.none() | st.integers(0, 50_000).map(lambda cents: Decimal(cents) / 100),
    ),
    max_size=120,
)


def read_of(steps):
    now, history, readings = MONDAY, SpendingHistory().reading(MONDAY, None), [(MONDAY, NO_MONEY)]
    for seconds, spent in steps:
        now += timedelta(seconds=seconds)
        readings.append((now, spent or NO_MONEY))
        history = history.reading(now, spent)
    return history, readings, now


@given(steps)
def test_what_was_spent_within_a_day_is_known_to_a_twelfth_of_the_time(steps):
    history, readings, now = read_of(steps)

    def exactly(span):
        return sum(
            spent * Decimal(min(1, max(timedelta(0), at - max(before, now - span)) / (at - before)))
            for (before, _), (at, spent) in pairwise(readings)
        )

    for span in (HOUR, 6 * HOUR, DAY):
        blur = max(span / 12, 10 * MINUTE)
        least = exactly(span - blur) * Decimal("0.999")
        assert least <= history.spent_within(span, now) <= exactly(span + blur) * Decimal("1.001")
    assert len(history.trail) < 60


@given(steps)
def test_a_history_is_read_as_it_was_written(steps):
    history, _, _ = read_of(steps)
    assert loads(dumps(history)) == history
    assert loads(dumps(SpendingHistory())) == SpendingHistory()


@given(steps, st.integers(1, 86_400))
def test_a_top_up_unlearns_nothing(steps, seconds):
    history, _, now = read_of(steps)
    topped_up = history.reading(now + timedelta(seconds=seconds), None)
    if topped_up.last.date() == now.date():
        assert (topped_up.days, topped_up.hours) == (history.days, history.hours)
    assert sum(day.seconds for day in topped_up.days) <= sum(day.seconds for day in history.days)


def test_a_busy_account_is_written_in_less_than_a_kilobyte():
    history = SpendingHistory().reading(MONDAY, None)
    for n in range(1, 40 * 96):
        history = history.reading(MONDAY + n * 15 * MINUTE, Decimal(n * 7919 % 10007 + 1) / 997)
    text = dumps(history)
    assert len(text) < 900
    assert len(text.rpartition(";")[0]) < 500  # without the readings


WHOLE = dumps(steadily(3 * DAY, 1, HOUR))


GOOD = dict(zip(("first", "start", "within", "days", "hours", "trail"), WHOLE.split(";"), strict=True))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("first", "soon"),
        ("first", GOOD["start"] + "0"),
        ("start", "9" * 30),
        ("days", ""),
        ("days", ",".join(["1:1"] * (MOST_DAYS + 1))),
        ("hours", ",".join(["1:1"] * (HOURS - 1))),
        ("hours", ",".join(["1:-1"] * HOURS)),
        ("hours", ",".join(["-1:1"] * HOURS)),
        ("hours", ",".join(["NaN:1"] * HOURS)),
        ("hours", ",".join(["1E30:1"] * HOURS)),
        ("trail", "1"),
        ("trail", "1:x"),
        ("trail", "1:" + "9" * 30),
        ("trail", "1:1;1"),
    ],
)
def test_a_damaged_history_is_not_read(name, value):
    assert loads(";".join(GOOD.values())) == loads(WHOLE)
    with pytest.raises((ValueError, ArithmeticError)):
        loads(";".join({**GOOD, name: value}.values()))
