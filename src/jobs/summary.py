"""What came of a run, as the function returns it: section 5 of the contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from guard.figures import burn, days, money, timestamp
from guard.model import Account, Failure, Judged, Reading, Severity, worst
from jobs.publisher import Published
from messages.message import Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one account; `reading` is `None` if the guard itself failed before it had one.

    `previous_severity` is the one that it had before, if it had one. `claimed` is to be published.
    """

    account: Account
    now: datetime
    previous_severity: Severity | None = None
    reading: Reading | Failure | None = None
    judged: tuple[Judged, ...] = ()
    claimed: tuple[Message, ...] = ()
    published: tuple[Published, ...] = ()
    errors: tuple[str, ...] = ()


def of_run(outcomes: Sequence[Outcome], others: Sequence[Published] = ()) -> dict[str, Any]:
    """The summary of a run; `observed_at` is the latest of its accounts.

    `others` were published without being about an account: a digest that was held back.
    """
    published = [*(one for outcome in outcomes for one in outcome.published), *others]
    return {
        "observed_at": timestamp(max(outcome.now for outcome in outcomes)),
        "accounts": [of_account(outcome) for outcome in outcomes],
        "alerts": [of_published(one) for one in published],
    }


def is_brief(event: object) -> bool:
    """Whether an event asks for an answer without its lists."""
    return isinstance(event, dict) and event.get("brief") is True


def brief(whole: Mapping[str, Any]) -> dict[str, Any]:
    """A summary in a few figures: Step Functions takes no answer of more than 256 KiB.

    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
    """
    failed = sum(account["status"] == "failed" for account in whole["accounts"])
    return {
        **whole,
        "accounts": [],
        "alerts": [],
        "checked": len(whole["accounts"]) - failed,
        "failed": failed,
        "published": len(whole["alerts"]),
    }


def of_nothing(now: datetime) -> dict[str, Any]:
    """The summary of a run that had no account to check."""
    return {"observed_at": timestamp(now), "accounts": [], "alerts": []}


def of_account(outcome: Outcome) -> dict[str, Any]:
    """One account: its balances, or why they could not be read."""
    names = {"provider": outcome.account.provider, "account": outcome.account.label}
    if isinstance(outcome.reading, Failure):
        return {**names, "status": "failed", "error": outcome.reading.error, "balances": []}
    return {
        **names,
        "status": "ok",
        "severity": worst(one.severity for one in outcome.judged).word,
        "balances": [_balance(one) for one in outcome.judged],
    }


def of_message(message: Message) -> dict[str, str | None]:
    """One message that was published."""
    return {
        "id": message.id,
        "kind": message.kind,
        "condition": message.condition,
        "severity": message.severity,
        "provider": message.provider,
        "account": message.account,
        "currency": message.currency,
    }


def of_published(one: Published) -> dict[str, str | None]:
    """The same, with the id of the message in which it stood with others."""
    return of_message(one.message) | ({"group": one.group} if one.group else {})


def for_log(one: Published) -> dict[str, str | None]:
    """The same with its time, since a log line bears only the time at which it was written."""
    return {"observed_at": one.message.observed_at, **of_published(one)}


def _balance(one: Judged) -> dict[str, Any]:
    return {
        "currency": one.balance.currency,
        "balance": money(one.balance.amount),
        "severity": one.severity.word,
        "burn_per_day": None if one.burn_per_day is None else burn(one.burn_per_day),
        "runway_days": None if one.runway is None else days(one.runway),
        "runway_between": one.runway_between and list(map(days, one.runway_between)),
        "components": {name: money(amount) for name, amount in one.balance.components.items()},
    }
