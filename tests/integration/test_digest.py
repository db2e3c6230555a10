"""The digest, as the deployed function would send it: on moto, after weeks of checks."""

import re
import time
from datetime import timedelta

import pytest

from aws import clients
from aws.stored import Pending, Stored
from aws.table import StateTable
from guard.alert import Kind, about_the_guard
from guard.memory import Memory
from guard.model import Severity
from jobs.digest import KEY
from jobs.errors import GuardError
from messages.render import render_digest
from tests.world import DEEPSEEK_KEY

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def live(world, days, usd=400.0, a_day=4.8):
    """So many days of checks every two hours, with an even pace; the balance at the end."""
    world.setenv("FAST_DRAIN", "off")
    for _ in range(days * 12):
        world.deepseek(f"{usd:.2f}")
        world.tick(2 * HOUR)
        usd -= a_day / 12
    world.mail()
    return usd + a_day / 12


def text_of(world):
    [notification] = world.mail()
    assert notification.data["kind"] == "digest"
    return notification.texts["email"]


def flat(text):
    return " ".join(text.split())


def test_a_digest_tells_of_every_account_its_balance_cost_pace_and_runway(world):
    usd = live(world, days=7)
    usd = live(world, days=7, usd=usd, a_day=7.2)
    summary = world.digest()
    assert [alert["kind"] for alert in summary["alerts"]] == ["digest"]
    text = flat(text_of(world))
    assert f'DeepSeek "default": ok Balance {usd:.2f} USD' in text
    assert "Week 49.80 USD spent, 50% more than in the week before" in text
    assert 'Novita AI "default": ok Balance 100.00 USD Week 0.00 USD spent' in text
    assert re.search(r"Lasts about [34]\d days \(between \d\d and \d{2,3}\)", text)
    assert "Checks none failed" in text
    assert "The guard last checked on Tue 23 Jun 2026, 22:00 UTC, 2 hours ago." in text


def test_a_digest_tells_of_top_ups_and_failed_checks(world):
    live(world, days=2)
    world.deepseek("640")
    world.sandbox.failing = {"novita": 503}
    for _ in range(4):
        world.tick()
    world.sandbox.failing = {}
    world.tick()
    world.mail()
    world.digest()
    text = flat(text_of(world))
    assert "Top-ups at least 249.20 USD" in text
    assert "Checks 4 failed in the last 7 days" in text


def test_what_happened_more_than_a_week_ago_is_not_of_this_week(world):
    world.sandbox.failing = {"deepseek": 503}
    world.tick()
    world.sandbox.failing = {}
    world.tick()
    world.deepseek("300")
    world.tick()
    world.now += 8 * DAY
    world.tick()
    world.mail()
    world.digest()
    text = text_of(world)
    assert "Top-ups" not in text
    assert "4 failed" not in text
    assert text.count("none failed") == 2


def test_the_account_in_most_need_comes_first_and_the_subject_counts_them(world):
    world.novita("2")
    world.tick()
    world.mail()
    world.digest()
    [notification] = world.mail()
    assert notification.subject == "[digest] 1 critical, 1 ok; the week cost 0.00 USD"
    assert notification.texts["email"].index("Novita AI") < notification.texts["email"].index(
        "DeepSeek"
    )
    assert "1 of 2 accounts should be seen to" in flat(notification.texts["email"])


def test_a_digest_spares_the_phone_whatever_it_tells(world):
    world.deepseek("0")
    world.tick()
    world.mail()
    world.digest()
    [notification] = world.mail()
    assert notification.attributes["severity"]["Value"] == "ok"
    assert notification.attributes["kind"]["Value"] == "digest"


def test_an_account_that_can_not_be_read_is_said_so(world):
    world.keys({"deepseek": "sk-unknown-0123456789"})
    world.tick()
    world.mail()
    world.digest()
    text = flat(text_of(world))
    assert 'DeepSeek "default": unreadable' in text
    assert "not readable since Wed 10 Jun 2026, 00:00 UTC" in text


def test_an_account_nobody_checks_any_more_is_named_for_two_weeks(world):
    world.keys({"deepseek": DEEPSEEK_KEY})
    world.tick()
    world.mail()
    world.digest(world.now + 3 * DAY)
    assert "look at the log of CheckBalances" in flat(text_of(world))
    world.digest(world.now + 15 * DAY)
    assert "no account was checked" in flat(text_of(world))


def test_a_digest_without_any_account_says_what_to_do(world):
    world.digest()
    [notification] = world.mail()
    assert notification.subject == "[digest] no account is checked"
    assert "Put an API key into the secret" in flat(notification.texts["email"])


def test_every_line_fits_a_narrow_window(world):
    world.keys(
        {"deepseek/a-label-that-is-as-long-as-labels-may-be-which-is-sixty-four-x": DEEPSEEK_KEY}
    )
    live(world, days=9)
    world.digest()
    longest = max(len(line) for line in text_of(world).splitlines() if "a-label" not in line)
    assert longest <= 60


# Once.


def test_the_same_event_again_says_nothing(world):
    world.tick()
    assert world.digest()["alerts"]
    assert world.digest()["alerts"] == []
    assert len(world.mail()) == 1


def test_a_late_event_of_an_earlier_week_says_nothing(world):
    world.tick()
    world.digest(world.now + 7 * DAY)
    assert world.digest()["alerts"] == []


def test_the_next_week_is_said(world):
    world.tick()
    world.digest()
    world.digest(world.now + 7 * DAY)
    first, second = world.mail()
    assert first.data["id"] != second.data["id"]


def claimed_elsewhere(world, lease_until):
    """Leave the table as another run does that has claimed this digest and not yet published it."""
    alert = about_the_guard(Kind.DIGEST, Severity.OK, world.now)
    pending = Pending(render_digest(alert, (), {}, ()), lease_until)
    table = StateTable(clients.dynamodb(), world.table)
    assert table.save(KEY, Stored(), Memory(observed_at=world.now), [pending])
    return alert.id


def test_while_another_run_is_at_it_a_digest_waits_for_its_end(world):
    world.tick()
    claimed_elsewhere(world, time.time() + 60)
    with pytest.raises(GuardError, match="Another run"):
        world.digest()
    assert world.mail() == []


def test_a_digest_whose_run_crashed_is_said_when_its_lease_has_lapsed(world):
    world.tick()
    id = claimed_elsewhere(world, time.time() - 1)
    [alert] = world.digest()["alerts"]
    [notification] = world.mail()
    assert notification.data["id"] == alert["id"] == id


def test_a_digest_that_the_topic_refused_is_said_by_the_retry_under_the_same_id(world):
    world.tick()
    topic = world.topic
    world.setenv("ALERTS_TOPIC", topic.replace("alerts", "gone"))
    with pytest.raises(GuardError, match=r"The digest was not published \(NotFound\)"):
        world.digest()
    world.setenv("ALERTS_TOPIC", topic)
    [alert] = world.digest()["alerts"]
    [notification] = world.mail()
    assert notification.data["id"] == alert["id"]


def test_a_digest_without_a_table_says_which_part_failed(world):
    world.setenv("STATE_TABLE", "gone")
    with pytest.raises(GuardError, match="The state of the digest could not be read"):
        world.digest()


def test_an_invocation_by_hand_sends_one_each_time(world, monkeypatch):
    world.tick()
    assert world.digest(world.now - 400 * DAY)["alerts"]


def test_a_digest_says_that_the_guard_is_paused(world, monkeypatch):
    world.subscribe(world.ops_topic)
    monkeypatch.setenv("SCHEDULE_STATE", "DISABLED")
    [warning] = world.digest()["warnings"]
    assert warning == "The guard is paused: ScheduleState is DISABLED, so no balance is checked."
    [mail] = world.mail()
    assert warning in flat(mail.texts["email"])


# What reaches nobody.


def test_a_digest_and_a_test_say_when_nobody_has_confirmed_a_subscription(world):
    world.tick()
    summaries = world.digest(), world.run({"command": "test-alert"})
    for summary, notification in zip(summaries, world.mail(), strict=True):
        [operations] = summary["warnings"]
        assert operations.startswith("No subscription of the operations topic is confirmed")
        assert operations in flat(notification.texts["email"])
    world.nobody_listens()
    [alerts, _] = world.run({"command": "test-alert"})["warnings"]
    assert alerts.startswith("No subscription of the alerts topic is confirmed")


def test_with_a_subscription_on_each_topic_there_is_nothing_to_say(world):
    world.subscribe(world.ops_topic)
    assert world.run({"command": "test-alert"})["warnings"] == []


def test_without_a_topic_of_operations_only_the_alerts_are_looked_at(world):
    world.delenv("OPS_TOPIC")
    assert world.run({"command": "test-alert"})["warnings"] == []


def test_where_the_topic_does_not_tell_the_test_is_sent_all_the_same(world):
    world.setenv("OPS_TOPIC", world.ops_topic.replace("operations", "gone"))
    [warning] = world.run({"command": "test-alert"})["warnings"]
    assert warning == "Whether the operations topic reaches anybody could not be seen (NotFound)."
    assert len(world.mail()) == 1
