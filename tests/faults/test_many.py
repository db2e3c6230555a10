"""Many accounts in one run: nobody is starved, and what is left is the first to be checked next."""

from collections import Counter
from contextlib import contextmanager

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ReadTimeoutError

from guard.figures import timestamp
from jobs.errors import GuardError
from tests.faults.interrupt import refusing
from tests.faults.payloads import good
from tests.faults.upstream import answer
from tests.world import DEEPSEEK_KEY, NOVITA_KEY, QUARTER, START, measured

KEY_OF_A_RICH = "sk-rich-0123456789abcdef"
WORKERS = 64  # accounts of one provider that are asked at once


def silent(wire):
    wire.hang()


def of(summary, provider):
    return [account for account in summary["accounts"] if account["provider"] == provider]


def asked(upstream):
    """The keys that were asked about since the last call, in their order."""
    keys = [key for _, key in upstream.asked]
    upstream.asked.clear()
    return keys


def test_a_provider_that_hangs_starves_no_account_of_the_other(world, upstream):
    world.keys(
        {f"deepseek/{n}": DEEPSEEK_KEY for n in range(WORKERS + 1)}
        | {f"novita/{n}": NOVITA_KEY for n in range(10)}
    )
    upstream.script = silent
    world.setenv("DEEPSEEK_URL", upstream.url)
    summary = world.tick(seconds_left=10)
    assert {account["status"] for account in of(summary, "novita")} == {"ok"}
    assert {account["error"] for account in of(summary, "deepseek")} == {"timeout"}


def test_a_run_that_can_not_finish_leaves_accounts_for_the_next_which_begins_with_them(world, upstream):
    def checked():
        """When each account was last checked, by label."""
        items = world.dynamodb.scan(TableName=world.table)["Items"]
        return {item["account"]["S"][-3:]: item["checked"]["S"] for item in items if "checked" in item}

    labels = [f"{n:03}" for n in range(2 * WORKERS + 40)]
    world.keys({f"deepseek/{label}": DEEPSEEK_KEY for label in labels})
    upstream.script = silent
    world.setenv("DEEPSEEK_URL", upstream.url)
    times = [timestamp(START + n * QUARTER) for n in range(3)]
    world.tick(seconds_left=10)
    assert checked() == dict.fromkeys(labels[:WORKERS], times[0])
    world.tick(seconds_left=10)
    assert list(checked().values()).count(times[1]) == WORKERS
    world.tick(seconds_left=10)
    found = checked()
    assert {found[label] for label in labels[WORKERS : 2 * WORKERS]} == {times[1]}
    assert {found[label] for label in labels[2 * WORKERS :]} == {times[2]}
    assert list(found.values()).count(times[2]) == WORKERS


def test_a_run_says_how_many_it_left_and_counts_them_as_no_failed_check(
    world, upstream, capsys, caplog
):
    world.setenv("PER_ACCOUNT_METRICS", "100")
    world.keys({f"deepseek/{n}": DEEPSEEK_KEY for n in range(WORKERS + 5)})
    upstream.script = silent
    world.setenv("DEEPSEEK_URL", upstream.url)
    summary = world.tick(seconds_left=10)
    [said] = [record for record in caplog.records if hasattr(record, "left")]
    assert (said.levelname, said.left) == ("WARNING", 5)
    assert said.message == "5 of 69 accounts were left for want of time; the next run begins with them."
    blobs = measured(capsys)
    assert sum("CheckSucceeded" in blob for blob in blobs) == WORKERS
    assert [blob["ChecksLeft"] for blob in blobs if "ChecksLeft" in blob] == [5]
    assert Counter(account["error"] for account in summary["accounts"]) == {"timeout": WORKERS + 5}
    assert len(world.dynamodb.scan(TableName=world.table)["Items"]) == WORKERS


@pytest.fixture
def answering_after(world, upstream, monkeypatch):
    """Two accounts that are asked one after the other, of a provider that takes so many seconds."""

    def slow(seconds):
        def late(wire):
            wire.over.wait(seconds)
            answer(200, good("deepseek"))(wire)

        upstream.script = late

    monkeypatch.setattr("jobs.check.WORKERS", 1)
    world.keys({"deepseek/first": DEEPSEEK_KEY, "deepseek/second": DEEPSEEK_KEY})
    world.setenv("DEEPSEEK_URL", upstream.url)
    return slow


def test_an_account_is_not_asked_with_too_little_time_to_answer(world, upstream, answering_after):
    # The first answer takes most of the run's time, so that the second account would be cut off, and
    # that would look like a failure of the provider's.
    answering_after(3.2)
    first, second = world.tick(seconds_left=8)["accounts"]
    assert (first["status"], second["status"]) == ("ok", "failed")
    assert len(asked(upstream)) == 1


@pytest.mark.parametrize("count", [99, 100, 250])
def test_a_hundred_items_are_read_in_one_call_the_digest_s_with_them(world, frozen, count):
    world.keys({f"deepseek/{n}": DEEPSEEK_KEY for n in range(count)})
    frozen.tick()
    with frozen.calls.counted() as calls:
        summary = frozen.tick()
    assert {account["status"] for account in summary["accounts"]} == {"ok"}
    assert Counter(calls.names) == {
        "GetSecretValue": 1,
        "BatchGetItem": -(-(count + 1) // 100),
        "PutItem": count,
    }


def test_accounts_keep_the_order_of_the_secret_in_the_summary(world):
    names = [f"deepseek/{n}" for n in range(9, 0, -1)] + ["novita/b", "novita/a"]
    for keys in (names[::2], names):
        world.keys({name: DEEPSEEK_KEY if "deep" in name else NOVITA_KEY for name in keys})
        summary = world.tick()
    assert [f"{one['provider']}/{one['account']}" for one in summary["accounts"]] == names


def totals(capsys):
    """The blobs of metrics since the last call that are about no account."""
    blobs = measured(capsys)
    assert not [blob for blob in blobs if "Account" in blob]
    return blobs


def test_past_the_limit_there_are_metrics_of_all_accounts_together_only(world, capsys):
    world.setenv("PER_ACCOUNT_METRICS", "3")
    refused = {"novita/refused": "sk_refused-0123456789"}
    world.keys({f"deepseek/{n}": DEEPSEEK_KEY for n in range(3)} | refused)
    world.deepseek("15")
    world.tick()
    [blob] = totals(capsys)
    figures = ("Severity", "AccountsOk", "AccountsWarning", "ChecksFailed", "CheckSucceeded")
    assert [blob[name] for name in figures] == [1, 0, 3, 1, 0]
    assert world.said()  # what is due is said as ever


def test_a_trouble_that_many_accounts_meet_is_told_once_with_some_of_them(frozen, monkeypatch):
    refusing(monkeypatch, "BatchGetItem")
    frozen.world.keys({f"deepseek/{n:03}": DEEPSEEK_KEY for n in range(150)})
    with pytest.raises(GuardError) as raised:
        frozen.tick()
    assert str(raised.value) == (
        "The state of "
        + ", ".join(f"deepseek/{n:03}" for n in range(10))
        + " and 140 more accounts could not be read or stored (AccessDenied): check the table and the "
        "function's permissions for it."
    )


def test_a_trouble_of_one_account_is_told_beside_one_of_many(frozen, monkeypatch):
    frozen.world.keys({f"deepseek/{n:03}": DEEPSEEK_KEY for n in range(20)})
    frozen.world.deepseek("4")
    refusing(monkeypatch, "PutItem", lambda asked: "000" not in asked["Item"]["account"]["S"])
    refusing(monkeypatch, "Publish")
    with pytest.raises(GuardError, match="An alert about deepseek/000 was not published"):
        frozen.tick()


@contextmanager
def without_answer(monkeypatch, operation):
    """Let AWS give an operation no answer; yields the names of those calls."""
    call, asked = BaseClient._make_api_call, []

    def silent(client, name, kwargs):
        if name != operation:
            return call(client, name, kwargs)
        asked.append(name)
        raise ReadTimeoutError(endpoint_url="https://dynamodb.invalid")

    with monkeypatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", silent)
        yield asked


def test_a_table_that_does_not_answer_is_not_asked_for_each_of_many_accounts(
    frozen, monkeypatch, capsys
):
    frozen.world.setenv("PER_ACCOUNT_METRICS", "100")
    frozen.world.keys({f"deepseek/{n:03}": DEEPSEEK_KEY for n in range(100)})
    frozen.world.deepseek("4")
    with (
        without_answer(monkeypatch, "PutItem") as asked,
        pytest.raises(GuardError, match=r"and 90 more accounts .*ReadTimeoutError"),
    ):
        frozen.tick()
    assert len(asked) < 20  # a few at once, and a few before it was clear
    blobs = measured(capsys)
    assert [(blob["Balance"], blob["Severity"]) for blob in blobs] == [(4, 2)] * 100
    assert {one["status"] for one in frozen.tick()["accounts"]} == {"ok"}


def test_a_topic_that_does_not_answer_is_tried_once_and_all_is_said_by_the_next_run(
    frozen, monkeypatch
):
    frozen.world.keys({f"deepseek/{n:03}": DEEPSEEK_KEY for n in range(30)})
    frozen.world.deepseek("4")
    with (
        without_answer(monkeypatch, "Publish") as asked,
        pytest.raises(GuardError, match="One message for several alerts was not published"),
    ):
        frozen.tick()
    assert len(asked) == 1
    frozen.tick()
    [mail] = frozen.told()
    assert mail.data["count"] == len(set(mail.data["ids"])) == 30


def test_what_has_still_to_be_said_goes_before_what_is_longest_unchecked(frozen, monkeypatch):
    frozen.world.keys({"deepseek/low": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    with without_answer(monkeypatch, "Publish"), pytest.raises(GuardError):
        frozen.tick()
    frozen.world.keys(
        {f"deepseek/{n:03}": KEY_OF_A_RICH for n in range(5)} | {"deepseek/low": DEEPSEEK_KEY}
    )
    frozen.world.sandbox.fund(KEY_OF_A_RICH, USD="500")
    monkeypatch.setattr("jobs.check.WORKERS", 1)
    stored = []
    refusing(monkeypatch, "PutItem", lambda asked: stored.append(asked["Item"]["account"]["S"]))
    frozen.tick()
    assert stored[0] == "deepseek/low"
    assert len(stored) == 6


def test_accounts_whose_state_could_not_be_read_come_last(frozen, upstream, monkeypatch):
    keys = {f"deepseek/{n:03}": f"{DEEPSEEK_KEY}{n:03}" for n in range(120)}
    frozen.world.keys(keys)
    upstream.script = answer(200, good("deepseek"))
    frozen.world.setenv("DEEPSEEK_URL", upstream.url)
    frozen.world.tick()
    asked(upstream)
    refusing(monkeypatch, "BatchGetItem", lambda asked: "119" in str(asked))
    monkeypatch.setattr("jobs.check.WORKERS", 1)
    with pytest.raises(GuardError, match=r"deepseek/100, .* and 10 more accounts could not be read"):
        frozen.world.tick()
    order = asked(upstream)
    assert order == sorted(order)


def test_a_run_that_is_out_of_time_stores_nothing_and_says_so(world, monkeypatch):
    monkeypatch.setattr("jobs.outbox.STORING_SECONDS", 1000)
    with pytest.raises(GuardError, match="was not stored: the run had no time left"):
        world.tick()


def test_a_run_whose_table_takes_all_the_time_does_not_pass_as_a_success(world, monkeypatch):
    monkeypatch.setattr("jobs.deadline.ASKING_SECONDS", 0)
    monkeypatch.setattr("jobs.deadline.ASKING_SECONDS_EACH", 0)
    with pytest.raises(GuardError, match="No account was checked"):
        world.tick()


def test_an_account_that_was_cut_short_is_left_and_its_provider_is_not_blamed(
    world, upstream, answering_after
):
    answering_after(2.4)
    first, second = world.tick(seconds_left=8)["accounts"]
    assert (first["status"], second["status"]) == ("ok", "failed")
    assert len(asked(upstream)) == 2
    assert len(world.dynamodb.scan(TableName=world.table)["Items"]) == 1  # nothing is held against it


def test_in_the_totals_an_account_that_can_not_be_read_stands_where_it_stood(world, capsys):
    world.setenv("PER_ACCOUNT_METRICS", "1")
    world.deepseek("4")
    world.tick()
    world.sandbox.failing["deepseek"] = 500
    world.tick()
    first, second = totals(capsys)
    assert (first["Severity"], first["AccountsCritical"]) == (2, 1)
    assert (second["Severity"], second["AccountsCritical"], second["ChecksFailed"]) == (2, 1, 1)


def test_the_totals_of_a_stale_event_are_of_now(world, capsys):
    world.setenv("PER_ACCOUNT_METRICS", "1")
    world.tick()
    capsys.readouterr()
    world.run({"time": "2025-06-10T00:00:00Z"})
    [blob] = totals(capsys)
    assert blob["_aws"]["Timestamp"] > START.timestamp() * 1000
