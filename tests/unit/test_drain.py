"""Whether money leaves as if a key had leaked: by its share, and against the usual pace."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guard.alert import FastDrain
from guard.conditions import fast_drain
from guard.drain import Spikes, drained
from guard.history import SpendingHistory
from guard.memory import Memory, Row
from guard.model import Balance, DrainRule, Judged, Rules, Severity, Spans

START = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE, QUARTER = timedelta(minutes=1), timedelta(minutes=15)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULE = DrainRule(Decimal("0.25"), HOUR)


class Story:
    """An account that is read every quarter of an hour, and what is found of a drain."""

    def __init__(self, credit):
        self.balance, self.now, self.drain = Decimal(credit), START, None
        self.history, self.spikes, self.last = SpendingHistory(), Spikes(), None

    def goes_on(self, span, pace):
        """The kinds of what is to be told over a time in which `pace(when)` a day is spent."""
        told = []
        for _ in range(span // QUARTER):
            self.now += QUARTER
            self.balance -= Decimal(str(pace(self.now))) / 96
            told += self.reads(round(self.balance, 6))
        return told

    def reads(self, balance):
        spent = None if self.last is None else self.last - balance
        before, self.last, known = self.history, balance, self.drain
        self.history = before.reading(self.now, spent)
        self.spikes = self.spikes.reading(before, self.history)
        self.drain = drained(
            self.history, self.spikes, balance, RULE, self.now, open_already=known is not None
        )
        if (known is None) == (self.drain is None):
            return []
        return ["alert"] if self.drain else ["recovery"]


def even(pace):
    return lambda _when: pace


def office(when):
    return 72 if 8 <= when.hour < 16 else 1


@pytest.mark.parametrize("usual", [office, even(24)])
@pytest.mark.parametrize("hour", [0, 8, 12, 16])
@pytest.mark.parametrize("days_left", [2, 3, 20, 100])
def test_a_leaked_key_that_burns_ten_times_the_usual_pace_is_said_at_the_next_reading(
    usual, hour, days_left
):
    story = Story(24 * (5 + days_left))
    assert story.goes_on(5 * DAY + hour * HOUR, usual) == []
    assert story.goes_on(QUARTER, lambda when: usual(when) + 10 * max(usual(when), 24)) == ["alert"]
    assert story.drain.times > 5


def test_one_correction_does_not_hide_leaks_for_months():
    story = Story(500 + 24 * 70)
    story.goes_on(5 * DAY, even(24))
    assert story.goes_on(QUARTER, even(24 * 2000)) == ["alert"]
    story.goes_on(30 * DAY + 12 * HOUR, even(24))
    assert story.goes_on(QUARTER, even(24 * 20)) == ["alert"]


def test_an_account_that_has_slowed_down_is_judged_by_its_present_pace():
    story = Story(24 * 40)
    story.goes_on(14 * DAY, even(24))
    assert story.goes_on(10 * DAY, even(8)) == []
    assert story.goes_on(QUARTER, even(88)) == ["alert"]


def test_a_job_that_begins_a_little_before_its_hour_is_no_leak():
    def nightly(when):
        return 24 * 12 if when.hour == 2 and when.minute else 12

    def early(when):
        return 24 * 12 if when == START + 4 * DAY + 2 * HOUR else nightly(when)

    story = Story(24 * 30)
    story.goes_on(4 * DAY, nightly)
    assert story.goes_on(DAY, early) == []


@pytest.mark.parametrize("idle", [4, 7, 10])
def test_the_first_day_after_a_pause_is_no_leak(idle):
    def worked(when):
        days = (when - START) // DAY
        return (office(when) if days % 7 < 5 else 1) if not 28 <= days < 28 + idle else 0

    story = Story(24 * 28 + 400)
    story.goes_on((28 + idle) * DAY, worked)
    assert story.goes_on(3 * DAY, worked) == []


def test_a_job_that_ran_while_no_check_succeeded_is_no_leak():
    def nightly(when):
        return 576 if when.hour == 2 and when.minute else 1

    story = Story(2250)
    story.goes_on(10 * DAY + 105 * MINUTE, nightly)
    for _ in range(5):  # read once after the job, which nobody saw
        story.now += QUARTER
        story.balance -= Decimal(nightly(story.now)) / 96
    assert story.goes_on(QUARTER, nightly) == []


def test_bursts_that_come_again_and_again_are_soon_known():
    def booked(when):
        return 96 * 24 if (when.hour, when.minute) == (when.day * 7 % 24, 0) else 0

    story = Story(24 * 60)
    story.goes_on(21 * DAY, booked)
    assert story.goes_on(14 * DAY, booked) == []


def test_what_is_booked_once_a_night_at_the_same_hour_is_no_leak_from_the_third_night_on():
    def booked(when):
        return 96 * 24 if (when.hour, when.minute) == (2, 0) else 0

    story = Story(24 * 40)
    story.goes_on(2 * DAY + HOUR, booked)
    assert story.goes_on(20 * DAY, booked) == []


def test_a_leak_is_said_once_while_it_goes_on_and_over_when_it_stops():
    story = Story(1000)
    story.goes_on(5 * DAY, even(24))
    assert story.goes_on(6 * HOUR, even(264)) == ["alert"]
    assert story.goes_on(2 * HOUR, even(24)) == ["recovery"]


@pytest.mark.parametrize("days_left", [0.2, 1, 3, 7, 30])
def test_the_usual_busy_hours_of_an_account_are_no_drain(days_left):
    story = Story(24 * (14 + days_left))
    assert story.goes_on(14 * DAY, office) == []


def test_the_last_cents_may_go_at_the_usual_pace():
    story = Story(24 * 5 + 2)
    assert story.goes_on(5 * DAY + 3 * HOUR, even(24)) == []


def test_a_share_of_the_balance_is_said_whatever_is_known_of_the_pace():
    story = Story(100)
    assert story.goes_on(QUARTER, even(0)) == []
    assert story.goes_on(QUARTER, even(96 * 30)) == ["alert"]
    known = Story(100_000)
    known.goes_on(3 * DAY, even(24))
    assert known.goes_on(QUARTER, even(96 * 30_000)) == ["alert"]


def test_a_sudden_pace_that_would_last_for_months_is_left_alone():
    story = Story(24 * 5 + 24 * 730)
    story.goes_on(5 * DAY, even(24))
    assert story.goes_on(2 * HOUR, even(264)) == []


def test_cents_are_no_pace():
    """A balance of cents falls by steps: none for hours, then one."""
    story = Story("3.00")
    assert story.goes_on(3 * DAY, lambda when: 0.96 if not (when.hour or when.minute) else 0) == []
    assert story.goes_on(QUARTER, even(0.96)) == []


def test_what_came_as_fast_before_is_not_sudden():
    def nightly(when):
        return 24 * 12 if when.hour == 2 else 12

    story = Story(24 * 30)
    story.goes_on(DAY, nightly)
    assert story.goes_on(9 * DAY, nightly) == []


def test_nobody_looks_at_the_pace_where_the_drain_is_off():
    off = Rules({}, None, Spans(DAY, DAY), None)
    row = Row(Decimal(1), Severity.OK, SpendingHistory(), spikes=Spikes(latest=999.0))
    one = Judged(Balance("USD", Decimal(1)), Severity.OK, None, None)
    found = fast_drain(Memory(rows={"USD": row}), one, off, START)
    assert (found.severity, found.facts) == (Severity.OK, FastDrain(None, None))
