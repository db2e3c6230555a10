"""How bad each condition is now, and the facts that say so."""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import NamedTuple

from guard.alert import (
    CheckFailing,
    Condition,
    EpisodeKey,
    Facts,
    FastDrain,
    Known,
    LowBalance,
    OnCredit,
    Threshold,
)
from guard.drain import drained
from guard.memory import Memory
from guard.model import NO_MONEY, CheckError, Failure, Judged, Reading, Rules, Severity

FAILURES_IN_A_ROW = 3
# Another try won't heal these, so the first failure counts.
AT_ONCE = frozenset({CheckError.AUTH, CheckError.PERMISSION, CheckError.BILLING, CheckError.CONFIG})


class Finding(NamedTuple):
    """How bad one condition is now (`None`: not known), and the facts about it."""

    severity: Severity | None
    reasons: tuple[str, ...] = ()
    facts: Facts | None = None
    judged: Judged | None = None


def conditions(
    memory: Memory,
    reading: Reading | Failure,
    judged: tuple[Judged, ...],
    rules: Rules,
    now: datetime,
) -> Iterator[tuple[EpisodeKey, Callable[[], Finding]]]:
    """Each condition that this reading says something about, and how to look at it."""
    failing = (Condition.CHECK_FAILING, None)
    if isinstance(reading, Failure):
        yield failing, partial(_check_failing, memory, reading)
        return
    yield failing, partial(Finding, Severity.OK, facts=CheckFailing(_known(judged)))
    for one in judged:
        currency = one.balance.currency
        low = partial(low_balance, one, rules) if one.counts else partial(_used_up, one, judged)
        yield (Condition.LOW_BALANCE, currency), low
        if currency in memory.rows:
            yield (Condition.FAST_DRAIN, currency), partial(fast_drain, memory, one, rules, now)
        if one.balance.cash is not None:
            yield (Condition.ON_CREDIT, currency), partial(_on_credit, memory, one)


def _used_up(one: Judged, judged: tuple[Judged, ...]) -> Finding:
    others = _known(tuple(other for other in judged if other.balance.amount > 0))
    return Finding(Severity.OK, ("other_wallet",), LowBalance(others=others), one)


def low_balance(one: Judged, rules: Rules) -> Finding:
    """How low a balance is, and which thresholds say so."""
    reached = tuple(_threshold(reason, one, rules) for reason in one.reasons)
    return Finding(one.severity, one.reasons, LowBalance(reached), one)


def _threshold(reason: str, one: Judged, rules: Rules) -> Threshold:
    """The figure behind a reason: that of the severity at which the balance stands."""
    level = Severity.CRITICAL if one.severity >= Severity.CRITICAL else Severity.WARNING
    critical = level is Severity.CRITICAL
    budget = rules.budgets.get(one.balance.currency)
    if reason == "runway" and rules.runway:
        span = rules.runway.critical if critical else rules.runway.warning
        return Threshold(reason, level, span, held=one.runway is not None and one.runway > span)
    if reason == "balance" and budget and one.balance.amount > 0:
        money = budget.critical if critical else budget.warning
        return Threshold(reason, level, money, held=one.balance.amount > money)
    return Threshold(reason, level)


def fast_drain(memory: Memory, one: Judged, rules: Rules, now: datetime) -> Finding:
    """Whether money goes too fast; it is over where nobody watches for it."""
    currency, drain = one.balance.currency, rules.fast_drain
    if drain is None:
        return Finding(Severity.OK, facts=FastDrain(None, None), judged=one)
    row = memory.rows[currency]
    open_already = (Condition.FAST_DRAIN, currency) in memory.episodes
    found = drained(row.history, row.spikes, row.balance, drain, now, open_already=open_already)
    if found is None:
        return Finding(Severity.OK, facts=FastDrain(None, drain), judged=one)
    return Finding(Severity.CRITICAL, ("drain",), FastDrain(found, drain), one)


def _on_credit(memory: Memory, one: Judged) -> Finding:
    cash, spendable = one.balance.cash or NO_MONEY, one.balance.spendable or NO_MONEY
    facts = OnCredit(cash, spendable)
    if cash > 0:
        return Finding(Severity.OK, facts=facts, judged=one)
    open_already = (Condition.ON_CREDIT, one.balance.currency) in memory.episodes
    if spendable > 0:
        return Finding(Severity.WARNING, ("credit",), facts, one)
    # The credit has gone as well: that is for low_balance to say, and no recovery of this.
    return Finding(None if open_already else Severity.OK, judged=one)


def _check_failing(memory: Memory, failure: Failure) -> Finding:
    failing = memory.failing
    count = failing.count if failing else 0
    announced = (Condition.CHECK_FAILING, None) in memory.episodes
    if failure.error not in AT_ONCE and count < FAILURES_IN_A_ROW and not announced:
        return Finding(Severity.OK)
    # Refused for want of money is what the guard is there to say; else the balances may be fine.
    severity = Severity.CRITICAL if failure.error is CheckError.BILLING else Severity.WARNING
    known = tuple(
        Known(currency, row.balance, row.severity) for currency, row in sorted(memory.rows.items())
    )
    facts = CheckFailing(known, failure, count, failing.since if failing else None)
    return Finding(severity, (failure.error,), facts)


def _known(judged: tuple[Judged, ...]) -> tuple[Known, ...]:
    return tuple(Known(one.balance.currency, one.balance.amount, one.severity) for one in judged)
