"""A runway that swings with the bursts of an account: what is said of it, and how often."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from guard.alert import Condition
from guard.decide import decide
from guard.memory import Memory
from guard.model import Account, Balance, Reading, Rules, Spans
from guard.record import dumps, loads
from messages.reasons import why

MONDAY = datetime(2026, 6, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = Rules({}, Spans(7 * DAY, 2 * DAY), Spans(365 * DAY, 365 * DAY), None)


class Story:
    """An account that is read every hour, and what is said of its balance."""

    def __init__(self, credit, pace, rules=RULES):
        self.memory, self.balance, self.pace, self.now = Memory(), Decimal(credit), pace, MONDAY
        self.rules = rules

    def goes_on(self, span):
        said = []
        for _ in range(span // HOUR):
            self.now += HOUR
            self.balance -= Decimal(str(self.pace(self.now))) / 24
            said += self.is_read()
        return said

    def is_read(self, *, available=True):
        reading = Reading((Balance("USD", round(self.balance, 6)),), available=available)
        decision = decide(self.memory, reading, self.rules, Account("deepseek", "x"), self.now)
        self.memory = loads(dumps(decision.memory))
        self.runway = decision.judged[0].runway / DAY if decision.judged[0].runway else None
        self.why = [why(one) for one in decision.alerts]
        low = [one for one in decision.alerts if one.condition is Condition.LOW_BALANCE]
        return [f"{one.kind} {one.severity.name}" for one in low]


def even(_when):
    return 24


def bursts(every, day):
    """A busy day of each so many, and next to nothing on the others."""
    return lambda when: 120 if (when - MONDAY) // DAY % every == day and when.hour < 20 else 1


def test_a_runway_that_swings_around_its_figures_says_each_once():
    story = Story(250, bursts(3, 2))
    assert story.goes_on(8 * DAY) == ["alert WARNING", "alert CRITICAL"]


def test_a_runway_that_is_longer_for_a_while_and_may_yet_be_short_is_not_said_to_have_recovered():
    story, longest = Story(400, bursts(7, 4)), 0
    assert story.goes_on(5 * DAY) == ["alert WARNING"]
    for _ in range(15):
        assert story.goes_on(DAY) == []
        longest = max(longest, story.runway)
    assert longest > 1.2 * 7


def test_reminders_go_on_while_it_is_unsure_how_low_a_balance_is_as_often_as_it_seems_to_be():
    story = Story(250, bursts(3, 2), replace(RULES, remind_every=Spans(DAY, 6 * HOUR)))
    story.goes_on(3 * DAY + 14 * HOUR)
    assert story.goes_on(23 * HOUR) == []
    assert 2.5 < story.runway < 7
    assert story.goes_on(HOUR) == ["reminder CRITICAL"]
    assert story.why == [
        (
            "it is expected to last no longer than 7 days, the warning figure for the runway",
            "it is not yet sure to last longer than 2 days, the critical figure",
        )
    ]


def test_a_top_up_is_a_recovery_at_once_however_unsure_the_runway_is():
    story = Story(400, bursts(7, 4))
    story.goes_on(8 * DAY)
    story.balance += 60
    assert story.goes_on(HOUR) == ["recovery OK"]
    assert story.runway < 2 * 7


def test_a_steady_account_that_spends_less_recovers_without_a_top_up():
    story = Story(24 * 13, even)
    assert story.goes_on(6 * DAY + HOUR) == ["alert WARNING"]
    story.pace = lambda _when: 0
    assert story.goes_on(14 * DAY) == ["recovery OK"]


def test_calls_that_are_taken_again_are_said_though_the_runway_is_unsure():
    story = Story(460, bursts(7, 4))
    story.goes_on(10 * DAY)
    assert story.is_read(available=False) == ["alert EXHAUSTED"]
    assert story.goes_on(HOUR) == ["recovery OK"]
    assert story.runway < 2 * 7
