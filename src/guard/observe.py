"""What a reading, or a failure, makes of what is remembered."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from guard.forecast import forecast
from guard.history import DAY, SpendingHistory
from guard.memory import Failing, Memory, Row
from guard.model import EXACT, NO_MONEY, Balance, Judged, Reading, Rules, Severity
from guard.severity import by_runway, judge
from guard.tally import Tally


def counted(reading: Reading, known: Mapping[str, Row]) -> tuple[Balance, ...]:
    """The rows that count: not those that stand at zero and never held money, unless all do."""
    rows = tuple(b for b in reading.balances if b.amount != 0 or b.currency in known)
    return rows or reading.balances


def after_failure(memory: Memory, now: datetime) -> Memory:
    """The memory after a check that failed."""
    before = memory.failing
    if before and before.last_at == now:  # the same event again is the same check
        return memory
    failing = Failing(before.count + 1, before.since, now) if before else Failing(1, now, now)
    return replace(memory, failing=failing, failed=memory.failed.plus(now, Decimal(1)))


def after_reading(
    memory: Memory, reading: Reading, rules: Rules, now: datetime
) -> tuple[tuple[Judged, ...], Memory]:
    """What is thought of each balance that counts, and the memory after the reading."""
    rows, judged = dict(memory.rows), []
    for balance in counted(reading, memory.rows):
        before = rows.get(balance.currency)
        # A row that is new on an account which is known stood at zero until now.
        added = balance.amount if memory.rows else NO_MONEY
        within = rules.fast_drain.within if rules.fast_drain else DAY
        row = _moved(before, balance, now, within) if before else _begun(balance, added, now)
        expected = forecast(row.history, balance.amount, now)
        runway = by_runway(
            expected,
            row.history.watched(now),
            rules.runway,
            before=row.severity,
            topped_up=before is not None and balance.amount > before.balance,
        )
        severity, reasons = judge(
            balance.amount,
            runway,
            rules.budgets.get(balance.currency),
            available=reading.available,
            before=row.severity,
        )
        judged.append(
            Judged(
                balance,
                severity,
                expected and expected.burn_per_day,
                expected and expected.runway,
                reasons,
                expected and (expected.earliest, expected.latest),
            )
        )
        if before or balance.amount != 0:
            rows[balance.currency] = replace(row, severity=severity)
    return tuple(judged), replace(memory, rows=rows, failing=None)


def _begun(balance: Balance, added: Decimal, now: datetime) -> Row:
    """A row at its first reading."""
    return Row(
        balance.amount,
        Severity.OK,
        SpendingHistory().reading(now, None),
        Tally().plus(now, added),
        expiring=balance.expiring,
    )


def _moved(before: Row, balance: Balance, now: datetime, within: timedelta) -> Row:
    """A row after one more reading: what fell is spent, what rose was added."""
    fall = EXACT.subtract(before.balance, balance.amount)
    spent: Decimal | None = fall
    # A grant that goes to the cent, and leaves the rest as it was, has expired: nobody spent it.
    # What was spent while money was added hides in the rise.
    if (0 < before.expiring == fall and not balance.expiring and balance.amount > 0) or fall < 0:
        spent = None
    history = before.history.reading(now, spent, within)
    return Row(
        balance.amount,
        before.severity,
        history,
        before.added.plus(now, -fall),
        before.spikes.reading(before.history, history),
        balance.expiring,
    )
