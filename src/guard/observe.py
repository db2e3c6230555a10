"""What a reading, or a failure, makes of what is remembered."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from guard.forecast import forecast
from guard.history import DAY, HOUR, SpendingHistory
from guard.memory import Failing, Memory, Row
from guard.model import EXACT, NO_MONEY, Balance, Judged, Reading, Returned, Rules, Severity
from guard.restore import before_refusal, came_back, is_habit, noted
from guard.severity import by_runway, judge
from guard.tally import Tally


def counted(reading: Reading, known: Mapping[str, Row], now: datetime) -> frozenset[str]:
    """The currencies that count: those that hold money, or the one that was used last if none does.

    A row that was there within the hour and is missing from the answer may still hold its money.
    """
    amounts = {one.currency: one.amount for one in reading.balances}
    missing = [row for currency, row in known.items() if currency not in amounts]
    holding = {currency for currency, amount in amounts.items() if amount > 0}
    if holding or any(row.balance > 0 and now - row.read_at <= HOUR for row in missing):
        return frozenset(holding)
    used = {currency for currency in amounts if currency in known}
    used_last = {currency for currency in used if _was_in_use(known[currency])}
    owing = {currency for currency, amount in amounts.items() if amount < 0}
    return frozenset(used_last or used | owing or amounts)


def _was_in_use(row: Row) -> bool:
    return row.balance > 0 or row.severity is Severity.EXHAUSTED


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
    """What is thought of each balance, and the memory after the reading."""
    rows, judged = dict(memory.rows), []
    counting = counted(reading, memory.rows, now)
    for balance in reading.balances:
        before, currency = rows.get(balance.currency), balance.currency
        row, one = _read(before, balance, reading, rules, now, known=bool(memory.rows))
        if currency not in counting:
            row = replace(row, severity=Severity.OK)
            one = Judged(balance, Severity.OK, None, None, counts=False, returned=one.returned)
        judged.append(one)
        if before or balance.amount != 0:
            rows[currency] = row
    return tuple(judged), replace(memory, rows=rows, failing=None)


def _read(
    last: Row | None, balance: Balance, reading: Reading, rules: Rules, now: datetime, *, known: bool
) -> tuple[Row, Judged]:
    """A row after one more reading, and what is thought of it."""
    before, returned = last, None
    if last and (found := came_back(last, balance.amount, now)):
        if not is_habit(last, found, now):
            before = found.before
            if found.steep:
                returned = Returned(before.balance, found.low, found.since)
            else:  # it hovers, so it keeps the severity that it has
                before = replace(before, severity=last.severity)
        returns = noted(last, found, now)
    elif last:
        before = before_refusal(last, now) if reading.available and not last.available else last
        returns = last.returns
    if before is None:
        # A row that is new on an account which is known stood at zero until now.
        row = _begun(balance, balance.amount if known else NO_MONEY, now)
    else:
        row = moved(before, balance, now, rules.fast_drain.within if rules.fast_drain else DAY)
        row = replace(
            row,
            spikes=before.spikes.reading(before.history, row.history),
            returns=returns,
            earlier=_last_hour((*before.earlier, before), now),
        )
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
    one = Judged(
        balance,
        severity,
        expected and expected.burn_per_day,
        expected and expected.runway,
        reasons,
        expected and (expected.earliest, expected.latest),
        expired=expired(before, balance) if before else NO_MONEY,
        returned=returned,
    )
    return replace(row, severity=severity, available=reading.available), one


def _begun(balance: Balance, added: Decimal, now: datetime) -> Row:
    """A row at its first reading."""
    return Row(
        balance.amount,
        Severity.OK,
        SpendingHistory().reading(now, None),
        Tally().plus(now, added),
        expiring=balance.expiring,
    )


def moved(before: Row, balance: Balance, now: datetime, within: timedelta) -> Row:
    """A row after one more reading: what fell is spent, what rose was added. It isn't judged yet."""
    fall = EXACT.subtract(before.balance, balance.amount)
    # What was spent while money was added hides in the rise.
    spent = EXACT.subtract(fall, expired(before, balance))
    history = before.history.reading(now, None if spent < 0 else spent, within)
    added = before.added.plus(now, -fall)
    return Row(balance.amount, before.severity, history, added, before.spikes, balance.expiring)


def expired(before: Row, balance: Balance) -> Decimal:
    """What seems to have been granted for a time that is over.

    The whole of a grant, gone at one reading with the money; unless as much went in the hour before.
    """
    went = before.expiring > 0 and balance.expiring <= 0 and balance.amount < before.balance
    if not went or before.expiring <= before.history.spent_within(HOUR, before.read_at):
        return NO_MONEY
    return before.expiring


def _last_hour(rows: Iterable[Row], now: datetime) -> tuple[Row, ...]:
    """The rows at the readings of the last hour and the one before, each without its own past."""
    kept = [replace(row, earlier=(), returns=()) for row in rows if row.read_at != now]
    while len(kept) > 1 and now - kept[1].read_at > HOUR:
        kept.pop(0)
    return tuple(kept)
