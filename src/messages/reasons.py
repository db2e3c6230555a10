"""Why an alert was sent: one sentence for each of its facts, without its full stop."""

from collections.abc import Iterable, Iterator
from datetime import UTC, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from guard.alert import Alert, CheckFailing, FastDrain, Known, LowBalance, OnCredit, Threshold
from guard.drain import Drain
from guard.model import DrainRule, Severity
from messages.format import CENT, amount, clock, figure, length, percent, rough


def why(alert: Alert, zone: tzinfo = UTC) -> tuple[str, ...]:
    """The reasons of an alert, the most important first."""
    return (*_returned(alert, zone), *_of_facts(alert, zone), *_expired(alert))


def _of_facts(alert: Alert, zone: tzinfo) -> Iterator[str]:
    currency = alert.currency or ""
    match alert.facts:
        case LowBalance():
            yield from _low_balance(alert.facts, alert.severity, currency)
            if alert.facts.rule and alert.drain:
                yield from _drain(alert.drain, alert.facts.rule, currency)
        case FastDrain():
            yield from _fast_drain(alert.facts, currency)
        case OnCredit():
            yield from _on_credit(alert.facts, alert.severity, currency)
        case CheckFailing():
            yield from _check_failing(alert.facts, zone)


def _returned(alert: Alert, zone: tzinfo) -> Iterator[str]:
    if alert.returned is None or alert.currency is None or isinstance(alert.facts, OnCredit):
        return
    before, low = (amount(one, alert.currency) for one in (alert.returned.before, alert.returned.low))
    more = " with more" if alert.balance is not None and alert.balance > alert.returned.before else ""
    fell = f"{before} fell to {low} on {clock(alert.returned.since, zone)}"
    yield f"{fell}, and came back{more}: what fell does not count as spent"


def _expired(alert: Alert) -> Iterator[str]:
    if alert.expired and alert.currency:
        granted = amount(alert.expired, alert.currency)
        yield f"granted credit of {granted} seems to have expired; it does not count as spent"


def gone(drain: Drain, currency: str) -> str:
    """`27.70 USD went within 1 hour`."""
    rounded = drain.gone.quantize(CENT, ROUND_HALF_UP) if drain.gone >= CENT else drain.gone
    return f"{amount(rounded, currency)} went within {length(drain.within)}"


def _low_balance(facts: LowBalance, severity: Severity, currency: str) -> Iterator[str]:
    if facts.others:
        yield f"the {currency} are used up, and calls go on from {amounts(facts.others)}"
    elif severity is Severity.OK:
        yield "the balance is above every figure that was set for it, with a margin"
    else:
        yield from (_threshold(one, currency) for one in facts.thresholds)


def _threshold(one: Threshold, currency: str) -> str:
    if one.reason == "unavailable":
        return "the provider says that it will refuse calls"
    word = one.level.word
    if isinstance(one.figure, timedelta):
        span = length(one.figure)
        if one.held:
            return f"it is not yet sure to last longer than {span}, the {word} figure"
        return f"it is expected to last no longer than {span}, the {word} figure for the runway"
    if one.figure is None:
        return "the balance is used up"
    money = figure(one.figure, currency)
    if one.held:
        return f"the balance is still within a tenth of {money}, its {word} figure"
    return f"the balance is at or below {money}, its {word} figure"


def _fast_drain(facts: FastDrain, currency: str) -> Iterator[str]:
    if facts.rule is None:
        yield "FAST_DRAIN is off now, so nobody watches for it any more"
    elif facts.drain is None:
        limit = f"half of {percent(facts.rule.share)}"
        yield f"less than {limit} went within the last {length(facts.rule.within)}"
    else:
        yield from _drain(facts.drain, facts.rule, currency)


def _drain(drain: Drain, rule: DrainRule, currency: str) -> Iterator[str]:
    share = drain.gone / (drain.left + drain.gone) if drain.left > 0 else Decimal(1)
    part = f"{share:.0%}" if share >= CENT else "less than 1%"
    yield f"{gone(drain, currency)}: {part} of what was there"
    if drain.times is not None:
        yield f"that is {rough(drain.times)} times the usual pace"
    if share > rule.share:
        yield f"more than {percent(rule.share)} within {length(rule.within)} is taken as a drain"
    else:
        yield "nothing stood out as much for weeks, as a leaked key does"


def _on_credit(facts: OnCredit, severity: Severity, currency: str) -> Iterator[str]:
    cash = f"the account's own cash is {amount(facts.cash, currency)}"
    if severity is Severity.OK:
        yield cash
    else:
        yield f"{cash}; what is spent now will be billed"
        yield f"with the credit line {amount(facts.spendable, currency)} can still be spent"


def _check_failing(facts: CheckFailing, zone: tzinfo) -> Iterator[str]:
    if facts.failure is None:
        yield f"the balance is {_balances(facts.known)}"
        return
    yield facts.failure.detail.rstrip(".")
    if facts.since and facts.count > 1:
        yield f"{facts.count} checks failed in a row, the first on {clock(facts.since, zone)}"
    if facts.known:
        yield f"the last known balance is {_balances(facts.known)}; it may have changed since"


def amounts(known: Iterable[Known]) -> str:
    """`12.00 CNY and 3.00 USD`."""
    return " and ".join(amount(one.amount, one.currency) for one in known)


def _balances(known: Iterable[Known]) -> str:
    return ", ".join(f"{amount(one.amount, one.currency)} ({one.severity.word})" for one in known)
