"""What is remembered, as it is written down and read again."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.alert import Condition, Episode
from guard.decide import decide
from guard.history import Point, SpendingHistory
from guard.memory import Failing, Memory, Row
from guard.model import Account, Balance, Budget, DrainRule, Reading, Rules, Severity, Spans
from guard.profile import SpendingProfile, Spent
from guard.record import UnreadableError, dumps, loads
from guard.tally import Entry, Tally
from tests.spending import spends, stored

NOW = datetime(2026, 6, 10, tzinfo=UTC)
DAY = timedelta(days=1)
RULES = Rules(
    {"USD": Budget(Decimal(20), Decimal(5))},
    Spans(7 * DAY, 2 * DAY),
    Spans(DAY, DAY / 4),
    DrainRule(Decimal("0.25"), DAY / 24),
)

money = st.decimals(-(10**9), 10**12, places=4)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda when: when.replace(microsecond=0)
)
severities = st.sampled_from(Severity)
words = st.text("0123456789abcdef", min_size=1, max_size=32)
spans = st.integers(0, 365 * 86400).map(lambda seconds: timedelta(seconds=seconds))


@st.composite
def histories(draw):
    at, spent = draw(instants), Decimal(0)
    points = [Point(at, spent)]
    for seconds, digits, places in draw(
        st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 99999), st.integers(-3, 6)))
    ):
        at, spent = at + timedelta(seconds=seconds), spent + Decimal(digits).scaleb(-places)
        points.append(Point(at, spent))
    return SpendingHistory(tuple(points))


tallies = st.builds(
    Tally,
    st.lists(st.builds(Entry, instants, st.decimals(0, 10**12, places=4)), max_size=6).map(tuple),
)

# As exact as they are written down: three digits of money, and hundredths of hours.
shares = st.builds(
    Spent,
    st.builds(
        lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 999), st.integers(-3, 4)
    ),
    st.integers(0, 99_999).map(lambda hundredths: hundredths / 100),
)
paces = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(0, 99_999), st.integers(-3, 6)
)
times = st.integers(0, 999).map(lambda tenths: tenths / 10)
profile = st.builds(
    SpendingProfile,
    st.lists(shares, min_size=24, max_size=24).map(tuple),
    st.lists(shares, min_size=7, max_size=7).map(tuple),
    times,
    paces,
    times,
    st.none() | instants,
    paces,
)

memories = st.builds(
    Memory,
    st.none() | instants,
    st.dictionaries(
        st.sampled_from(["USD", "CNY"]),
        st.builds(
            Row, money, severities, histories() | st.just(SpendingHistory()), tallies, profile, money
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
    readings = days * 24 * 4
    for n in range(readings):
        amounts["USD"] -= Decimal(n * 7919 % 10007 + 1) / 997
        amounts["CNY"] -= Decimal(n * 104729 % 99991 + 1) / 991
        rows = {currency: round(amount, 6) for currency, amount in amounts.items()}
        at = NOW + n * timedelta(minutes=15)
        if n < readings - 96:  # the decisions of the last day are enough
            memory = spends(memory, at, **rows)
        else:
            reading = Reading(tuple(Balance(*row) for row in rows.items()))
            memory = decide(memory, reading, RULES, Account("deepseek", "default"), at).memory
        memory = memory if at.minute else stored(memory)
    return memory


def test_twenty_busy_days_in_two_currencies_stay_under_4096_bytes():
    memory = busy(20)
    assert {len(row.history.points) > 50 for row in memory.rows.values()} == {True}
    assert all(row.history.span(memory.observed_at) > 14 * DAY for row in memory.rows.values())
    assert len(dumps(memory).encode()) < 4096


def test_spending_is_kept_to_five_digits_and_the_balance_whole():
    points = Point(NOW, Decimal(0)), Point(NOW + DAY, Decimal("12.3456789"))
    memory = Memory(rows={"USD": Row(Decimal("98765.4321987"), Severity.OK, SpendingHistory(points))})
    row = loads(dumps(memory)).rows["USD"]
    assert (row.balance, row.history.points[1].spent) == (Decimal("98765.4321987"), Decimal("12.346"))


TALLY = Tally((Entry(NOW, Decimal(2)),))
CURVE = SpendingHistory((Point(NOW, Decimal(0)),))
WHOLE = Memory(
    NOW,
    {"USD": Row(Decimal(7), Severity.OK, CURVE, TALLY)},
    Failing(2, NOW, NOW),
    {(Condition.LOW_BALANCE, "USD"): Episode("e", NOW, Severity.OK, NOW, 1)},
    1,
    TALLY,
)
GOOD = json.loads(dumps(WHOLE))
[EPISODE] = GOOD["episodes"]
ROW = GOOD["rows"]["USD"]


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
    ("rows", damaged(0, "seven")),
    ("rows", damaged(1, "fine")),
    ("rows", damaged(2, "2026-06-10T00:00:00Z,x:1")),
    ("rows", damaged(2, "2026-06-10T00:00:00Z,60")),
    ("rows", damaged(2, f"2026-06-10T00:00:00Z,{'9' * 30}:1")),
    ("rows", damaged(3, "60")),
    ("rows", damaged(4, "1:1;0;0;0;;")),
    ("rows", damaged(4, f"{','.join(['1:1'] * 30)},1:-1;0;0;0;;")),
    ("rows", damaged(4, f"{','.join(['1:1'] * 30)},1:{'9' * 30};0;0;0;;")),
    ("rows", damaged(4, f"{','.join(['1:1'] * 31)};0;0;0;soon;")),
    ("rows", damaged(4, f"{','.join(['1:1'] * 31)};NaN;0;0;;")),
    ("rows", damaged(5, "much")),
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
    ("rows", damaged(0, "NaN")),
    ("rows", damaged(0, "Infinity")),
    ("failing", []),
    ("failing", ["2", *GOOD["failing"][1:]]),
    ("episodes", [[*EPISODE[:6], "1"]]),
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
