"""The handler tick by tick: what a person is told over hours and days."""

from datetime import timedelta

import pytest

from jobs.errors import GuardError
from tests.world import DEEPSEEK_KEY, account, measured

HOUR = timedelta(hours=1)
ALERT, REMINDER, RECOVERY = "alert", "reminder", "recovery"


def test_a_healthy_account_is_never_mentioned(world):
    for _ in range(8):
        summary = world.tick()
        assert account(summary)["severity"] == "ok"
        assert summary["alerts"] == []
    assert world.said() == []


def test_a_fall_through_every_figure_is_said_once_at_each(world):
    world.setenv("FAST_DRAIN", "off")
    for usd in ("100", "20", "19.50", "5", "4.90", "0", "-0.10"):
        world.deepseek(usd)
        world.tick()
    assert world.said() == [
        (ALERT, "low_balance", "warning"),
        (ALERT, "low_balance", "critical"),
        (ALERT, "low_balance", "exhausted"),
    ]


def test_the_summary_lists_what_was_published(world):
    world.deepseek("4")
    summary = world.tick()
    [one] = summary["alerts"]
    [mail] = world.mail()
    assert one == {
        "id": mail.data["id"],
        "kind": "alert",
        "condition": "low_balance",
        "severity": "critical",
        "provider": "deepseek",
        "account": "default",
        "currency": "USD",
    }
    assert account(summary)["balances"] == [
        {
            "currency": "USD",
            "balance": "4.00",
            "severity": "critical",
            "burn_per_day": None,
            "runway_days": None,
            "runway_between": None,
            "components": {"granted": "0.00", "topped_up": "4.00"},
        }
    ]


def test_a_critical_balance_is_repeated_after_six_hours_then_twelve_and_a_low_one_after_a_day(world):
    world.deepseek("4")
    world.novita("15")
    ticks = {}
    for n in range(4 * 25):
        world.tick()
        for mail in world.mail():
            ticks.setdefault((mail.data["provider"], mail.data["kind"]), []).append(n / 4)
    assert ticks == {
        ("deepseek", ALERT): [0],
        ("deepseek", REMINDER): [6, 18],
        ("novita", ALERT): [0],
        ("novita", REMINDER): [24],
    }


def test_a_balance_that_hovers_at_its_figure_for_three_days_is_said_once_and_reminded_of(world):
    world.setenv("RUNWAY", "off")
    for n in range(3 * 96):
        world.deepseek("19.90" if n % 2 else "20.10")
        world.tick()
    kinds = [kind for kind, _, _ in world.said()]
    assert kinds.count(ALERT) == 1
    assert kinds.count(RECOVERY) == 0
    assert kinds.count(REMINDER) == 1


def test_a_top_up_is_told_as_a_recovery_and_a_new_fall_as_a_new_episode(world):
    world.deepseek("3")
    world.tick()
    world.deepseek("100")
    world.tick()
    world.deepseek("3")
    world.setenv("FAST_DRAIN", "off")
    world.tick()
    first, recovery, second = world.mail()
    assert [m.data["kind"] for m in (first, recovery, second)] == [ALERT, RECOVERY, ALERT]
    assert recovery.data["severity"] == "ok"
    assert recovery.data["episode"] == first.data["episode"] != second.data["episode"]
    assert len({m.data["id"] for m in (first, recovery, second)}) == 3


def test_a_currency_that_appears_is_judged_by_its_own_budget(world):
    world.sandbox.fund(DEEPSEEK_KEY, USD="100", CNY="0")
    rows = {b["currency"]: b["severity"] for b in account(world.tick())["balances"]}
    assert rows == {"USD": "ok", "CNY": "ok"}
    world.sandbox.fund(DEEPSEEK_KEY, USD="100", CNY="120")
    rows = {b["currency"]: b["severity"] for b in account(world.tick())["balances"]}
    assert rows == {"USD": "ok", "CNY": "warning"}
    [mail] = world.mail()
    assert (mail.data["currency"], mail.data["balance"]) == ("CNY", "120.00")


def test_a_currency_that_is_spent_to_zero_is_no_end_while_another_holds_money(world):
    world.setenv("FAST_DRAIN", "off")
    world.sandbox.fund(DEEPSEEK_KEY, USD="100", CNY="200")
    world.tick()
    world.sandbox.fund(DEEPSEEK_KEY, USD="100", CNY="0")
    summary = world.tick()
    assert account(summary)["severity"] == "ok"
    assert summary["alerts"] == []


def test_an_account_without_any_money_is_exhausted(world):
    world.deepseek("-0.00")
    summary = world.tick()
    assert account(summary)["severity"] == "exhausted"
    assert account(summary)["balances"][0]["balance"] == "0.00"


def test_an_empty_row_is_forgotten_when_the_account_gets_money_in_another(world):
    world.sandbox.fund(DEEPSEEK_KEY, USD="0", CNY="0")
    world.tick()
    assert len(world.said()) == 2
    world.sandbox.fund(DEEPSEEK_KEY, USD="50", CNY="0")
    world.tick()
    assert [kind for kind, _, _ in world.said()] == [RECOVERY, RECOVERY]
    for _ in range(30):
        world.tick()
    assert world.said() == []


def test_money_that_the_provider_refuses_to_spend_is_exhausted(world):
    world.sandbox.unavailable.add(DEEPSEEK_KEY)
    assert account(world.tick())["severity"] == "exhausted"
    [mail] = world.mail()
    assert mail.data["reasons"] == ["unavailable"]


def test_a_failing_provider_leaves_its_neighbour_and_its_own_severity_alone(world):
    world.deepseek("15")
    world.tick()
    assert world.said() == [(ALERT, "low_balance", "warning")]
    world.sandbox.failing["deepseek"] = 503
    for n in range(4):
        summary = world.tick()
        assert account(summary) == {
            "provider": "deepseek",
            "account": "default",
            "status": "failed",
            "error": "server_error",
            "balances": [],
        }
        assert account(summary, "novita")["status"] == "ok"
        assert world.said() == ([(ALERT, "check_failing", "warning")] if n == 2 else [])
    del world.sandbox.failing["deepseek"]
    world.tick()
    assert world.said() == [(RECOVERY, "check_failing", "ok")]


def test_a_refused_key_is_said_at_once_and_only_once(world):
    world.keys({"deepseek": "sk-revoked-0123456789"})
    for _ in range(4):
        assert account(world.tick())["error"] == "auth"
    assert world.said() == [(ALERT, "check_failing", "warning")]


def test_two_failures_and_a_success_are_not_worth_a_word(world):
    for status in (500, 500, None, 500, 500, None):
        if status:
            world.sandbox.failing["deepseek"] = status
        else:
            world.sandbox.failing.clear()
        world.tick()
    assert world.said() == []


def test_a_leaked_key_is_said_at_the_next_tick(world):
    for _ in range(3):
        world.tick()
    world.deepseek("60")
    world.tick()
    said = world.said()
    assert (ALERT, "fast_drain", "critical") in said
    for _ in range(6):
        world.tick()
    assert (RECOVERY, "fast_drain", "ok") in world.said()


def test_living_on_credit_is_said_and_is_over_with_new_cash(world):
    world.novita("-3", credit="50")
    summary = world.tick()
    assert account(summary, "novita")["balances"][0]["balance"] == "47.00"
    assert world.said() == [(ALERT, "on_credit", "warning")]
    world.novita("60", credit="50")
    world.tick()
    assert world.said() == [(RECOVERY, "on_credit", "ok")]


def test_cash_can_be_the_balance_that_is_watched(world):
    world.setenv("NOVITA_WATCH", "cash")
    world.novita("12", credit="500")
    assert account(world.tick(), "novita")["balances"][0]["balance"] == "12.00"
    assert world.said() == [(ALERT, "low_balance", "warning")]


def test_a_runway_is_known_after_a_day_and_alerts_once_it_is_no_longer_than_that(world):
    world.setenv("FAST_DRAIN", "off")
    runways = []
    for n in range(4 * 31):
        world.deepseek(f"{120 - n / 2:.2f}")
        runways.append(account(world.tick())["balances"][0]["runway_days"])
        assert n >= 4 * 29 or world.said() == []
    assert runways[:92] == [None] * 92
    assert runways[92] == pytest.approx(74 / 48, rel=0.01)  # 74 USD at 48 USD a day
    assert world.said() == [(ALERT, "low_balance", "critical")]


def test_a_top_up_is_no_negative_burn(world):
    for n in range(4 * 25):
        world.deepseek(f"{100 - n / 4 + (500 if n > 12 else 0):.2f}")
        row = account(world.tick())["balances"][0]
    assert 23.5 < float(row["burn_per_day"]) < 24.5


def test_each_account_of_a_provider_has_its_own_rules(world):
    world.keys(
        {
            "deepseek": DEEPSEEK_KEY,
            "deepseek/research": {"api_key": DEEPSEEK_KEY, "budget": "200/150 USD"},
        }
    )
    summary = world.tick()
    severities = {a["account"]: a["severity"] for a in summary["accounts"]}
    assert severities == {"default": "ok", "research": "critical"}


def test_an_item_stays_under_four_kilobytes(world):
    world.setenv("FAST_DRAIN", "off")
    usd, cny = 90_000.0, 80_000.0
    for n in range(200):
        usd, cny = usd - 12.3456 * (1 + n % 7), cny - 3.4567 * (1 + n % 11)
        world.sandbox.fund(DEEPSEEK_KEY, USD=f"{usd:.2f}", CNY=f"{cny:.2f}")
        world.tick(HOUR)
    item = world.item()
    assert sum(len(str(value)) for attribute in item.items() for value in attribute) < 4096


def test_a_balance_that_hovers_at_its_critical_figure_for_a_week_never_recovers_and_never_opens_anew(
    world,
):
    world.setenv("RUNWAY", "off")
    world.setenv("REMIND_EVERY", "365d/365d")
    for n in range(7 * 24):
        world.deepseek("4.90" if n % 3 else "5.30")
        world.tick(HOUR)
    assert [severity for _, _, severity in world.said()] == ["warning", "critical"]


def test_a_month_of_slow_decline_is_told_in_three_steps(world):
    world.setenv("REMIND_EVERY", "365d/365d")
    world.setenv("FAST_DRAIN", "off")  # the last cents do go fast, at any pace
    world.keys({"deepseek": DEEPSEEK_KEY})
    told = []
    for n in range(31 * 8):
        world.deepseek(f"{150 - n * 5 / 8:.2f}")
        world.tick(3 * HOUR)
        told += [(n // 8, severity) for _, _, severity in world.said()]
    # At 5 USD a day: seven days before the end, two days before it, and the end itself.
    assert told == [(23, "warning"), (28, "critical"), (30, "exhausted")]


def test_an_outage_across_a_threshold_ends_with_one_recovery_and_one_alert(world):
    world.setenv("FAST_DRAIN", "off")
    world.deepseek("30")
    world.tick()
    world.sandbox.failing["deepseek"] = 404
    for _ in range(20):
        world.tick()
    assert world.said() == [(ALERT, "check_failing", "warning")]
    del world.sandbox.failing["deepseek"]
    world.deepseek("3")
    world.tick()
    assert world.said() == [
        (RECOVERY, "check_failing", "ok"),
        (ALERT, "low_balance", "critical"),
    ]


def test_what_was_said_before_an_outage_is_not_said_again_after_it(world):
    world.deepseek("15")
    world.tick()
    assert len(world.said()) == 1
    world.sandbox.failing["deepseek"] = 404
    world.tick()
    del world.sandbox.failing["deepseek"]
    world.tick()
    assert world.said() == []


def test_a_top_up_between_two_ticks_is_no_news_where_nothing_was_low(world):
    world.deepseek("30")
    world.tick()
    world.deepseek("230")
    world.tick()
    assert world.said() == []


def test_a_drain_is_over_when_nobody_watches_for_it_any_more(world):
    world.tick()
    world.deepseek("60")
    world.tick()
    assert world.said() == [(ALERT, "fast_drain", "critical")]
    world.setenv("FAST_DRAIN", "off")
    world.tick()
    assert world.said() == [(RECOVERY, "fast_drain", "ok")]


def size_of(attributes):
    """Bytes by which DynamoDB counts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""
    size = 0
    for name, value in attributes.items():
        [(kind, held)] = value.items()
        size += len(name.encode()) + (
            3 + len(held) + size_of(held) if kind == "M" else len(str(held).encode())
        )
    return size


def test_an_item_of_two_busy_currencies_stays_under_four_kilobytes_and_a_claim_adds_as_much(world):
    usd, cny = 90_000.0, 80_000.0
    for n in range(9 * 24):
        usd, cny = usd - 12.3456 * (1 + n % 7), cny - 3.4567 * (1 + n % 11)
        world.sandbox.fund(DEEPSEEK_KEY, USD=f"{usd:.2f}", CNY=f"{cny:.2f}")
        world.tick(HOUR)
    assert size_of(world.item()) < 4096
    world.sandbox.fund(DEEPSEEK_KEY, USD="15", CNY="140")
    world.setenv("RUNWAY", "off")
    world.tick(seconds_left=4)
    item = world.item()
    assert len(item["pending"]["M"]) == 4
    # Two kilobytes of memory, and the texts of four messages; an item may have 400 KB.
    assert size_of(item) < 4096 + 4 * 4096


def test_detailed_metrics_add_the_burn_and_the_components(world, capsys):
    world.setenv("DETAILED_METRICS", "true")
    for _ in range(4 * 24):
        world.tick()
    blobs = measured(capsys)
    deepseek, novita = blobs[-2:]
    assert (deepseek["Granted"], deepseek["ToppedUp"], deepseek["BurnPerDay"]) == (0, 100, 0)
    assert (novita["Cash"], novita["CreditLimit"], novita["OutstandingInvoices"]) == (100, 0, 0)


def test_two_accounts_make_ten_metrics_each_in_its_own_blob(world, capsys):
    for _ in range(4 * 24):
        world.tick()
    blobs = measured(capsys)
    assert len(blobs) == 2 * 4 * 24
    metrics = {
        (metric["Name"], *((name, blob[name]) for name in sorted(names)))
        for blob in blobs
        for directive in blob["_aws"]["CloudWatchMetrics"]
        for names in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
    assert len(metrics) == 10
    assert {directive["Namespace"] for b in blobs for directive in b["_aws"]["CloudWatchMetrics"]} == {
        "BudgetGuard"
    }


def test_a_test_alert_is_published_and_nothing_else_is_done(world):
    summary = world.run({"command": "test-alert"})
    [mail] = world.mail()
    assert (mail.data["kind"], mail.data["severity"]) == ("test", "critical")
    assert summary["accounts"] == world.sandbox.asked == []
    assert [alert["id"] for alert in summary["alerts"]] == [mail.data["id"]]


def test_a_test_alert_that_is_refused_says_what_to_check(world):
    world.setenv("ALERTS_TOPIC", "arn:aws:sns:eu-central-1:123456789012:gone")
    with pytest.raises(GuardError, match=r"not published \(NotFound\): check the alerts topic"):
        world.run({"command": "test-alert"})
