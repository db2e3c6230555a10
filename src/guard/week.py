"""What the last seven days were for every account, as far as the guard remembers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from guard.alert import Spending
from guard.forecast import LONGEST, Forecast, forecast
from guard.history import DAY, WEEK
from guard.memory import Memory, Row
from guard.model import Account, Severity, worst

FORGOTTEN = timedelta(days=14)  # an account that was taken out of the secret is named no longer
SILENT = DAY  # no check for so long means that nobody checks


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of one balance; a figure that isn't known is `None`.

    `spent` is over `known` up to now, a week at most; `before` over the time `earlier` before that.
    """

    currency: str
    balance: Decimal
    severity: Severity
    spent: Decimal
    known: timedelta
    before: Decimal
    earlier: timedelta
    added: Decimal
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class AccountWeek:
    """Seven days of one account, as the guard remembers them."""

    account: Account
    checked_at: datetime
    weeks: tuple[Week, ...]
    failed: int
    failing_since: datetime | None
    silent: bool

    @property
    def severity(self) -> Severity:
        """That of the worst balance."""
        return worst(week.severity for week in self.weeks)

    @property
    def runway(self) -> timedelta | None:
        """That of the balance which ends first; `None` if none is known."""
        return min((week.forecast.runway for week in self.weeks if week.forecast), default=None)

    @property
    def well(self) -> bool:
        """Whether there is nothing about it that somebody should see to."""
        return self.severity is Severity.OK and self.failing_since is None and not self.silent


def sum_up(
    memories: Iterable[tuple[Account, Memory]], now: datetime, back: timedelta = FORGOTTEN
) -> tuple[AccountWeek, ...]:
    """Every account that was checked in the last two weeks, or `back`, the one in most need first."""
    summed = [
        _summed(account, memory, memory.observed_at, now)
        for account, memory in memories
        if memory.observed_at is not None and now - memory.observed_at < back
    ]
    return tuple(sorted(summed, key=_need))


def _need(one: AccountWeek) -> tuple[object, ...]:
    ends = LONGEST if one.runway is None else one.runway
    return (-one.severity, one.failing_since is None, not one.silent, ends, one.account)


def _summed(account: Account, memory: Memory, checked_at: datetime, now: datetime) -> AccountWeek:
    return AccountWeek(
        account=account,
        checked_at=checked_at,
        weeks=tuple(_week(currency, row, now) for currency, row in sorted(memory.rows.items())),
        failed=int(memory.failed.since(now - WEEK)),
        failing_since=memory.failing.since if memory.failing else None,
        silent=now - checked_at > SILENT,
    )


def _week(currency: str, row: Row, now: datetime) -> Week:
    reach = row.history.watched(now)
    spent = row.history.spent_within(WEEK, now)
    return Week(
        currency=currency,
        balance=row.balance,
        severity=row.severity,
        spent=spent,
        known=min(reach, WEEK),
        before=row.history.spent_within(2 * WEEK, now) - spent,
        earlier=max(min(reach, 2 * WEEK) - WEEK, timedelta(0)),
        added=row.added.since(now - WEEK),
        forecast=_forecast(row),
    )


def spending(row: Row, now: datetime) -> Spending:
    """What was spent of a balance in the last 24 hours, and in the last seven days."""
    return Spending(
        day=row.history.spent_within(DAY, now),
        week=row.history.spent_within(WEEK, now),
        watched=row.history.watched(now),
        day_hidden=row.added.since(now - DAY) > 0,
        week_hidden=row.added.since(now - WEEK) > 0,
    )


def _forecast(row: Row) -> Forecast | None:
    last = row.history.last
    return forecast(row.history, row.balance, last) if last else None
