"""Money that comes back within an hour was not spent, and answers that are odd for a while."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.decide import decide
from guard.memory import Memory
from guard.model import Account, Balance, Budget, DrainRule, Reading, Rules, Spans
from guard.record import dumps, loads
from messages.reasons import why

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = 15 * MINUTE
START = datetime(2026, 6, 10, tzinfo=UTC)
RULES = Rules(
    {"USD": Budget(Decimal(20), Decimal(5))},
    Spans(7 * DAY, 2 * DAY),
    Spans(24 * HOUR, 6 * HOUR),
    DrainRule(Decimal("0.25"), HOUR),
)


class Story:
    """One account, stored and read again after each reading."""

    def __init__(self):
        self.memory, self.now, self.alerts, self.judged = Memory(), START, [], ()

    def reads(self, usd, after=TICK, *, available=True):
        self.now += after
        return self.takes(Reading((Balance("USD", Decimal(usd)),), available))

    def takes(self, reading):
        decision = decide(self.memory, reading, RULES, Account("deepseek", "default"), self.now)
        assert decision.broken == ()
        self.memory = loads(dumps(decision.memory))
        assert self.memory == decision.memory
        self.alerts, self.judged = decision.alerts, decision.judged
        return [f"{one.kind} {one.condition} {one.severity.word}" for one in decision.alerts]

    @property
    def figures(self):
        return [(o.severity, o.burn_per_day, o.runway, o.runway_between) for o in self.judged]

    @property
    def spent(self):
        return self.memory.rows["USD"].history.spent_within(DAY, self.now)


def lived(days=2, balance="300", a_tick="0.04"):
    """An account of even spending."""
    story, left = Story(), Decimal(balance)
    for _ in range(days * 96):
        left -= Decimal(a_tick)
        assert story.reads(left) == []
    return story, left


@pytest.mark.parametrize("odd", [["0"], ["0"] * 4, ["150"] * 4, ["250", "120", "0"], ["-5"]])
def test_what_comes_back_within_the_hour_leaves_nothing_behind(odd):
    story, left = lived()
    said = [one for usd in odd for one in story.reads(usd)]
    assert said
    plain, _ = lived()
    plain.now += len(odd) * TICK
    recovered = story.reads(left - 1)
    assert recovered == [
        one.replace("alert", "recovery").rpartition(" ")[0] + " ok" for one in said[:1]
    ]
    assert plain.reads(left - 1) == []
    for cents in range(100, 196, 4):
        assert story.figures == plain.figures
        assert story.spent == plain.spent
        assert (
            story.reads(left - Decimal(cents) / 100) == plain.reads(left - Decimal(cents) / 100) == []
        )


def test_the_recovery_says_what_came_back():
    story, left = lived()
    story.reads("0")
    story.reads(left)
    [alert] = story.alerts
    assert why(alert)[0] == (
        f"{left} USD fell to 0.00 USD on Fri 12 Jun 2026, 00:15 UTC, and came back: "
        "what fell does not count as spent"
    )


def test_what_was_said_before_the_fall_stands_after_it():
    story = Story()
    assert story.reads("18") == ["alert low_balance warning"]
    assert story.reads("0") == ["alert low_balance exhausted"]
    assert story.reads("17.96") == ["recovery low_balance warning"]
    assert story.reads("17.92") == []
    assert story.reads("0") == ["alert low_balance exhausted"]


def test_money_that_is_topped_up_after_a_glitch_was_not_spent():
    story, left = lived()
    assert story.reads("0") == ["alert low_balance exhausted"]
    assert story.reads(left + 100) == ["recovery low_balance ok"]
    assert story.spent < 5
    assert "came back with more" in why(story.alerts[0])[0]


def test_ordinary_spending_before_a_top_up_was_spent():
    story, left = lived()
    before = story.spent
    story.reads(left - 3)
    story.reads(left + 100)
    assert story.spent > before + 2


def test_what_comes_back_after_the_hour_was_spent():
    story, left = lived()
    for _ in range(5):
        story.reads("150")
    story.reads(left)
    assert story.spent > 100


def test_what_comes_back_for_the_third_time_in_a_week_is_topped_up_automatically():
    story, left = lived()
    for n in range(5):
        story.reads(left - 100)
        story.reads(left)
        assert (story.spent > 90) is (n >= 2), n
        for _ in range(30):
            story.reads(left)


def test_cents_that_come_and_go_hide_no_odd_answer():
    story, left = lived()
    for _ in range(20):
        story.reads(left - Decimal("0.01"))
        story.reads(left)
    assert story.reads("0") == ["alert low_balance exhausted"]
    assert story.reads(left) == ["recovery low_balance ok"]
    assert story.spent < 5


def test_a_provider_that_refuses_calls_for_a_while_leaves_nothing_behind():
    story = Story()
    assert story.reads("20.50") == []
    assert story.reads("20.45", available=False) == ["alert low_balance exhausted"]
    assert story.reads("20.40") == ["recovery low_balance ok"]


def test_a_row_that_is_missing_for_a_while_is_no_row_at_zero():
    story = Story()
    both = Reading((Balance("CNY", Decimal(0)), Balance("USD", Decimal(300))))
    story.takes(both)
    story.now += TICK
    assert story.takes(Reading((Balance("CNY", Decimal(0)),))) == []
    story.now += TICK
    assert story.takes(both) == []


@settings(max_examples=150)
@given(
    course=st.lists(st.integers(0, 60), min_size=8, max_size=60),
    at=st.integers(0, 10**6),
    odd=st.lists(st.integers(0, 999), min_size=1, max_size=4),
    top_up=st.integers(0, 10**6),
    credit=st.sampled_from([1000, 60, 25]),
)
def test_an_odd_stretch_in_any_course_changes_no_later_answer(course, at, odd, top_up, credit):
    """Money falls by cents and is topped up once; what lies far below is odd."""
    first, refilled = 6 + at % (len(course) - 7), top_up % len(course)
    left, balances = Decimal(credit), []
    for n, step in enumerate(course):
        left += 500 * (n == refilled) - Decimal(step) / 100
        balances.append(left)
    plain, story = Story(), Story()
    for n, balance in enumerate(balances):
        if n == first:
            for share in odd:
                story.reads(balances[n - 1] * share / 1200)
            plain.now = story.now
        plain.reads(balance)
        story.reads(balance)
        assert story.figures == plain.figures
