"""Runs that repeat, overlap or come late, and parts of the guard that are damaged or refuse."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs.errors import GuardError
from providers import PROVIDERS
from tests.faults.interrupt import refusing
from tests.world import DEEPSEEK_KEY, QUARTER, START, account, measured

CRITICAL = ("deepseek", "alert", "critical")
PUBLISH = 5  # the call of an alerting run for one account, counted from 0


def test_the_same_event_twice_says_nothing_twice(frozen):
    frozen.world.deepseek("4")
    frozen.tick()
    assert frozen.again()["alerts"] == []
    assert frozen.kinds() == [CRITICAL]


def test_the_same_event_three_times_is_one_failed_check(frozen):
    frozen.world.sandbox.failing["deepseek"] = 500
    frozen.tick()
    for _ in range(3):
        frozen.again()
    assert frozen.kinds() == []


@pytest.mark.parametrize("step", [timedelta(0), timedelta(minutes=1)], ids=["same", "different"])
def test_ten_runs_at_once_say_it_once_and_none_fails(frozen, step):
    frozen.world.deepseek("4")
    frozen.clock.move_to(START + timedelta(hours=1))
    events = [{"time": (START + n * step).isoformat()} for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        summaries = list(pool.map(frozen.world.run, events))
    assert all(account(summary)["severity"] == "critical" for summary in summaries)
    assert frozen.kinds() == [CRITICAL]
    assert sum(len(summary["alerts"]) for summary in summaries) == 1
    state = json.loads(frozen.world.item()["state"]["S"])
    assert state["observed_at"] >= (START + 9 * step).isoformat().replace("+00:00", "Z")


def runs_overlapped_at(frozen, number, other):
    with frozen.calls.counted(between=(number, other)) as calls:
        frozen.tick()
    return len(calls.names)


def test_a_whole_run_between_any_two_calls_of_another_says_nothing_twice(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    number = 0
    while True:
        frozen.world.deepseek("4")
        calls = runs_overlapped_at(frozen, number, frozen.again)
        assert frozen.kinds() == [CRITICAL], number
        frozen.world.deepseek("100")
        frozen.tick(step=timedelta(days=2))  # so that it doesn't flap
        frozen.forget()
        number += 1
        if number >= calls:
            break
    assert number > 3


def test_an_older_observation_that_finishes_last_rewinds_nothing(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("100")
    frozen.tick()
    newer = frozen.world.now + QUARTER

    def overtake():
        frozen.world.deepseek("4")
        frozen.clock.move_to(newer)
        frozen.world.run({"time": newer.isoformat()})

    # The older run has read its item and its balance of 100 USD when the newer one comes along.
    with frozen.calls.counted(between=(2, overtake)):
        frozen.tick()
    state = json.loads(frozen.world.item()["state"]["S"])
    assert state["observed_at"] == newer.isoformat().replace("+00:00", "Z")
    [_, _, _, _, _, _, _, _, steps, _] = state["rows"]["USD"]
    assert [balance for _, balance, *_ in steps] == ["4.00"]
    assert frozen.kinds() == [CRITICAL]


def test_a_recovery_that_is_found_while_the_alert_is_on_its_way_comes_after_it(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")

    def topped_up():
        frozen.world.deepseek("100")
        frozen.clock.tick(timedelta(seconds=10))
        frozen.world.run({})

    # The first run has claimed its alert, and is about to publish it.
    with frozen.calls.counted(between=(PUBLISH, topped_up)) as calls:
        frozen.tick()
    assert calls.names[PUBLISH] == "Publish"
    frozen.tick()
    assert frozen.kinds() == [CRITICAL, ("deepseek", "recovery", "ok")]


def test_a_crash_before_the_alert_does_not_let_the_recovery_overtake_it(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    frozen.crash((PUBLISH, "before"))
    frozen.world.deepseek("100")
    frozen.world.now -= QUARTER - timedelta(minutes=1)
    for _ in range(4):
        frozen.tick(step=timedelta(minutes=1))
    assert frozen.kinds() == [CRITICAL, ("deepseek", "recovery", "ok")]


def test_the_clock_counts_again_after_an_observation_from_the_future(frozen):
    ahead = START + timedelta(minutes=4)
    frozen.world.run({"time": ahead.isoformat()})
    frozen.clock.move_to(START + timedelta(minutes=1))
    frozen.world.deepseek("4")
    assert frozen.world.run({})["observed_at"] == "2026-06-10T00:01:00Z"
    assert frozen.kinds() == [CRITICAL]


def test_a_late_event_is_taken_as_what_is_known_now(frozen):
    frozen.world.deepseek("100")
    for _ in range(3):
        frozen.tick()
    frozen.world.deepseek("4")
    summary = frozen.world.run({"time": START.isoformat()})
    assert summary["observed_at"] == frozen.clock().isoformat() + "Z"
    assert frozen.kinds() == [CRITICAL]


def test_a_run_without_time_left_leaves_what_is_due_to_the_next(frozen):
    frozen.world.deepseek("4")
    assert frozen.tick(seconds_left=2)["alerts"] == []
    assert frozen.kinds() == []
    # Nobody holds a lease on it: the next run takes it up at once.
    [alert] = frozen.again()["alerts"]
    assert alert["severity"] == "critical"
    assert frozen.kinds() == [CRITICAL]


def test_a_topic_that_refuses_fails_the_run_and_loses_nothing(frozen, monkeypatch):
    frozen.world.deepseek("4")
    allow = refusing(monkeypatch, "Publish")
    for _ in range(3):
        with pytest.raises(GuardError, match=r"deepseek/default was not published \(AccessDenied\)"):
            frozen.tick()
    allow()
    frozen.tick()
    assert frozen.kinds() == [CRITICAL]


def test_one_alert_that_is_refused_holds_up_no_other(frozen, monkeypatch):
    frozen.world.setenv("FAST_DRAIN", "25%/1h")
    frozen.tick()
    frozen.world.deepseek("15")
    frozen.world.novita("15")

    def is_the_drain_of_deepseek(kwargs):
        attributes = {n: v["StringValue"] for n, v in kwargs["MessageAttributes"].items()}
        return (attributes["provider"], attributes["condition"]) == ("deepseek", "fast_drain")

    allow = refusing(monkeypatch, "Publish", is_the_drain_of_deepseek)
    with pytest.raises(GuardError):
        frozen.tick()
    assert sorted(m.data["provider"] + m.data["condition"] for m in frozen.told()) == [
        "deepseeklow_balance",
        "novitafast_drain",
        "novitalow_balance",
    ]
    allow()
    frozen.tick()
    assert frozen.told()[-1].data["condition"] == "fast_drain"
    assert frozen.repeats() == 0


def test_a_table_that_refuses_fails_the_run_after_the_metrics(frozen, monkeypatch, capsys):
    refusing(monkeypatch, "PutItem")
    with pytest.raises(
        GuardError,
        match=r"and novita/default could not be .* \(AccessDenied\)",
    ):
        frozen.tick()
    blobs = measured(capsys)
    assert {(blob["Provider"], blob["Severity"]) for blob in blobs} == {("deepseek", 0), ("novita", 0)}


def test_an_alert_that_could_not_be_acknowledged_is_said_again_under_its_id(frozen, monkeypatch):
    frozen.world.deepseek("4")
    allow = refusing(monkeypatch, "UpdateItem")
    with pytest.raises(GuardError, match="state of deepseek/default"):
        frozen.tick()
    allow()
    frozen.tick()
    frozen.tick()
    assert frozen.kinds() == [CRITICAL, CRITICAL]
    assert frozen.repeats() == 1


def test_a_table_that_can_not_be_read_fails_the_run_after_the_metrics(frozen, monkeypatch, capsys):
    refusing(monkeypatch, "BatchGetItem")
    with pytest.raises(GuardError, match=r"state of deepseek/default and novita/default could not be"):
        frozen.tick()
    blobs = measured(capsys)
    assert {(blob["Provider"], blob["Balance"]) for blob in blobs} == {
        ("deepseek", 100),
        ("novita", 100),
    }
    assert frozen.kinds() == []


def test_a_bug_met_by_one_account_silences_no_other(frozen, monkeypatch):
    # A provider whose author forgot what its advice is: its first alert can't be written.
    novita = PROVIDERS["novita"]
    broken = replace(novita, contact=replace(novita.contact, advice=None))
    monkeypatch.setitem(PROVIDERS, "novita", broken)
    frozen.world.keys({"novita": "sk-refused-0123456789", "deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    with pytest.raises(GuardError, match=r"novita/default could not be .* AttributeError at mail"):
        frozen.tick()
    assert frozen.kinds() == [CRITICAL]


DAMAGED = {
    "no JSON": {"state": {"S": "{"}},
    "another format": {"state": {"S": '{"format": 99}'}},
    "a foreign item": {"owner": {"S": "somebody else"}},
    "no version": {"version": {"NULL": True}},
    "half a version": {"version": {"N": "1.5"}},
    "a version of another type": {"version": {"S": "seven"}},
    "claims of another type": {"pending": {"L": []}},
    "a claim that can't be read": {"pending": {"M": {"x": {"M": {"alert": {"S": "?"}}}}}},
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_an_item_that_makes_no_sense_is_kept_aside_and_the_account_goes_on(frozen, damage, caplog):
    world = frozen.world
    frozen.tick()
    base = world.item() if "owner" not in damage else {"account": {"S": "deepseek/default"}}
    world.dynamodb.put_item(TableName=world.table, Item={**base, **damage})
    world.deepseek("4")
    summary = frozen.tick()
    assert account(summary)["severity"] == "critical"
    assert account(summary, "novita")["status"] == "ok"
    assert frozen.kinds() == [CRITICAL]
    items = {i["account"]["S"]: i for i in world.dynamodb.scan(TableName=world.table)["Items"]}
    [aside] = [item for name, item in items.items() if "#damaged-" in name]
    assert {name: aside[name] for name in damage} == damage
    assert "kept aside" in caplog.text
    frozen.tick()
    assert frozen.kinds() == [CRITICAL]
    assert len(items) == len(world.dynamodb.scan(TableName=world.table)["Items"]) == 3


def test_an_alert_whose_claim_was_lost_is_said_anew(frozen):
    world = frozen.world
    world.deepseek("4")
    frozen.tick(seconds_left=2)
    world.dynamodb.put_item(TableName=world.table, Item={**world.item(), "pending": {"S": "gone"}})
    frozen.tick()
    assert frozen.kinds() == [CRITICAL]


def test_a_claim_survives_the_damage_of_the_rest_of_its_item(frozen):
    world = frozen.world
    world.deepseek("4")
    frozen.tick(seconds_left=2)
    item = world.item()
    world.dynamodb.put_item(TableName=world.table, Item={**item, "state": {"S": "damaged"}})
    world.deepseek("100")
    frozen.tick()
    assert frozen.kinds() == [CRITICAL]
