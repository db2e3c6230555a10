"""Situations from the field, tick by tick: what the answers mean, and what a person is told of them."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from config.grammar import SettingsError
from tests.world import DEEPSEEK_KEY, account

HOUR = timedelta(hours=1)
ALERT, RECOVERY = "alert", "recovery"
DAY_OF_TICKS = 96


def plays(world, *balances):
    """Read some balances, a tick each; the last summary's account."""
    for usd in balances:
        world.deepseek(usd)
        summary = world.tick()
    return account(summary)


def lives(world, usd="300.00", days=2, a_tick="0.04"):
    """An account of even spending, of which nothing is said; what is left."""
    left = Decimal(usd)
    for _ in range(days * DAY_OF_TICKS):
        plays(world, f"{left}")
        left -= Decimal(a_tick)
    assert world.said() == []
    return left


# Which row counts


def test_a_wallet_that_is_used_up_ends_nothing_while_another_holds_money(world):
    for yuan in range(300, 0, -12):
        world.sandbox.fund(DEEPSEEK_KEY, CNY=f"{yuan}", USD="0.00")
        world.tick(6 * HOUR)
    world.sandbox.fund(DEEPSEEK_KEY, CNY="0.00", USD="0.00")
    summary = account(world.tick())
    assert summary["severity"] == "exhausted"
    assert [m.data["currency"] for m in world.mail() if m.data["severity"] == "exhausted"] == ["CNY"]
    world.sandbox.fund(DEEPSEEK_KEY, CNY="0.00", USD="200.00")
    summary = account(world.tick(HOUR))
    rows = {row["currency"]: row for row in summary["balances"]}
    assert summary["severity"] == rows["CNY"]["severity"] == rows["USD"]["severity"] == "ok"
    assert rows["CNY"]["runway_days"] is rows["CNY"]["runway_between"] is None
    [mail] = world.mail()
    assert (mail.data["kind"], mail.data["condition"], mail.data["currency"]) == (
        RECOVERY,
        "low_balance",
        "CNY",
    )
    assert mail.data["reasons"] == ["other_wallet"]
    assert "CNY used up, calls go on from 200.00 USD" in mail.subject
    assert "CNY used up, calls go on from 200.00 USD" in mail.texts["sms"]
    assert "calls go on from 200.00 USD" in mail.texts["email"]
    for _ in range(3 * DAY_OF_TICKS):
        world.tick()
    assert world.said() == []
    world.sandbox.fund(DEEPSEEK_KEY, CNY="0.00", USD="4.00")
    world.setenv("FAST_DRAIN", "off")
    assert account(world.tick())["severity"] == "critical"
    world.sandbox.fund(DEEPSEEK_KEY, CNY="0.00", USD="0.00")
    assert account(world.tick())["severity"] == "exhausted"
    assert [mail.data["currency"] for mail in world.mail()] == ["USD", "USD"]


def test_the_metric_of_a_row_that_does_not_count_goes_on(world, capsys):
    world.sandbox.fund(DEEPSEEK_KEY, CNY="0.00", USD="200.00")
    world.tick()
    printed = capsys.readouterr().out
    assert '"Currency":"CNY","Balance":0.0' in printed


# One odd answer


@pytest.mark.parametrize("odd", [{"USD": "0.00"}, {"USD": "40.00"}])
def test_an_answer_that_is_odd_once_is_asked_for_again_and_never_told(world, odd):
    left = lives(world)
    plays(world, f"{left}")
    world.sandbox.odd = [odd]
    world.sandbox.asked.clear()
    assert plays(world, f"{left}")["severity"] == "ok"
    assert world.sandbox.asked.count("deepseek") == 2
    assert world.said() == []
    world.sandbox.asked.clear()
    plays(world, f"{left}")
    assert world.sandbox.asked.count("deepseek") == 1


def test_the_first_answer_counts_where_the_second_is_none(world):
    left = lives(world)
    world.sandbox.odd = [{"USD": "0.00"}, 402]
    assert plays(world, f"{left}")["severity"] == "exhausted"
    assert world.said() == [(ALERT, "low_balance", "exhausted")]


def test_a_failure_is_not_asked_for_again(world):
    world.sandbox.failing["deepseek"] = 402
    world.sandbox.asked.clear()
    world.tick()
    assert world.sandbox.asked.count("deepseek") == 1
    assert world.said() == [(ALERT, "check_failing", "critical")]


def test_at_most_fifty_accounts_are_asked_again_in_a_run(world):
    keys = {f"deepseek/{n:02}": f"sk-made-up-{n:04}" for n in range(60)}
    world.keys(keys)
    for key in keys.values():
        world.sandbox.fund(key, USD="0")
    world.sandbox.asked.clear()
    assert {one["severity"] for one in world.tick()["accounts"]} == {"exhausted"}
    assert world.sandbox.asked.count("deepseek") == 110


@pytest.mark.parametrize("odd", [["0.00"], ["43.00"] * 4, ["0.00", "12.00", "0.00"]])
def test_money_that_comes_back_within_the_hour_leaves_nothing_behind(world, odd):
    left = lives(world)
    before = plays(world, f"{left}")["balances"][0]
    plays(world, *odd)
    assert world.said()
    now = plays(world, f"{left - 1}")
    assert now["severity"] == "ok"
    [row] = now["balances"]
    assert abs(float(row["burn_per_day"]) - float(before["burn_per_day"])) < 2
    assert row["runway_days"] > before["runway_days"] / 2
    [mail] = world.mail()
    assert mail.data["kind"] == RECOVERY
    assert "came back" in mail.texts["email"]
    for n in range(2 * DAY_OF_TICKS):
        plays(world, f"{left - 1 - n * Decimal('0.04')}")
    assert world.said() == []


def test_automatic_top_ups_of_a_busy_account_are_spending(world):
    world.setenv("FAST_DRAIN", "off")
    world.setenv("DEEPSEEK_BUDGET", "2/1 USD")
    for _ in range(4 * DAY_OF_TICKS // 4):
        summary = plays(world, "100", "75", "50", "25")
    assert float(summary["balances"][0]["burn_per_day"]) > 1000


# A grant that ends


def test_a_grant_that_expires_is_said_with_the_balance_and_is_no_drain(world):
    world.sandbox.granted[DEEPSEEK_KEY] = Decimal(310)
    plays(world, "326.59", "326.55")
    world.sandbox.granted.clear()
    plays(world, "16.53")
    [mail] = world.mail()
    assert (mail.data["condition"], mail.data["severity"]) == ("low_balance", "warning")
    text = " ".join(mail.texts["email"].split())
    assert "granted credit of 310.00 USD seems to have expired" in text
    assert "went within" not in text
    assert "0.06 USD in the 30 minutes since the first check" in text


def test_a_grant_that_was_all_there_was_makes_one_message(world):
    world.sandbox.granted[DEEPSEEK_KEY] = Decimal(10)
    plays(world, "10")
    world.mail()
    world.sandbox.granted.clear()
    plays(world, "0")
    [mail] = world.mail()
    assert (mail.data["condition"], mail.data["severity"]) == ("low_balance", "exhausted")
    assert "seems to have expired" in mail.texts["email"]


def test_what_falls_beyond_a_grant_is_a_drain(world):
    world.sandbox.granted[DEEPSEEK_KEY] = Decimal(50)
    plays(world, "450", "450")
    world.sandbox.granted.clear()
    plays(world, "200")
    [mail] = world.mail()
    assert mail.data["condition"] == "fast_drain"
    text = " ".join(mail.texts["email"].split())
    assert "200.00 USD went within 1 hour" in text
    assert "granted credit of 50.00 USD seems to have expired" in text


def test_a_drain_that_makes_a_balance_critical_is_one_message(world):
    plays(world, "100", "4")
    [mail] = world.mail()
    assert (mail.data["condition"], mail.data["severity"]) == ("low_balance", "critical")
    assert "96.00 USD went within 1 hour" in mail.texts["sms"]
    assert "delete the key" in mail.texts["email"]
    plays(world, *["4"] * 8)
    assert world.said() == []


# Not the key


def test_a_page_of_a_firewall_does_not_blame_the_key(world):
    world.sandbox.failing["deepseek"] = 403
    for _ in range(3):
        failed = account(world.tick())
    assert failed["error"] == "bad_response"
    [mail] = world.mail()
    text = " ".join(mail.texts["email"].split())
    assert "a firewall answered" in text
    assert "The key is probably fine" in text


# Pasted secrets


def test_the_forms_of_the_console_work_and_what_is_no_key_is_never_sent(world):
    entries = (
        ("DeepSeek", json.dumps({"api_key": DEEPSEEK_KEY})),
        ("DEEPSEEK_API_KEY", "sk-1"),
        ("deepseek/quoted", '"sk-2"'),
        ("deepseek/named", "KEY=sk-3"),
        ("deepseek/bearer", "Bearer sk-4"),
    )
    world.keys("\ufeff" + json.dumps(dict(entries)))
    world.sandbox.asked.clear()
    summary = world.tick()
    assert [one["status"] for one in summary["accounts"]].count("ok") == 1
    assert {one["error"] for one in summary["accounts"] if one["status"] == "failed"} == {"config"}
    assert world.sandbox.asked == ["deepseek"]
    texts = [" ".join(mail.texts["email"].split()) for mail in world.mail()]
    assert any("newapi and custom; the nearest is deepseek" in text for text in texts)


# What flaps, and what never ends


def test_a_provider_that_refuses_calls_now_and_then_is_told_twice_a_day(world):
    world.deepseek("80")
    for n in range(DAY_OF_TICKS):
        (world.sandbox.unavailable.discard if n % 2 else world.sandbox.unavailable.add)(DEEPSEEK_KEY)
        world.tick()
    said = world.said()
    assert said.count((ALERT, "low_balance", "exhausted")) == 2
    assert len(said) <= 4


def test_a_balance_that_is_topped_up_by_itself_every_day_tells_one_thing_a_day(world):
    days = []
    for _ in range(6):
        for n in range(DAY_OF_TICKS // 4):
            world.deepseek(f"{25 - Decimal(20) * n / 23:.2f}")
            world.tick(HOUR)
        days.append(len(world.said()))
    assert max(days[2:]) <= 1, days


def test_an_account_that_is_left_at_zero_is_told_five_times_more_in_two_weeks(world):
    world.deepseek("0")
    for _ in range(14 * 12):
        world.tick(2 * HOUR)
    assert [kind for kind, _, _ in world.said()] == [ALERT, *["reminder"] * 5]


def test_whoever_was_told_of_critical_hears_that_it_is_over(world):
    plays(world, "4", "30")
    alert, recovery = world.mail()
    assert (alert.attributes["peak"]["Value"], recovery.attributes["peak"]["Value"]) == (
        "critical",
        "critical",
    )
    assert recovery.attributes["severity"]["Value"] == recovery.data["severity"] == "ok"
    assert recovery.data["peak"] == "critical"


def test_while_it_burns_the_texts_tell_the_time_left_at_that_pace(world):
    left = lives(world, "300", days=4, a_tick="0.01")
    world.setenv("RUNWAY", "off")
    for n in range(1, 5):
        plays(world, f"{left - n * Decimal('3.00'):.2f}")
    drain = world.mail()[0]
    assert drain.data["condition"] == "fast_drain"
    assert drain.data["runway_days"] > 30
    days = drain.data["lasts_at_present_pace"]
    assert 0.5 < days < 1.5
    for text in (drain.subject, drain.texts["sms"]):
        assert f"left for about {days * 24:.0f} hours" in text
    assert f"about {days * 24:.0f} hours at this pace" in " ".join(drain.texts["email"].split())


def test_every_time_that_a_person_reads_is_in_the_owners_zone(world):
    world.setenv("TIME_ZONE", "Europe/Berlin")
    world.subscribe(world.topic)
    plays(world, "4")
    [summer] = world.mail()
    assert "Checked Wed 10 Jun 2026, 02:00 CEST" in summer.texts["email"]
    assert summer.data["observed_at"] == "2026-06-10T00:00:00Z"
    assert "UTC" not in summer.texts["email"] + summer.texts["sms"]
    world.now += timedelta(days=150)
    plays(world, "4")
    [winter] = world.mail()
    assert "Since     Wed 10 Jun 2026, 02:00 CEST" in winter.texts["email"]
    assert "Checked Sat 7 Nov 2026, 01:15 CET" in winter.texts["email"]
    assert "CEST" in json.loads(winter.texts["https"])["content"]["description"]
    world.digest()
    [digest] = world.mail()
    assert "The week until Sat 7 Nov 2026, 01:30 CET" in " ".join(digest.texts["email"].split())
    world.run({"command": "test-alert"})
    assert "UTC" not in world.mail()[0].texts["email"]


def test_a_time_zone_that_is_none_stops_the_run_and_says_what_one_is(world):
    for zone in ("Berlin", "../etc", "Europe", "", "UTC+1"):
        world.setenv("TIME_ZONE", zone)
        with pytest.raises(SettingsError, match=r"TIME_ZONE .*IANA name"):
            world.tick()


def test_the_metrics_go_to_the_namespace_that_is_set(world, capsys):
    world.setenv("METRICS_NAMESPACE", "Other/Guard")
    world.tick()
    printed = capsys.readouterr().out
    assert '"Namespace":"Other/Guard"' in printed
    assert "BudgetGuard" not in printed
