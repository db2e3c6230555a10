"""What is remembered of an account that only spends, without the decisions at thousands of readings."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from guard.history import SpendingHistory
from guard.memory import Memory, Row
from guard.model import NO_MONEY, Severity
from guard.profile import SpendingProfile
from guard.record import dumps, loads


def spends(memory: Memory, now: datetime, **balances: Decimal) -> Memory:
    """The memory after one more reading, by currency; no balance may have risen."""
    rows = {
        currency: _spent(memory.rows[currency], balance, now) if memory.rows else _begun(balance, now)
        for currency, balance in balances.items()
    }
    return replace(memory, observed_at=now, rows=rows)


def stored(memory: Memory) -> Memory:
    """The memory as the next run finds it: written down and read again."""
    return loads(dumps(memory))


def _begun(balance: Decimal, now: datetime) -> Row:
    history, profile = SpendingHistory().reading(now, NO_MONEY), SpendingProfile().reading(now, None)
    return Row(balance, Severity.OK, history, profile=profile)


def _spent(row: Row, balance: Decimal, now: datetime) -> Row:
    fall = row.balance - balance
    assert fall >= 0
    history, profile = row.history.reading(now, fall), row.profile.reading(now, fall)
    return replace(row, balance=balance, history=history, profile=profile)
