"""The severity of one balance: the owner's figures, and the margin that leaving them takes."""

from datetime import timedelta
from decimal import Decimal

import pytest

from guard.forecast import Forecast
from guard.model import Budget, Severity, Spans
from guard.severity import by_runway, judge

OK, WARNING, CRITICAL, EXHAUSTED = Severity
BUDGET = Budget(Decimal(20), Decimal(5))
DAY = timedelta(days=1)
RUNWAY = Spans(7 * DAY, 2 * DAY)


def expected(days, earliest=None):
    runway, early = DAY * days, DAY * (days if earliest is None else earliest)
    return Forecast(Decimal(1), runway, early, runway)


def judged(
    amount, *, days=None, budget=BUDGET, runway=RUNWAY, before=OK, available=True
) -> tuple[Severity, tuple[str, ...]]:
    ahead = None if days is None else expected(days)
    level = by_runway(ahead, 365 * DAY, runway, before=before, topped_up=False)
    return judge(Decimal(amount), level, budget, available=available, before=before)


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
    ("before", "days", "earliest", "severity"),
    [
        (OK, 7, 4, WARNING), (OK, 7.1, 4, OK), (OK, 7.1, 1, OK),
        (WARNING, 9, 7, WARNING), (WARNING, 9, 7.1, OK), (WARNING, 9, 1, WARNING),
        (CRITICAL, 4, 2, CRITICAL), (CRITICAL, 4, 2.1, WARNING), (CRITICAL, 9, 2.1, WARNING),
        (CRITICAL, 9, 7.1, OK), (WARNING, 2, 1, CRITICAL), (EXHAUSTED, 9, 1, OK),
    ],
)  # fmt: skip
def test_a_runway_counts_by_its_middle_until_its_early_end_has_passed_the_figure(
    before, days, earliest, severity
):
    ahead = expected(days, earliest)
    assert by_runway(ahead, 365 * DAY, RUNWAY, before=before, topped_up=False) == severity


@pytest.mark.parametrize(("days", "severity"), [(7.1, OK), (6, WARNING), (2, CRITICAL)])
def test_after_a_top_up_a_runway_is_judged_afresh(days, severity):
    ahead = expected(days, 1)
    assert by_runway(ahead, 365 * DAY, RUNWAY, before=CRITICAL, topped_up=True) == severity


@pytest.mark.parametrize(
    ("watched", "days", "severity"),
    [(3, 6, OK), (3, 3, WARNING), (6, 6, WARNING), (1, 1.5, OK), (1.5, 1.5, CRITICAL)],
)
def test_a_runway_counts_only_if_it_is_no_longer_than_the_account_has_been_watched(
    watched, days, severity
):
    assert by_runway(expected(days), watched * DAY, RUNWAY, before=OK, topped_up=False) == severity


def test_without_a_budget_more_than_ten_cents_end_exhausted():
    assert judged("0.10", budget=None, before=EXHAUSTED) == (EXHAUSTED, ("balance",))
    assert judged("0.11", budget=None, before=EXHAUSTED) == (OK, ())
    assert judged("0.01", budget=None, before=OK) == (OK, ())


def test_calls_that_are_taken_again_end_exhausted_at_once():
    assert judged("1000", before=EXHAUSTED) == (OK, ())


def test_a_long_runway_figure_can_be_left():
    runway = Spans(300 * DAY, DAY)
    assert judged("1000", days=365, runway=runway, before=WARNING) == (OK, ())
