"""What flaps is quiet, and nothing new is withheld: whatever the readings."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.decide import decide
from guard.memory import Memory
from guard.model import Account, Balance, Budget, CheckError, Failure, Reading, Rules, Severity, Spans
from guard.notify import reminder_after
from guard.record import dumps, loads

START = datetime(2026, 6, 10, tzinfo=UTC)
TICK, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
EVERY = Spans(24 * HOUR, 6 * HOUR)
RULES = Rules({"USD": Budget(Decimal(20), Decimal(5))}, None, EVERY, None)
LOW = ("low_balance", "USD")


class Story:
    """One account; `said` has the time, condition, kind and severity of all that was said."""

    def __init__(self):
        self.memory, self.now, self.said, self.severity = Memory(), START, [], Severity.OK

    def reads(self, usd, *, available=True, after=TICK):
        row = Balance("USD", Decimal(usd))
        self.takes(Reading((row,), available), after)

    def takes(self, reading, after=TICK):
        self.now += after
        decision = decide(self.memory, reading, RULES, Account("deepseek", "default"), self.now)
        self.memory = loads(dumps(decision.memory))
        assert self.memory == decision.memory
        self.last = [(one.condition, one.kind, one.severity) for one in decision.alerts]
        self.said += [(self.now, *one) for one in self.last]
        if decision.judged:
            self.severity = decision.judged[0].severity

    def kinds(self, kind):
        return [at for at, _, each, _ in self.said if each == kind]


def openings(story, condition):
    """The times at which a condition opened: alerts that begin an episode."""
    found, is_open = [], False
    for at, each, kind, severity in story.said:
        if each == condition:
            if kind == "alert" and not is_open:
                found.append(at)
            is_open = not (kind == "recovery" and severity is Severity.OK)
    return found


def test_a_provider_that_refuses_calls_now_and_then_is_said_twice_a_day_and_then_stands():
    story = Story()
    for n in range(96):
        story.reads("80", available=bool(n % 2))
    assert [kind for _, _, kind, _ in story.said].count("alert") == 2
    assert len(story.kinds("recovery")) == 1
    for _ in range(97):
        story.reads("80")
    assert story.said[-1][2:] == ("recovery", Severity.OK)
    assert story.memory.episodes == {}


def test_a_key_that_is_refused_at_every_eighth_check_is_said_at_most_four_times_a_day():
    story = Story()
    for n in range(4 * 96):
        if n % 8:
            story.reads("80")
        else:
            story.takes(Failure(CheckError.AUTH, "It was refused."))
    assert len(story.said) <= 4 * 4
    assert len(story.kinds("alert")) <= 8


def test_a_balance_that_is_topped_up_by_itself_every_day_says_one_message_a_day():
    story = Story()
    days = []
    for _ in range(10):
        before = len(story.said)
        for n in range(96):
            story.reads(Decimal(25) - Decimal(20) * n / 95)
        days.append(len(story.said) - before)
    assert max(days[2:]) <= 1, days


def test_what_is_over_for_the_first_time_in_a_day_is_said_at_once():
    story = Story()
    story.reads("10")
    story.reads("100", after=2 * HOUR)
    assert story.last == [("low_balance", "recovery", Severity.OK)]
    story.reads("10", after=2 * HOUR)
    assert story.last == [("low_balance", "alert", Severity.WARNING)]
    story.reads("100", after=2 * HOUR)
    assert story.last == []
    story.reads("4", after=2 * HOUR)  # worse than what was said of it
    assert story.last == [("low_balance", "alert", Severity.CRITICAL)]
    story.reads("100", after=2 * HOUR)
    story.reads("100", after=13 * HOUR)
    assert story.last == []
    story.reads("100", after=1 * HOUR)  # 24 hours after it first opened
    assert story.last == [("low_balance", "recovery", Severity.OK)]


def test_an_account_that_is_left_at_zero_reminds_five_times_in_two_weeks_then_once_a_week():
    story = Story()
    for _ in range(14 * 24):
        story.reads("0", after=HOUR)
    assert len(story.kinds("reminder")) == 5
    for _ in range(28 * 24):
        story.reads("0", after=HOUR)
    assert len(story.kinds("reminder")) == 9


def test_reminders_begin_anew_when_it_gets_worse():
    story = Story()
    story.reads("10")
    for _ in range(4 * 24):
        story.reads("10", after=HOUR)
    assert len(story.kinds("reminder")) == 2
    story.reads("3")
    for _ in range(6):
        story.reads("3", after=HOUR)
    assert story.last == [("low_balance", "reminder", Severity.CRITICAL)]


def test_a_wait_of_more_than_a_week_stays_as_its_owner_wants_it():
    long = Spans(30 * DAY, 10 * DAY)
    assert [reminder_after(Severity.WARNING, long, n) for n in range(3)] == [30 * DAY] * 3
    assert [reminder_after(Severity.CRITICAL, EVERY, n) / HOUR for n in (0, 1, 4, 5, 10**6)] == [
        6,
        12,
        96,
        168,
        168,
    ]


READINGS = st.one_of(
    st.tuples(st.sampled_from(["100", "15", "4", "0"]), st.booleans()),
    st.sampled_from([CheckError.AUTH, CheckError.TIMEOUT]),
)


@settings(max_examples=75)
@given(
    readings=st.lists(st.tuples(READINGS, st.integers(1, 12), st.integers(1, 30)), max_size=30),
)
def test_whatever_the_readings_nothing_opens_more_than_twice_a_day_and_nothing_new_is_withheld(
    readings,
):
    story = Story()
    for reading, ticks, times in readings:
        for _ in range(times):
            before = story.memory.episodes.get(LOW)
            if isinstance(reading, CheckError):
                story.takes(Failure(reading, "It failed."), ticks * TICK)
                continue
            usd, available = reading
            story.reads(usd, available=available, after=ticks * TICK)
            told = {
                severity
                for condition, kind, severity in story.last
                if kind == "alert" and condition == "low_balance"
            }
            if story.severity > (before.peak if before else Severity.OK):
                assert told == {story.severity}
            if before and story.severity > before.severity > Severity.OK:
                assert told == {story.severity}
            assert (LOW in story.memory.episodes) or story.severity is Severity.OK
    for condition in ("low_balance", "check_failing"):
        times = openings(story, condition)
        assert all(third - first >= DAY for first, third in zip(times, times[2:], strict=False)), times
    unended = {condition for condition, _ in story.memory.episodes}
    for condition in ("low_balance", "check_failing"):
        of_it = [(kind, severity) for _, each, kind, severity in story.said if each == condition]
        over = not of_it or of_it[-1] == ("recovery", Severity.OK)
        assert over is (condition not in unended)
