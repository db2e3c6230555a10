"""The bill is small, of two accounts and of a thousand, and docs/cost.md shows it as it is."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from tests import stack
from tools import bill


def test_two_accounts_cost_a_dollar_a_month_at_most():
    month = bill.used(bill.measured(2))
    assert bill.total(month, free=True) <= 1


@pytest.mark.parametrize("free", [True, False])
def test_a_thousand_accounts_cost_fifteen_dollars_a_month_at_most_whatever_is_free(free):
    assert bill.total(bill.used(bill.of_many(1000, bill.LIMIT)), free=free) <= 15


def test_past_the_limit_totals_are_all_that_is_measured_and_they_are_free():
    few, detailed, totals, many = (bill.of_many(*one) for one in bill.MANY)
    assert [len(run.metrics) for run in (few, detailed)] == [10, 4 * 100 + 2]
    assert totals.metrics == many.metrics
    assert len(many.metrics) == 9 <= bill.PRICES["metrics"].free
    assert {dimensions for _, _, dimensions in many.metrics} == {()}


def test_the_alarms_and_the_dashboard_of_a_thousand_accounts_are_free():
    month = bill.used(bill.of_many(1000, bill.LIMIT))
    shown = [name for name, count in month.items() if name.startswith(("alarm", "dashb")) and count]
    assert bill.cost(month, shown, free=True) == 0 < bill.cost(month, shown, free=False)


def test_a_quiet_check_of_a_thousand_accounts_makes_no_more_than_two_calls_for_each():
    run = bill.of_many(1000, bill.LIMIT)
    assert run.calls["dynamodb", "PutItem"] == 1000
    assert sum(run.calls.values()) <= 2 * 1000
    assert run.log_bytes < 2048


def test_the_page_on_cost_shows_the_bill_as_it_is():
    page = (stack.ROOT / "docs" / "cost.md").read_text()
    assert bill.as_markdown() in page, "make bill prints it"


def dollars(accounts, *, free=True):
    run = bill.measured(2) if accounts == 2 else bill.of_many(accounts, bill.LIMIT)
    return f"${bill.total(bill.used(run), free=free):.2f}"


def test_what_other_pages_say_of_the_cost_is_in_the_bill():
    readme, scale = ((stack.ROOT / name).read_text() for name in ("README.md", "docs/scale.md"))
    assert f"Two accounts cost {dollars(2)} a month" in readme
    assert f"| 1,000 | 1 | 1 | {dollars(1000)} | {dollars(1000, free=False)} |" in scale


def test_two_default_accounts_emit_exactly_the_ten_metrics_that_are_free():
    names = [name for _, name, _ in bill.measured(2).metrics]
    assert len(names) == bill.PRICES["metrics"].free == 10
    assert set(names) == {"Balance", "RunwayDays", "Severity", "CheckSucceeded"}


def test_the_alarms_watch_no_more_metrics_than_are_free():
    assert 0 < bill.alarm_metrics() <= bill.PRICES["alarm metrics"].free == 10


def test_the_dashboard_shows_every_balance_and_is_free():
    [dashboard] = stack.resources("AWS::CloudWatch::Dashboard").values()
    none, two = (bill.dashboard_metrics(dashboard, run) for run in ((), bill.measured(2).metrics))
    assert two - none == 6  # severity, balance and runway of each
    assert two <= 50


@pytest.mark.parametrize("accounts", [2, 3])
def test_a_quiet_check_makes_one_call_for_the_secret_and_two_for_each_account(accounts):
    calls = Counter(bill.measured(accounts, ticks=1).calls)
    reads = sum(calls.pop(("dynamodb", name), 0) for name in bill.READ_BY_KEY)
    assert 1 <= reads <= accounts
    assert calls == {
        ("secretsmanager", "GetSecretValue"): 1,
        ("dynamodb", "PutItem"): accounts,
    }


def test_an_item_costs_the_same_whether_it_is_read_alone_or_with_others():
    alone, together = (
        replace(bill.measured(2), calls=Counter({("dynamodb", name): calls}), asked=200)
        for name, calls in {"GetItem": 200, "BatchGetItem": 2}.items()
    )
    units = [bill.used(run)["read units"] for run in (alone, together)]
    assert units[0] == units[1] > 0


def test_an_account_is_read_in_one_unit_and_written_in_two_whatever_its_history():
    for run in (bill.measured(2), bill.of_many(1000, bill.LIMIT)):
        assert bill.WRITE_UNIT < max(run.items) <= 2 * bill.WRITE_UNIT <= bill.READ_UNIT


def test_a_digest_is_one_mail():
    assert bill.measured(2).digest_calls["sns", "Publish"] == 1


def test_what_is_free_counts_only_as_far_as_it_goes():
    month = {"metrics": Decimal(12)}
    assert bill.cost(month, ["metrics"], free=False) == Decimal("3.60")
    assert bill.cost(month, ["metrics"], free=True) == Decimal("0.60")
    assert bill.cost({"metrics": Decimal(9)}, ["metrics"], free=True) == 0


def test_everything_that_has_a_price_stands_in_the_table_but_for_the_key_that_is_optional():
    shown = [name for names in bill.ROWS.values() for name in names]
    assert {*shown, "state transitions", "KMS keys", "KMS requests"} == set(bill.PRICES)
    assert len(shown) == len(set(shown))
    assert bill.used(bill.measured(2)).keys() <= set(bill.PRICES)


@pytest.mark.parametrize(
    ("expression", "starts"),
    [
        ("rate(15 minutes)", 2920),
        ("rate(1 hour)", 730),
        ("rate(1 day)", Decimal(730) / 24),
        ("cron(0 8 ? * MON *)", Decimal(730) / 168),
        ("cron(0,30 * ? * MON,TUE *)", Decimal(730) * 4 / 7),
        ("cron(0 8 * * ? *)", Decimal(730) / 24),
    ],
)
def test_a_schedule_starts_so_often_in_a_month(expression, starts):
    assert round(bill.month_of(expression), 9) == round(Decimal(starts), 9)


@pytest.mark.parametrize("expression", ["cron(0 8 1 * ? *)", "cron(0/15 * * * ? *)"])
def test_a_schedule_that_can_not_be_counted_is_refused(expression):
    with pytest.raises(ValueError, match="not counted yet"):
        bill.month_of(expression)
