"""What the guard tells by runway: of credits that run dry, and of balances topped up in time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import takewhile
from typing import NamedTuple

from benchmarks.traces import DAY, Trace
from config.settings import read
from guard.alert import Condition, Kind
from guard.decide import Decision, decide
from guard.memory import Memory
from guard.model import Account, Balance, Reading, Severity

REQUIRED = ("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC")
DEFAULTS = read(dict.fromkeys(REQUIRED, "any")).rules["deepseek"]
RULES = replace(DEFAULTS, budgets={})  # so that only the runway speaks
ACCOUNT = Account("deepseek", "benchmark")
LOW = (Condition.LOW_BALANCE, "USD")

CREDITS = (5.0, 10.0, 20.0, 30.0)  # in days of mean spend, as all balances
KEPT = (10.0, 30.0)  # topped up when below the first, to the second
YOUNG = (20.0, 25.0, 30.0)  # first credits
FIRST_WEEK = 7.0
FIGURES = {
    Severity.WARNING: RULES.runway.warning / DAY if RULES.runway else 0.0,
    Severity.CRITICAL: RULES.runway.critical / DAY if RULES.runway else 0.0,
}


class Step(NamedTuple):
    """One reading, whether money was added just before it, and what the guard made of it."""

    number: int
    at: datetime
    balance: Decimal
    added: bool
    decision: Decision


@dataclass
class Run:
    """A credit until its end, in days of the trace; when each severity was told that still stood."""

    credit: float
    ended: float
    warned: float | None = None
    critical: float | None = None
    alerts: int = 0

    def lead(self, told: float | None) -> float:
        """How many days before the end that was."""
        return 0.0 if told is None else self.ended - told


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


def runs_dry(trace: Trace, credit: float) -> Iterator[Run]:
    """An account that is topped up only when it is empty: every credit that ran dry."""
    money = cents(credit * trace.mean)
    run = Run(credit, trace.length)
    for step in replay(trace, money, lambda left: left or money):
        day = trace.days[step.number]
        if step.added:
            run = Run(credit, trace.length)
            if standing := step.decision.memory.episodes.get(LOW):  # told, and needn't be told again
                run.warned = day
                run.critical = day if standing.severity >= Severity.CRITICAL else None
        for severity in told(step):
            if severity is Severity.OK:
                run.warned = run.critical = None
            elif severity < Severity.EXHAUSTED:
                run.alerts += 1
                run.warned = day if run.warned is None else run.warned
                if severity is Severity.CRITICAL:
                    run.critical = day if run.critical is None else run.critical
        if step.balance == 0:
            run.ended = day
            yield run


def false_alerts(trace: Trace) -> tuple[int, int]:
    """False warnings and criticals of an account that is topped up in time."""
    low, high = (cents(days * trace.mean) for days in KEPT)
    false = [
        severity
        for step in replay(trace, high, lambda left: high if left < low else left)
        for severity in told(step)
        if severity in FIGURES and _lasts(trace, step, FIGURES[severity])
    ]
    return false.count(Severity.WARNING), false.count(Severity.CRITICAL)


def falsely_warned_young(trace: Trace) -> Iterator[bool]:
    """Whether the first week of an account brings an alert though its money lasts over a week."""
    for credit in YOUNG:
        steps = replay(trace, cents(credit * trace.mean), lambda left: left)
        week = takewhile(lambda step: trace.days[step.number] < FIRST_WEEK, steps)
        yield any(
            severity in FIGURES and _lasts(trace, step, FIGURES[Severity.WARNING])
            for step in week
            for severity in told(step)
        )


def cents(money: float) -> Decimal:
    """An amount as a balance tells it."""
    return Decimal(f"{money:.2f}")


def told(step: Step) -> Iterator[Severity]:
    """Each severity that is told of the balance at a step; `OK` is a recovery."""
    for alert in step.decision.alerts:
        if alert.condition is Condition.LOW_BALANCE and alert.kind is not Kind.REMINDER:
            yield Severity.OK if alert.kind is Kind.RECOVERY else alert.severity


def _lasts(trace: Trace, step: Step, days: float) -> bool:
    """Whether it truly lasts longer; it does where the trace ends before it."""
    end = trace.day_of(trace.spent[step.number] + float(step.balance))
    return end is None or end - trace.days[step.number] > days
