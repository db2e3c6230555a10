"""The severity of a balance, and the margin that leaving it takes.

A balance that hovers at a threshold would cross it many times a day. So a severity is entered at
the owner's figure and left a margin beyond it: a tenth of the figure for money, which moves by
cents while it hovers and by whole top-ups when it recovers. Out of `exhausted` it is a tenth of the
critical figure, and ten cents at least: a bonus of a few cents does not bring a service back. A runway
is an estimate with a range, which is its margin.
"""

from datetime import timedelta
from decimal import Decimal

from guard.forecast import LONGEST, Forecast
from guard.model import Budget, Severity, Spans

LEAST_MARGIN = Decimal("0.10")  # of any currency
MONEY_MARGIN = Decimal("1.1")


def judge(
    amount: Decimal, runway: Severity, budget: Budget | None, *, available: bool, before: Severity
) -> tuple[Severity, tuple[str, ...]]:
    """The severity of a balance that stood at `before`, and the reasons for it.

    `runway` is what `by_runway` says. Reasons are among `balance`, `runway` and `unavailable`.
    """
    unavailable = Severity.OK if available else Severity.EXHAUSTED
    levels = {"unavailable": unavailable, "balance": _by_balance(amount, budget), "runway": runway}
    held = {**levels, "balance": _by_balance(amount, budget, MONEY_MARGIN)}
    entered = max(levels.values())
    severity = max(entered, min(before, max(held.values())))
    # A severity that is only held by its margin is held for the reason that margin belongs to.
    cause = levels if severity == entered else held
    return severity, tuple(reason for reason, level in cause.items() if level >= severity > Severity.OK)


def by_runway(
    expected: Forecast | None,
    watched: timedelta,
    figures: Spans | None,
    *,
    before: Severity,
    topped_up: bool,
) -> Severity:
    """How bad a runway is, for a balance that stood at `before`.

    It is as bad as its middle says, unless that is longer than the account has been `watched`. It stays
    so until its early end has passed the figure; but after a top-up it is judged afresh.
    """
    if expected is None or figures is None:
        return Severity.OK
    level = _level(expected.runway, figures) if expected.runway <= watched else Severity.OK
    # Out of exhausted too: what was said then was not about the runway.
    if topped_up or before is Severity.EXHAUSTED:
        return level
    return max(level, min(before, _level(expected.earliest, figures)))


def _level(runway: timedelta, figures: Spans) -> Severity:
    # The longest runway means that or more, so it is beyond every figure.
    if runway >= LONGEST or runway > figures.warning:
        return Severity.OK
    return Severity.CRITICAL if runway <= figures.critical else Severity.WARNING


def _by_balance(amount: Decimal, budget: Budget | None, margin: Decimal = Decimal(1)) -> Severity:
    held = max(budget.critical / 10 if budget else LEAST_MARGIN, LEAST_MARGIN)
    if amount <= (held if margin > 1 else 0):
        return Severity.EXHAUSTED
    if budget and amount <= budget.critical * margin:
        return Severity.CRITICAL
    if budget and amount <= budget.warning * margin:
        return Severity.WARNING
    return Severity.OK
