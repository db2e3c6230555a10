"""What came of a run, as the function returns it: section 5 of the contract."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from guard.figures import days, money, pace, timestamp
from guard.model import Account, Alert, Failure, Judged, Reading, Severity, worst


@dataclass(slots=True)
class Outcome:
    """What came of one account; `reading` is `None` if the guard itself failed before it had one.

    `standing` is the severity that it had before, if it had one.
    """

    account: Account
    now: datetime
    standing: Severity | None = None
    reading: Reading | Failure | None = None
    judged: tuple[Judged, ...] = ()
    published: list[Alert] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def of_run(outcomes: list[Outcome]) -> dict[str, Any]:
    """The summary of a run; `observed_at` is the latest of its accounts."""
    return {
        "observed_at": timestamp(max(outcome.now for outcome in outcomes)),
        "accounts": [of_account(outcome) for outcome in outcomes],
        "alerts": [of_alert(alert) for outcome in outcomes for alert in outcome.published],
    }


def of_account(outcome: Outcome) -> dict[str, Any]:
    """One account: its balances, or why they could not be read."""
    names = {"provider": outcome.account.provider, "account": outcome.account.label}
    if isinstance(outcome.reading, Failure):
        return {**names, "status": "failed", "error": outcome.reading.error, "balances": []}
    return {
        **names,
        "status": "ok",
        "severity": worst(outcome.judged).word,
        "balances": [_balance(one) for one in outcome.judged],
    }


def of_alert(alert: Alert) -> dict[str, str | None]:
    """One alert that was published."""
    return {
        "id": alert.id,
        "kind": alert.kind,
        "condition": alert.condition,
        "severity": alert.severity.word,
        "provider": alert.account.provider,
        "account": alert.account.label,
        "currency": alert.currency,
    }


def for_log(alert: Alert) -> dict[str, str | None]:
    """The same with its time, since a log line bears only the time at which it was written."""
    return {"observed_at": timestamp(alert.observed_at), **of_alert(alert)}


def _balance(one: Judged) -> dict[str, Any]:
    return {
        "currency": one.balance.currency,
        "balance": money(one.balance.amount),
        "severity": one.severity.word,
        "burn_per_day": None if one.burn_per_day is None else pace(one.burn_per_day),
        "runway_days": None if one.runway is None else days(one.runway),
        "components": {name: money(amount) for name, amount in one.balance.components.items()},
    }
