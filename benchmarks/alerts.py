"""When the guard says that a balance will not last: of accounts that run dry, and of others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from benchmarks.traces import DAY, Trace
from config.settings import read
from guard.alert import Alert, Condition, Kind
from guard.decide import Decision, decide
from guard.memory import Memory
from guard.model import Account, Balance, Reading, Severity

REQUIRED = ("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC")
DEFAULTS = read(dict.fromkeys(REQUIRED, "any")).rules["deepseek"]
RULES = replace(DEFAULTS, budgets={})  # so that only the runway speaks
ACCOUNT = Account("deepseek", "benchmark")
LOW = (Condition.LOW_BALANCE, "USD")

CREDITS = (2.0, 5.0, 10.0)  # in days of mean spend
IN_TIME = timedelta(hours=12) / DAY
SUDDEN = 2  # a last day of more than so many times the pace of the week before was not to be seen
KEPT_ABOVE = ((12.0, 20.0), (5.0, 10.0))  # topped up when below the first, to the second
TRULY_LOW = 2 * RULES.runway.critical / DAY if RULES.runway else 0.0


class Step(NamedTuple):
    """One reading, whether money was added just before it, and what the guard made of it."""

    number: int
    at: datetime
    balance: Decimal
    added: bool
    decision: Decision


@dataclass
class Run:
    """A credit from start to end, in days of the trace; `seen`, whether its pace was to be seen.

    `warned` and `critical` are when that was said and not taken back; the counts, how often.
    """

    began: float
    ended: float
    seen: bool
    warned: float | None = None
    critical: float | None = None
    warnings: int = 0
    criticals: int = 0

    def in_time(self, said: float | None) -> bool:
        """Whether that was said, and early enough."""
        return said is not None and self.ended - said >= IN_TIME


def replay(trace: Trace, first: Decimal, topped_up: Callable[[Decimal], Decimal]) -> Iterator[Step]:
    """The guard on a trace, with a credit that somebody may top up between two readings.

    `topped_up` is the balance that is there after its owner saw the one before.
    """
    memory, balance, before = Memory(), first, trace.readings[0][1]
    for index, (at, spent) in enumerate(trace.readings):
        filled = topped_up(balance) if index else balance
        added, balance = filled > balance, max(filled - (spent - before), Decimal(0))
        before = spent
        decision = decide(memory, Reading((Balance("USD", balance),)), RULES, ACCOUNT, at)
        memory = decision.memory
        yield Step(index, at, balance, added, decision)


def runs_dry(trace: Trace, credit: float, begin: float = 1.0) -> Iterator[Run]:
    """An account that is topped up only when it is empty: every credit that ran dry.

    `begin` is which share of a credit the first one is.
    """
    first, money = cents(begin * credit * trace.mean), cents(credit * trace.mean)
    run = _begun(trace, 0, first)
    for step in replay(trace, first, lambda left: left or money):
        if step.added:
            run = _begun(trace, step.number - 1, money)
            _note_standing(run, step.decision, trace.days[step.number])
        _note(run, step.decision, trace.days[step.number])
        if step.balance == 0:
            yield run


def false_criticals(trace: Trace, above: float, to: float) -> Iterator[float]:
    """The days on which critical was said of an account that is topped up in time, and was not true."""
    low, high = cents(above * trace.mean), cents(to * trace.mean)
    for step in replay(trace, high, lambda left: high if left < low else left):
        said = any(_is_critical(alert) for alert in step.decision.alerts)
        if said and _lasts(trace, step):
            yield trace.days[step.number]


def cents(money: float) -> Decimal:
    """An amount as a balance tells it."""
    return Decimal(f"{money:.2f}")


def _is_critical(alert: Alert) -> bool:
    low = alert.condition is Condition.LOW_BALANCE
    return low and alert.kind is Kind.ALERT and alert.severity is Severity.CRITICAL


def _begun(trace: Trace, index: int, money: Decimal) -> Run:
    began, ended = trace.days[index], trace.day_of(trace.spent[index] + float(money)) or trace.length
    return Run(began, ended, _was_to_be_seen(trace, began, ended))


def _note_standing(run: Run, decision: Decision, day: float) -> None:
    """What was said of the credit before, and still stands, needn't be said again."""
    if standing := decision.memory.episodes.get(LOW):
        run.warned = day
        run.critical = day if standing.severity >= Severity.CRITICAL else None


def _note(run: Run, decision: Decision, day: float) -> None:
    for alert in decision.alerts:
        if alert.condition is not Condition.LOW_BALANCE:
            continue
        if alert.kind is Kind.RECOVERY:
            run.warned = run.critical = None
        elif alert.kind is Kind.ALERT:
            run.warned = day if run.warned is None else run.warned
            run.warnings += alert.severity is Severity.WARNING
            if alert.severity is Severity.CRITICAL:
                run.critical = day if run.critical is None else run.critical
                run.criticals += 1


def _was_to_be_seen(trace: Trace, began: float, ended: float) -> bool:
    """Whether there was a day for it, and the last day was no more than twice the week before it."""
    a_day_before = ended - 1
    if a_day_before < max(began, 1.0):
        return False
    week = min(a_day_before, 7.0)
    there = trace.spent_at(a_day_before)
    before = (there - trace.spent_at(a_day_before - week)) / week
    return trace.spent_at(ended) - there <= SUDDEN * before


def _lasts(trace: Trace, step: Step) -> bool:
    """Whether it lasts over twice the critical figure; it does where the trace ends before it."""
    end = trace.day_of(trace.spent[step.number] + float(step.balance))
    return end is None or end - trace.days[step.number] > TRULY_LOW
