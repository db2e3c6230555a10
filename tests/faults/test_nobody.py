"""While nobody listens, what is due stays due, and the run says so as its last act."""

import json
from datetime import timedelta

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError

from jobs.errors import GuardError
from tests.faults.interrupt import refusing
from tests.world import account

ALERT, REMINDER, RECOVERY = "alert", "reminder", "recovery"
DAY = timedelta(days=1)
NOBODY = "reaches nobody and stays due: no confirmed subscription of the alerts topic lets it through"


@pytest.fixture
def frozen(frozen):
    """A guard of two accounts that are well, and nobody who listens."""
    frozen.world.setenv("RUNWAY", "off")
    frozen.tick()
    frozen.world.nobody_listens()
    return frozen


def fails(frozen, **more):
    with pytest.raises(GuardError, match=NOBODY) as raised:
        frozen.tick(**more)
    return str(raised.value)


def recovers_unheard(frozen, usd):
    """Somebody is told of a low balance, and nobody hears a day later that it is over."""
    frozen.world.somebody_listens()
    frozen.world.deepseek(usd)
    frozen.tick()
    frozen.world.nobody_listens()
    frozen.world.deepseek("100")
    frozen.world.now += DAY
    fails(frozen)


def test_a_run_that_has_nothing_to_say_does_not_ask_who_listens(frozen):
    with frozen.calls.counted() as calls:
        frozen.tick()
    assert sorted(calls.names) == ["BatchGetItem", "GetSecretValue", "PutItem", "PutItem"]


def test_a_run_that_has_something_to_say_fails_after_all_else_and_says_whom_it_is_about(frozen, capsys):
    frozen.world.deepseek("4")
    text = fails(frozen)
    assert text.startswith("An alert about deepseek/default reaches nobody")
    assert "Confirm the mail that AWS sent, or subscribe (AlertEmail)." in text
    assert '"Severity":2' in capsys.readouterr().out.replace(" ", "")
    assert frozen.told() == []


def test_who_subscribes_late_is_told_once_as_things_stand_then(frozen):
    frozen.world.deepseek("15")
    for usd in ("15", "12.50", "12.10"):
        frozen.world.deepseek(usd)
        fails(frozen)
    frozen.world.somebody_listens()
    for _ in range(3):
        frozen.tick()
    [mail] = frozen.told()
    assert (mail.data["kind"], mail.data["severity"], mail.data["balance"]) == (
        ALERT,
        "warning",
        "12.10",
    )
    # It is low since it was first seen to be.
    assert "Since     Wed 10 Jun 2026, 00:15 UTC, for 45 minutes" in mail.texts["email"]


def test_the_phone_alone_does_not_hear_of_a_warning_and_hears_of_what_follows(frozen):
    phone = {"FilterPolicy": json.dumps({"peak": ["critical", "exhausted"]})}
    frozen.world.subscribe(frozen.world.topic, "sms", "+15005550006", **phone)
    frozen.world.deepseek("15")
    fails(frozen)
    frozen.world.deepseek("4")
    frozen.tick()
    frozen.world.deepseek("0")
    frozen.tick()
    assert frozen.kinds() == [
        ("deepseek", ALERT, "critical"),
        ("deepseek", ALERT, "exhausted"),
    ]


def test_a_newer_word_takes_the_place_of_an_older_one(frozen):
    for usd in ("15", "4", "0"):
        frozen.world.deepseek(usd)
        fails(frozen)
    frozen.world.somebody_listens()
    frozen.tick()
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "exhausted")]


def test_an_alert_and_its_recovery_are_neither_said(frozen):
    frozen.world.deepseek("4")
    fails(frozen)
    frozen.world.deepseek("100")
    frozen.world.now += DAY
    frozen.tick()
    frozen.world.somebody_listens()
    frozen.tick()
    assert frozen.kinds() == []
    frozen.world.deepseek("4")
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "critical")]


def test_a_recovery_of_what_was_told_is_told_late(frozen):
    recovers_unheard(frozen, "4")
    fails(frozen)
    frozen.world.somebody_listens()
    frozen.tick()
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "critical"), ("deepseek", RECOVERY, "ok")]


def test_what_opens_again_before_its_recovery_was_told_is_told_no_second_time(frozen):
    recovers_unheard(frozen, "4")
    frozen.world.deepseek("4")
    frozen.world.now += timedelta(hours=2)
    frozen.world.setenv("REMIND_EVERY", "30d/30d")
    frozen.tick()
    frozen.world.somebody_listens()
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "critical")]


def test_a_recovery_that_nobody_heard_is_not_said_once_it_is_low_again(frozen):
    recovers_unheard(frozen, "0")
    frozen.world.deepseek("3")
    frozen.world.now += timedelta(hours=2)
    frozen.world.setenv("REMIND_EVERY", "30d/30d")
    frozen.world.somebody_listens()
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "exhausted")]


def test_a_reminder_that_nobody_heard_is_still_due(frozen):
    frozen.world.somebody_listens()
    frozen.world.deepseek("4")
    frozen.tick(step=timedelta(hours=7))
    frozen.world.nobody_listens()
    fails(frozen)
    fails(frozen)
    frozen.world.somebody_listens()
    frozen.tick()
    assert [mail.data["kind"] for mail in frozen.told()] == [ALERT, REMINDER]


def test_a_failed_check_in_between_does_not_hold_up_what_is_due(frozen):
    frozen.world.deepseek("4")
    fails(frozen)
    frozen.world.sandbox.failing["deepseek"] = 404
    frozen.world.somebody_listens()
    summary = frozen.tick()
    assert account(summary)["error"] == "bad_response"
    assert frozen.kinds() == [("deepseek", ALERT, "critical")]


def test_a_check_that_fails_is_told_late_as_well(frozen):
    frozen.world.sandbox.failing["deepseek"] = 402
    fails(frozen)
    fails(frozen)
    frozen.world.somebody_listens()
    frozen.tick()
    frozen.tick()
    [mail] = frozen.told()
    assert mail.data["reasons"] == ["billing"]


def test_of_many_that_nobody_heard_one_message_comes_when_somebody_listens(frozen):
    keys = {f"deepseek/{n:02}": f"sk-made-up-{n:04}" for n in range(8)}
    frozen.world.keys(keys)
    for key in keys.values():
        frozen.world.sandbox.fund(key, USD="4")
    assert "deepseek/00" in fails(frozen)
    fails(frozen)
    frozen.world.somebody_listens()
    frozen.tick()
    frozen.tick()
    [mail] = frozen.told()
    assert mail.data["count"] == 8


def test_who_listens_to_one_account_alone_hears_of_it_also_where_many_are_due(frozen):
    keys = {f"deepseek/{n:02}": f"sk-made-up-{n:04}" for n in range(8)}
    frozen.world.keys(keys)
    for key in keys.values():
        frozen.world.sandbox.fund(key, USD="4")
    only = {"FilterPolicy": json.dumps({"account": ["03"]})}
    frozen.world.subscribe(frozen.world.topic, **only)
    assert "deepseek/03" not in fails(frozen)
    assert [mail.data["account"] for mail in frozen.told()] == ["03"]


def test_a_digest_that_nobody_heard_is_sent_by_the_next_run_of_the_check(frozen):
    with pytest.raises(GuardError, match=f"The digest {NOBODY}"):
        frozen.world.digest()
    fails(frozen)
    frozen.world.somebody_listens()
    summary = frozen.tick()
    assert [one["kind"] for one in summary["alerts"]] == ["digest"]
    frozen.tick()
    assert [mail.data["kind"] for mail in frozen.told()] == ["digest"]
    assert frozen.world.digest(frozen.world.now - DAY)["alerts"] == []


def test_of_two_digests_that_nobody_heard_the_newer_is_sent(frozen):
    for when in (frozen.world.now, frozen.world.now + 7 * DAY):
        frozen.clock.move_to(when)
        with pytest.raises(GuardError, match=NOBODY):
            frozen.world.digest(when)
    frozen.world.now = when + timedelta(minutes=5)
    frozen.world.somebody_listens()
    frozen.tick()
    [mail] = frozen.told()
    assert mail.data["observed_at"] == "2026-06-17T00:15:00Z"


def test_a_word_that_the_topic_refused_is_replaced_by_a_newer_one(frozen, monkeypatch):
    frozen.world.somebody_listens()
    frozen.world.deepseek("15")
    allow = refusing(monkeypatch, "Publish")
    with pytest.raises(GuardError, match="was not published"):
        frozen.tick()
    allow()
    frozen.world.deepseek("4")
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "critical")]


def test_a_word_that_the_topic_may_have_taken_is_not_replaced(frozen, monkeypatch):
    frozen.world.somebody_listens()
    frozen.world.deepseek("15")
    allow = answering(monkeypatch, "Publish", after=True)
    with pytest.raises(GuardError, match="was not published"):
        frozen.tick()
    allow()
    frozen.world.deepseek("100")
    frozen.tick()
    kinds = [(kind, severity) for _, kind, severity in frozen.kinds()]
    assert kinds == [(ALERT, "warning"), (ALERT, "warning"), (RECOVERY, "ok")]


def test_where_nobody_can_be_asked_who_listens_all_stays_due(frozen, monkeypatch):
    frozen.world.somebody_listens()
    frozen.world.deepseek("4")
    allow = answering(monkeypatch, "ListSubscriptionsByTopic", after=False)
    with pytest.raises(GuardError, match=r"was not published \(ReadTimeoutError\)"):
        frozen.tick()
    allow()
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "critical")]


def test_where_it_may_not_be_asked_who_listens_all_is_published(frozen, monkeypatch):
    frozen.world.deepseek("4")
    refusing(monkeypatch, "ListSubscriptionsByTopic")
    frozen.tick()
    assert frozen.kinds() == [("deepseek", ALERT, "critical")]


def answering(monkeypatch, operation, *, after):
    """Let the answer to an operation get lost, after it was carried out or before."""
    call = BaseClient._make_api_call

    def lost(client, name, kwargs):
        if name != operation:
            return call(client, name, kwargs)
        if after:
            call(client, name, kwargs)
        raise ReadTimeoutError(endpoint_url="https://sns.example.com")

    monkeypatch.setattr(BaseClient, "_make_api_call", lost)
    return lambda: monkeypatch.setattr(BaseClient, "_make_api_call", call)
