"""The severity of a balance, and the margin that leaving it takes.

A balance that hovers at a threshold would cross it many times a day. So a severity is entered at
the owner's figure and left a margin beyond it: a tenth of the figure for money, which moves by
cents while it hovers and by whole top-ups when it recovers; a quarter for a runway, which is an
estimate and wobbles with the pace of the day. Out of `exhausted` it is a tenth of the critical
figure, and ten cents at least: a bonus of a few cents does not bring a service back.
"""

from datetime import timedelta
from decimal import Decimal

from guard.forecast import LONGEST
from guard.model import Budget, Rules, Severity

LEAST_MARGIN = Decimal("0.10")  # of any currency
MONEY_MARGIN = Decimal("1.1")
RUNWAY_MARGIN = 1.25


def judge(
    amount: Decimal,
    runway: timedelta | None,
    budget: Budget | None,
    rules: Rules,
    *,
    available: bool,
    before: Severity,
) -> tuple[Severity, tuple[str, ...]]:
    """The severity of a balance that stood at `before`, and the reasons for it.

    Reasons are among `balance`, `runway` and `unavailable`.
    """
    levels = _levels(amount, runway, budget, rules, available=available, margin=False)
    held = _levels(amount, runway, budget, rules, available=available, margin=True)
    entered = max(levels.values())
    severity = max(entered, min(before, max(held.values())))
    # A severity that is only held by its margin is held for the reason that margin belongs to.
    cause = levels if severity == entered else held
    return severity, tuple(reason for reason, level in cause.items() if level >= severity > Severity.OK)


def _levels(
    amount: Decimal,
    runway: timedelta | None,
    budget: Budget | None,
    rules: Rules,
    *,
    available: bool,
    margin: bool,
) -> dict[str, Severity]:
    return {
        "unavailable": Severity.OK if available else Severity.EXHAUSTED,
        "balance": _by_balance(amount, budget, MONEY_MARGIN if margin else Decimal(1)),
        "runway": by_runway(runway, rules, RUNWAY_MARGIN if margin else 1.0),
    }


def _by_balance(amount: Decimal, budget: Budget | None, margin: Decimal) -> Severity:
    held = max(budget.critical / 10 if budget else LEAST_MARGIN, LEAST_MARGIN)
    if amount <= (held if margin > 1 else 0):
        return Severity.EXHAUSTED
    if budget and amount <= budget.critical * margin:
        return Severity.CRITICAL
    if budget and amount <= budget.warning * margin:
        return Severity.WARNING
    return Severity.OK


def by_runway(runway: timedelta | None, rules: Rules, margin: float = 1.0) -> Severity:
    """How bad a runway is."""
    # The longest runway means that or more, so no figure and no margin can lie beyond it.
    if runway is None or rules.runway is None or runway >= LONGEST:
        return Severity.OK
    if runway <= rules.runway.critical * margin:
        return Severity.CRITICAL
    if runway <= rules.runway.warning * margin:
        return Severity.WARNING
    return Severity.OK
