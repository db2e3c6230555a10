"""Money that comes back within an hour was not spent.

An answer can be odd for a while: a wrong charge that is undone, figures that can't be found, a provider
that says it refuses calls. At the first good reading after it, the balance goes on from the reading
before it. But what comes back again and again is topped up automatically, and what fell was spent.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from guard.history import HOUR, WEEK
from guard.memory import Row
from guard.tally import Entry

BACK = Decimal("0.9")  # of a fall: the rest was spent meanwhile
STEEP = Decimal("0.1")  # of a balance: what falls less hovers, and the margin of a severity is as much
HABIT = 3  # returns in a week, each of half the size or more
ALIKE = Decimal("0.5")


class Return(NamedTuple):
    """Money that fell at one reading, lay as low as `low`, and came back; `before` is how it stood."""

    before: Row
    since: datetime
    low: Decimal

    @property
    def fell(self) -> Decimal:
        """How much had fallen."""
        return self.before.balance - self.low

    @property
    def steep(self) -> bool:
        """Whether it fell so much that it changes what was published."""
        return self.fell > STEEP * abs(self.before.balance)


def came_back(row: Row, balance: Decimal, now: datetime) -> Return | None:
    """What came back with this reading, habit or not.

    It is back at nine tenths within an hour, from the first low reading to this one, both included.
    """
    rows = (*row.earlier, row)
    starts = [n for n in range(len(rows) - 1) if now - rows[n + 1].read_at <= HOUR]
    if balance <= row.balance or not starts:
        return None
    as_much = [n for n in starts if rows[n].balance >= balance]
    # More than there was: money was added as well, and only a steep fall tells it from a mere top-up.
    steep = (n for n in starts if _fell(rows[n], rows[n + 1]) > STEEP * rows[n].balance > 0)
    start = as_much[-1] if as_much else next(steep, None)
    if start is None:
        return None
    low = min(one.balance for one in rows[start + 1 :])
    found = Return(_as_of(rows, start), rows[start + 1].read_at, low)
    return found if balance - low >= BACK * found.fell else None


def is_habit(row: Row, found: Return, now: datetime) -> bool:
    """Whether as much came back often enough to be an automatic top-up."""
    alike = [one for one in row.returns if _is_recent(one, now) and one.amount >= ALIKE * found.fell]
    return len(alike) + 1 >= HABIT


def noted(row: Row, found: Return, now: datetime) -> tuple[Entry, ...]:
    """The returns of the last week with one more; the largest are enough to tell a habit."""
    returns = [*(one for one in row.returns if _is_recent(one, now)), Entry(now, found.fell)]
    return tuple(sorted(returns, key=lambda one: one.amount)[-HABIT:])


def before_refusal(row: Row, now: datetime) -> Row:
    """How a row stood before its provider refused calls, if that was within the hour; else `row`."""
    rows = (*row.earlier, row)
    for n in range(len(rows) - 2, -1, -1):
        if now - rows[n + 1].read_at > HOUR:
            break
        if rows[n].available:
            return _as_of(rows, n)
    return row


def _as_of(rows: tuple[Row, ...], n: int) -> Row:
    return replace(rows[n], earlier=rows[:n])


def _is_recent(one: Entry, now: datetime) -> bool:
    return one.at > now - WEEK


def _fell(before: Row, after: Row) -> Decimal:
    return before.balance - after.balance
