"""What is remembered, as it is written down and read again."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws.metrics import blobs
from guard import figures
from guard.alert import Condition, Episode
from guard.decide import decide
from guard.drain import Spikes
from guard.history import SpendingHistory
from guard.memory import Failing, Memory, Row
from guard.model import EXACT, Account, Balance, Budget, DrainRule, Reading, Rules, Severity, Spans
from guard.record import UnreadableError, dumps, loads
from guard.tally import Entry, Tally
from messages.render import render
from providers import PROVIDERS

NOW = datetime(2026, 6, 10, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules(
    {"USD": Budget(Decimal(20), Decimal(5))},
    Spans(7 * DAY, 2 * DAY),
    Spans(DAY, DAY / 4),
    DrainRule(Decimal("0.25"), DAY / 24),
)

money = st.decimals(-(10**15) + 1, 10**15 - 1, places=30)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda when: when.replace(microsecond=0)
)
severities = st.sampled_from(Severity)
words = st.text("0123456789abcdef", min_size=1, max_size=32)
spans = st.integers(0, 365 * 86400).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def histories(draw):
    at = draw(instants)
    history = SpendingHistory().reading(at, None)
    for seconds, spent in draw(
        st.lists(st.tuples(st.integers(1, 10**6), st.none() | st.decimals(0, 10**6, places=2)))
    ):
        at += timedelta(seconds=seconds)
        history = history.reading(at, spent)
    return history


tallies = st.builds(
    Tally,
    st.lists(st.builds(Entry, instants, st.decimals(0, 10**12, places=4)), max_size=6).map(tuple),
)

spikes = st.builds(Spikes, *[st.integers(0, 9990).map(lambda tenths: tenths / 10)] * 2)

memories = st.builds(
    Memory,
    st.none() | instants,
    st.dictionaries(
        st.sampled_from(["USD", "CNY"]),
        st.builds(
            Row, money, severities, histories() | st.just(SpendingHistory()), tallies, spikes, money
        ),
    ),
    st.none() | st.builds(Failing, st.integers(1, 10**6), instants, instants),
    st.dictionaries(
        st.tuples(st.sampled_from(Condition), st.sampled_from([None, "USD", "CNY"])),
        st.builds(Episode, words, instants, severities, instants, st.integers(1, 10**6)),
    ),
    st.integers(0, 10**9),
    tallies,
)


@given(memories)
def test_a_memory_is_read_as_it_was_written(memory):
    assert loads(dumps(memory)) == memory


def busy(days) -> Memory:
    """An account whose two currencies move by odd amounts at each of its 15-minute readings."""
    memory, amounts = Memory(), {"USD": Decimal("98765.43"), "CNY": Decimal("654321.09")}
    for n in range(days * 24 * 4):
        amounts["USD"] -= Decimal(n * 7919 % 10007 + 1) / 997
        amounts["CNY"] -= Decimal(n * 104729 % 99991 + 1) / 991
        at = NOW + n * timedelta(minutes=15)
        reading = Reading(tuple(Balance(name, round(amount, 6)) for name, amount in amounts.items()))
        memory = decide(memory, reading, RULES, Account("deepseek", "default"), at).memory
        memory = memory if at.minute else loads(dumps(memory))
    return memory


def test_twenty_busy_days_in_two_currencies_stay_under_4096_bytes():
    memory = busy(20)
    assert all(len(row.history.trail) > 40 for row in memory.rows.values())
    assert all(len(row.history.days) >= 20 for row in memory.rows.values())
    assert len(dumps(memory).encode()) < 4096


def test_thirty_places_are_kept_and_judged_and_told_whole():
    """From the most that an account may hold down to nothing, with the noise of a float's digits."""
    memory, account, noise = Memory(), Account("deepseek", "default"), Decimal("0." + "123456789" * 3)
    courses = (*range(10**15 - 1, 10**14, -(10**13)), *range(30, -1, -1))
    for n, whole in enumerate(courses):
        amount = EXACT.add(Decimal(whole), noise) if whole else Decimal(0)
        reading = Reading((Balance("USD", amount, expiring=noise),))
        decision = decide(memory, reading, RULES, account, NOW + n * DAY / 6)
        memory = loads(dumps(decision.memory))
        [judged] = decision.judged
        assert memory.rows["USD"].balance == judged.balance.amount == amount
        assert Decimal(figures.money(judged.balance.amount)) == amount
        assert judged.severity >= (3 if whole == 0 else 2 if whole < 5 else 1 if whole < 20 else 0)
        [blob] = blobs("BudgetGuard", account, decision.judged, ok=True, now=NOW, detailed=True)
        assert blob["Balance"] == float(amount)
        assert not decision.broken
        for alert in decision.alerts:
            message = render(alert, PROVIDERS["deepseek"].contact)
            assert json.loads(message.texts["sqs"])["balance"] == figures.money(amount)
            assert len(message.texts["sms"]) <= 146
    assert memory.episodes[Condition.LOW_BALANCE, "USD"].severity is Severity.EXHAUSTED
    assert len(dumps(memory).encode()) < 4096


def test_a_grant_of_thirty_places_that_expires_is_not_spent():
    grant, own = Decimal(f"200.{'1' * 30}"), Decimal(f"1000.{'3' * 30}")
    memory, account = Memory(), Account("deepseek", "default")
    for n, (total, granted) in enumerate(((EXACT.add(own, grant), grant), (own, Decimal(0)))):
        reading = Reading((Balance("USD", total, expiring=granted),))
        memory = loads(
            dumps(decide(memory, reading, RULES, account, NOW + n * timedelta(hours=1)).memory)
        )
    assert memory.rows["USD"].balance == own
    assert memory.rows["USD"].history.spent_within(DAY, NOW + DAY) == 0


def test_spending_is_kept_to_six_digits_and_the_balance_whole():
    history = SpendingHistory().reading(NOW, None).reading(NOW + DAY, Decimal("12.3456789"))
    memory = Memory(rows={"USD": Row(Decimal("98765.4321987"), Severity.OK, history)})
    row = loads(dumps(memory)).rows["USD"]
    assert (row.balance, row.history.trail[1].spent) == (Decimal("98765.4321987"), Decimal("12.3457"))


TALLY = Tally((Entry(NOW, Decimal(2)),))
HISTORY = SpendingHistory().reading(NOW, None)
WHOLE = Memory(
    NOW,
    {"USD": Row(Decimal(7), Severity.OK, HISTORY, TALLY)},
    Failing(2, NOW, NOW),
    {(Condition.LOW_BALANCE, "USD"): Episode("e", NOW, Severity.OK, NOW, 1)},
    1,
    TALLY,
)
GOOD = json.loads(dumps(WHOLE))
[EPISODE] = GOOD["episodes"]
ROW = GOOD["rows"]["USD"]
STEP = [60, "7.00", "0.00", 0, 1, 0.0, 0.0]


def damaged(member, value):
    """The rows of the whole memory with one member of the one row damaged."""
    return {"USD": [*ROW[:member], value, *ROW[member + 1 :]]}


DAMAGE = [
    ("format", 2),
    ("format", None),
    ("observed_at", "2026-06-10T00:00:00"),
    ("observed_at", "yesterday"),
    ("observed_at", 1),
    ("rows", []),
    ("rows", {"USD": ["7", "ok"]}),
    ("rows", damaged(0, "1780272000")),
    ("rows", damaged(1, "60")),
    ("rows", damaged(2, "seven")),
    ("rows", damaged(3, "much")),
    ("rows", damaged(4, 4)),
    ("rows", damaged(4, "ok")),
    ("rows", damaged(5, "yes")),
    ("rows", damaged(6, "1")),
    ("rows", damaged(6, float("nan"))),
    ("rows", damaged(7, -1.0)),
    ("rows", damaged(7, None)),
    ("rows", damaged(8, [[60, "7"]])),
    ("rows", damaged(8, [["60", *STEP[1:]]])),
    ("rows", damaged(8, [[10**12, *STEP[1:]]])),
    ("rows", damaged(8, 1)),
    ("rows", damaged(9, "soon:1")),
    ("failed", "60:1:1"),
    ("failed", "soon:1"),
    ("failed", "60:much"),
    ("failed", f"{'9' * 30}:1"),
    ("failed", None),
    ("failing", [2]),
    ("failing", 2),
    ("failing", {}.fromkeys("abc")),
    ("episodes", [["low_balance", "USD"]]),
    ("episodes", [["rain", *EPISODE[1:]]]),
    ("flaps", [["low_balance", "USD", "soon"]]),
    ("flaps", [["low_balance", "USD", None, "soon"]]),
    ("flaps", [["rain", "USD", None]]),
    ("flaps", {"USD": []}),
    ("rows", damaged(2, "NaN")),
    ("rows", damaged(2, "Infinity")),
    ("failing", []),
    ("failing", ["2", *GOOD["failing"][1:]]),
    ("episodes", [[*EPISODE[:5], [1, "1"]]]),
    ("episodes", [[*EPISODE[:4], [0, 7], EPISODE[5]]]),
    ("episodes", [[*EPISODE[:3], [None, None, None], *EPISODE[4:]]]),
    ("episodes", [[*EPISODE[:2], [], *EPISODE[3:]]]),
    ("serial", "many"),
    ("serial", None),
]


@pytest.mark.parametrize(("name", "value"), DAMAGE)
def test_a_damaged_member_makes_the_memory_unreadable(name, value):
    assert loads(json.dumps(GOOD)) == WHOLE
    with pytest.raises(UnreadableError):
        loads(json.dumps({**GOOD, name: value}))


@pytest.mark.parametrize("name", sorted(GOOD))
def test_a_missing_member_makes_the_memory_unreadable(name):
    with pytest.raises(UnreadableError):
        loads(json.dumps({member: value for member, value in GOOD.items() if member != name}))


@pytest.mark.parametrize("text", ["", "null", "[]", "7", '"x"', "{}", "{" * 10, "[" * 100_000])
def test_a_text_that_is_no_memory_is_unreadable(text):
    with pytest.raises(UnreadableError):
        loads(text)


@given(memories, st.data())
def test_a_text_that_was_cut_off_is_unreadable(memory, data):
    text = dumps(memory)
    with pytest.raises(UnreadableError):
        loads(text[: data.draw(st.integers(0, len(text) - 1))])


@given(memories, st.data())
def test_a_memory_with_a_wrong_character_is_read_or_unreadable_and_nothing_else(memory, data):
    text = dumps(memory)
    at = data.draw(st.integers(0, len(text) - 1))
    try:
        loads(text[:at] + data.draw(st.characters(codec="ascii")) + text[at + 1 :])
    except UnreadableError as error:
        assert error.__cause__ is None  # noqa: PT017 - either way is right
