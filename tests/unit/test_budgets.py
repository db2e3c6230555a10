"""The severity of one balance: the owner's figures, and the margin that leaving them takes."""

from datetime import timedelta
from decimal import Decimal

import pytest

from guard.model import Budget, Rules, Severity, Spans
from guard.severity import judge

OK, WARNING, CRITICAL, EXHAUSTED = Severity
BUDGET = Budget(Decimal(20), Decimal(5))
DAY = timedelta(days=1)
RUNWAY = Spans(7 * DAY, 2 * DAY)


def judged(
    amount, *, days=None, budget=BUDGET, runway=RUNWAY, before=OK, available=True
) -> tuple[Severity, tuple[str, ...]]:
    span = None if days is None else timedelta(days=days)
    rules = Rules({}, runway, Spans(DAY, DAY), None)
    return judge(Decimal(amount), span, budget, rules, available=available, before=before)


BALANCE, RUNS_OUT = ("balance",), ("runway",)


@pytest.mark.parametrize(
    ("amount", "severity"),
    [
        ("20.01", OK), ("20", WARNING), ("5.01", WARNING), ("5", CRITICAL), ("0.01", CRITICAL),
        ("0", EXHAUSTED), ("-0.00", EXHAUSTED), ("-0.02", EXHAUSTED),
    ],
)  # fmt: skip
def test_a_balance_at_its_figure_has_reached_it(amount, severity):
    assert judged(amount) == (severity, BALANCE if severity else ())


@pytest.mark.parametrize(
    ("days", "severity"),
    [(None, OK), (7.01, OK), (7, WARNING), (2.01, WARNING), (2, CRITICAL), (0, CRITICAL)],
)
def test_a_runway_at_its_figure_has_reached_it(days, severity):
    assert judged("1000", days=days) == (severity, RUNS_OUT if severity else ())


def test_a_runway_that_is_turned_off_never_counts():
    assert judged("1000", days=0.1, runway=None) == (OK, ())


@pytest.mark.parametrize(
    ("amount", "days", "severity", "reasons"),
    [
        ("0.01", 30, OK, ()),
        ("0.01", 3, WARNING, ("runway",)),
        ("0", None, EXHAUSTED, ("balance",)),
        ("-1", 30, EXHAUSTED, ("balance",)),
    ],
)
def test_a_currency_without_a_budget_has_only_a_runway(amount, days, severity, reasons):
    assert judged(amount, days=days, budget=None) == (severity, reasons)


@pytest.mark.parametrize("budget", [BUDGET, None], ids=["budget", "no-budget"])
def test_a_provider_that_refuses_calls_is_exhausted_with_money_left(budget):
    assert judged("1000", available=False, budget=budget) == (EXHAUSTED, ("unavailable",))


def test_every_reason_of_the_severity_is_named_and_no_lesser_one():
    assert judged("4", days=1) == (CRITICAL, ("balance", "runway"))
    assert judged("4", days=5) == (CRITICAL, ("balance",))
    assert judged("15", days=1) == (CRITICAL, ("runway",))
    assert judged("0", days=0, available=False) == (EXHAUSTED, ("unavailable", "balance"))


@pytest.mark.parametrize(
    ("before", "amount", "severity"),
    [
        (WARNING, "22", WARNING), (WARNING, "22.01", OK), (WARNING, "0.50", CRITICAL),
        (CRITICAL, "5.50", CRITICAL), (CRITICAL, "5.51", WARNING), (CRITICAL, "22.01", OK),
        (EXHAUSTED, "0.50", EXHAUSTED), (EXHAUSTED, "0.51", CRITICAL),
        (OK, "22", OK), (OK, "5.50", WARNING),
    ],
)  # fmt: skip
def test_leaving_a_severity_takes_a_tenth_of_its_figure(before, amount, severity):
    assert judged(amount, before=before) == (severity, BALANCE if severity else ())


@pytest.mark.parametrize(
    ("before", "days", "severity"),
    [
        (WARNING, 8.75, WARNING), (WARNING, 8.76, OK), (OK, 8, OK),
        (CRITICAL, 2.5, CRITICAL), (CRITICAL, 2.51, WARNING),
    ],
)  # fmt: skip
def test_leaving_a_runway_takes_a_quarter_of_its_figure(before, days, severity):
    assert judged("1000", days=days, before=before) == (severity, RUNS_OUT if severity else ())


def test_without_a_budget_more_than_ten_cents_end_exhausted():
    assert judged("0.10", budget=None, before=EXHAUSTED) == (EXHAUSTED, ("balance",))
    assert judged("0.11", budget=None, before=EXHAUSTED) == (OK, ())
    assert judged("0.01", budget=None, before=OK) == (OK, ())


def test_calls_that_are_taken_again_end_exhausted_at_once():
    assert judged("1000", before=EXHAUSTED) == (OK, ())


def test_a_long_runway_figure_can_be_left():
    runway = Spans(300 * DAY, DAY)
    assert judged("1000", days=365, runway=runway, before=WARNING) == (OK, ())
