"""What is tallied, and what may blur of it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from guard.tally import KEPT, MOST_ENTRIES, Tally

NOW = datetime(2026, 6, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)

steps = st.lists(
    st.tuples(st.integers(0, 36), st.decimals(0, 1000, places=2, allow_nan=False)), max_size=30
)


def tallied(steps) -> tuple[Tally, datetime]:
    tally, now = Tally(), NOW
    for hours, amount in steps:
        now += hours * HOUR
        tally = tally.plus(now, amount)
    return tally, now


@given(steps)
def test_no_more_is_kept_than_fits_and_nothing_older_than_it_should_be(steps):
    tally, _ = tallied(steps)
    assert len(tally.entries) <= MOST_ENTRIES
    times = [entry.at for entry in tally.entries]
    assert times == sorted(times)
    assert not times or times[-1] - times[0] <= KEPT


@given(steps)
def test_of_the_last_week_nothing_is_lost(steps):
    tally, now = tallied(steps)
    true, at = Decimal(0), NOW
    for hours, amount in steps:
        at += hours * HOUR
        true += amount if at > now - timedelta(days=7) else 0
    # What blurs becomes later, so it may count a little longer, never shorter.
    assert tally.since(now - timedelta(days=7)) >= true


def test_a_few_entries_are_kept_as_they_were():
    tally, now = tallied([(0, Decimal(100)), (24 * 3, Decimal(5)), (24 * 3, Decimal("0.5"))])
    assert tally.since(now - timedelta(days=7)) == Decimal("105.5")
    assert tally.since(now - timedelta(days=4)) == Decimal("5.5")
    assert tally.since(now) == 0


def test_what_came_in_quick_succession_becomes_one():
    tally, now = tallied([(24, Decimal(1))] * 3 + [(1, Decimal(10))] * 4)
    assert [entry.amount for entry in tally.entries] == [1, 1, 11, 10, 10, 10]
    assert tally.since(now - 4 * HOUR) == 41


def test_nothing_is_no_entry():
    assert Tally().plus(NOW, Decimal(0)) == Tally().plus(NOW, Decimal(-3)) == Tally()
