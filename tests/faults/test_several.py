"""Many notifications of one kind in a run are one, and none is lost or repeated for it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from jobs.errors import GuardError
from tests.faults.interrupt import points, refusing
from tests.world import START

KEYS = {f"deepseek/{n:02}": f"sk-made-up-{n:04}" for n in range(8)}
HOUR = timedelta(hours=1)


def fund(world, usd, keys=KEYS):
    for key in keys.values():
        world.sandbox.fund(key, USD=usd)


@pytest.fixture
def frozen(frozen):
    """A guard of eight accounts, all well."""
    frozen.world.keys(KEYS)
    fund(frozen.world, "100")
    return frozen


def of_several(mail):
    return mail.data.get("ids", [mail.data["id"]])


def members(frozen):
    """The ids of all members of what was told, in order."""
    return [id for mail in frozen.told() for id in of_several(mail)]


def test_six_of_one_kind_are_one_and_five_are_five(frozen):
    fund(frozen.world, "4", dict(list(KEYS.items())[:5]))
    summary = frozen.tick()
    assert len(frozen.told()) == 5
    assert all("group" not in alert for alert in summary["alerts"])
    frozen.world.now += 2 * HOUR
    fund(frozen.world, "0")
    summary = frozen.tick()
    [mail] = frozen.told()[5:]
    assert mail.attributes["condition"]["Value"] == mail.attributes["account"]["Value"] == "several"
    assert (mail.attributes["severity"]["Value"], mail.attributes["peak"]["Value"]) == (
        "exhausted",
        "exhausted",
    )
    assert mail.attributes["provider"]["Value"] == "deepseek"
    assert (mail.data["count"], len(mail.data["ids"]), len(mail.data["alerts"])) == (8, 8, 8)
    assert {alert["group"] for alert in summary["alerts"]} == {mail.data["id"]}
    assert {alert["id"] for alert in summary["alerts"]} == set(mail.data["ids"])
    for text in (mail.texts["email"], mail.texts["sms"], mail.subject):
        assert "DeepSeek: 8 balances are low since" in text


def test_a_provider_that_is_down_for_many_is_one_message_and_one_when_it_is_back(frozen):
    frozen.world.sandbox.failing["deepseek"] = 400
    for _ in range(5):
        frozen.tick()
    frozen.world.sandbox.failing.clear()
    for _ in range(3):
        frozen.tick()
    down, up = frozen.told()
    first = " ".join(down.texts["email"].split())
    assert first.startswith(
        "DeepSeek: 8 balances can't be read (bad_response) since Wed 10 Jun 2026, 00:00 UTC."
    )
    assert (down.data["kind"], up.data["kind"]) == ("alert", "recovery")
    assert up.texts["email"].startswith("DeepSeek: 8 balances can be read again since")
    chat = json.loads(down.texts["https"])
    assert chat["content"]["title"] == down.subject
    assert down.subject.startswith("[WARNING] DeepSeek: 8 balances can't be read (bad_response)")


def test_half_of_them_that_recover_later_are_told_then_once(frozen):
    half = dict(list(KEYS.items())[:1])
    fund(frozen.world, "4")
    frozen.tick()
    frozen.world.now += 2 * HOUR
    fund(frozen.world, "100", {name: key for name, key in KEYS.items() if name not in half})
    frozen.tick()
    fund(frozen.world, "100")
    frozen.world.now += 2 * HOUR
    frozen.tick()
    assert [len(of_several(mail)) for mail in frozen.told()] == [8, 7, 1]


def test_reminders_of_many_are_one(frozen):
    fund(frozen.world, "4")
    for _ in range(8):
        frozen.tick(step=HOUR)
    assert [(mail.data["kind"], len(of_several(mail))) for mail in frozen.told()] == [
        ("alert", 8),
        ("reminder", 8),
    ]


def test_what_is_told_together_is_acknowledged_in_a_bounded_number_of_calls(frozen):
    fund(frozen.world, "4")
    with frozen.calls.counted() as calls:
        frozen.tick()
    assert calls.names[-2:] == ["Publish", "UpdateItem"]
    assert calls.names.count("UpdateItem") == 1
    frozen.tick()
    assert all(not item["pending"]["M"] for item in frozen.items() if "pending" in item)
    assert len(frozen.told()) == 1


def test_after_a_crash_at_any_call_each_member_arrives_and_comes_at_most_once_more(frozen):
    fund(frozen.world, "4")
    with frozen.calls.counted() as calls:
        frozen.tick()
    for point in points(calls.names):
        frozen.anew()
        fund(frozen.world, "4")
        assert frozen.crash(point), point
        for _ in range(3):
            frozen.world.now += HOUR
            frozen.tick()
        alerts = [
            id for mail in frozen.told() if mail.data["kind"] == "alert" for id in of_several(mail)
        ]
        assert len(set(alerts)) == 8, point
        assert all(alerts.count(id) <= 2 for id in alerts), point


def test_an_overlapping_run_says_nothing_twice(frozen):
    number = 0
    while True:
        fund(frozen.world, "4")
        with frozen.calls.counted(between=(number, frozen.again)) as calls:
            frozen.tick()
        assert sorted(members(frozen)) == sorted(set(members(frozen)))
        assert len(members(frozen)) == 8, number
        frozen.anew()
        number += 1
        if number >= len(calls.names):
            break
    assert number > 8


def test_ten_runs_at_once_tell_each_member_once(frozen):
    fund(frozen.world, "4")
    frozen.clock.move_to(START + HOUR)
    events = [{"time": START.isoformat()} for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        summaries = list(pool.map(frozen.world.run, events))
    assert len(members(frozen)) == len(set(members(frozen))) == 8
    assert sum(len(summary["alerts"]) for summary in summaries) == 8


def test_what_a_refused_message_held_comes_with_what_is_new(frozen, monkeypatch):
    allow = refusing(monkeypatch, "Publish")
    fund(frozen.world, "4", dict(list(KEYS.items())[:4]))
    with pytest.raises(GuardError):
        frozen.tick()
    fund(frozen.world, "4")
    allow()
    frozen.tick()
    [mail] = frozen.told()
    assert mail.data["count"] == 8


def test_what_is_noted_as_published_is_not_told_again_however_late_its_items_are_written(frozen):
    fund(frozen.world, "4")
    frozen.tick()
    before = [item for item in frozen.items() if "pending" in item]
    frozen.world.now += 200 * HOUR
    for item in before:  # as if no run had written them since
        frozen.world.dynamodb.put_item(TableName=frozen.world.table, Item=item)
    fund(frozen.world, "4.01")
    frozen.tick()
    assert [mail.data["kind"] for mail in frozen.told()] == ["alert", "reminder"]


def test_a_damaged_message_among_many_holds_up_no_other(frozen, monkeypatch):
    allow = refusing(monkeypatch, "Publish")
    fund(frozen.world, "4")
    with pytest.raises(GuardError):
        frozen.tick()
    frozen.world.dynamodb.update_item(
        TableName=frozen.world.table,
        Key={"account": {"S": "deepseek/03"}},
        UpdateExpression="SET pending.#id.message.payload = :none",
        ExpressionAttributeNames={"#id": next(iter(frozen.world.item("deepseek/03")["pending"]["M"]))},
        ExpressionAttributeValues={":none": {"S": "{"}},
    )
    allow()
    frozen.world.sandbox.failing["deepseek"] = 404  # nothing newer is learnt
    frozen.tick()
    assert len(frozen.world.sent()) == 8


def test_nothing_is_published_while_nobody_can_tell_what_is_published_already(frozen, monkeypatch):
    fund(frozen.world, "4")
    frozen.tick()
    refusing(monkeypatch, "BatchGetItem")
    with pytest.raises(GuardError):
        frozen.tick()
    assert len(frozen.told()) == 1
