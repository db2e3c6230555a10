"""Several secrets, one run each: nothing is mixed up, lost or told twice."""

import json
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from aws.table import StateTable
from config.accounts import SecretError
from config.grammar import SettingsError
from guard.memory import Memory
from jobs.errors import GuardError
from tests.faults.guarded import KEYS
from tests.faults.interrupt import Crash, points
from tests.world import DEEPSEEK_KEY, QUARTER

HOUR = timedelta(hours=1)
OTHER_KEY = "sk-made-up-0123456789"
MANY = {f"deepseek/{n}": f"sk-made-up-many-{n}" for n in range(7)}


def sharded(world, **entries):
    """Make a secret of each of these, and have a run take it when its event says so; their ARNs."""
    arns = [world.secrets.create_secret(Name=name)["ARN"] for name in entries]
    world.setenv("SHARDS", ",".join(arns))
    for arn, accounts in zip(arns, entries.values(), strict=True):
        world.secrets.put_secret_value(SecretId=arn, SecretString=json.dumps(accounts))
    return arns


def run(world, secret, step=timedelta(0), **more):
    """One run of a secret at the world's time."""
    event = {"time": world.now.isoformat(), "secret": secret, **more}
    world.now += step
    return world.run(event)


def tick(frozen, secret, step=timedelta(0)):
    """The same where the clock stands still but for this."""
    frozen.clock.move_to(frozen.world.now)
    return run(frozen.world, secret, step)


def name(arn):
    return arn.rpartition(":")[2]


@pytest.fixture
def frozen(frozen):
    frozen.world.sandbox.fund(OTHER_KEY, USD="100")
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    for key in MANY.values():
        frozen.world.sandbox.fund(key, USD="100")
    return frozen


def test_a_run_takes_the_secret_that_its_event_names_and_no_other(world):
    world.sandbox.fund(OTHER_KEY, USD="4")
    first, second = sharded(world, one={"deepseek/a": OTHER_KEY}, two={"novita/b": "sk_none"})
    [found] = run(world, first)["accounts"]
    assert (found["account"], found["severity"]) == ("a", "critical")
    assert [one["account"] for one in run(world, second)["accounts"]] == ["b"]
    assert len(run(world, world.secret)["accounts"]) == 2
    assert len(world.tick()["accounts"]) == 2
    assert world.item("deepseek/a")["shard"]["S"] == name(first)
    assert world.item("deepseek/default")["shard"]["S"] == name(world.secret)


@pytest.mark.parametrize("secret", ["", None, 5, ["x"], {"a": 1}, "api-keys", KEYS["deepseek"]])
def test_a_secret_that_is_not_listed_fails_the_run_before_anything_is_read(world, secret):
    calls = []
    world.secrets.meta.events.register("before-call", lambda **_: calls.append(1))
    sharded(world, one={"deepseek/a": OTHER_KEY})
    calls.clear()
    with pytest.raises(SecretError) as raised:
        run(world, secret)
    assert "neither ApiKeys nor one of Shards" in str(raised.value)
    assert "sk-" not in str(raised.value)
    assert world.sandbox.asked == calls == []
    assert world.dynamodb.scan(TableName=world.table)["Items"] == []


def test_without_shards_nothing_is_noted_and_only_the_one_secret_is_taken(world, capsys):
    other = world.secrets.create_secret(Name="other", SecretString="{}")["ARN"]
    with pytest.raises(SecretError):
        run(world, other)
    run(world, world.secret)
    assert "shard" not in world.item()
    assert "Shard" not in capsys.readouterr().out


def test_a_list_of_shards_that_cannot_be_read_stops_every_run(world):
    [arn] = sharded(world, one={})
    for text in (
        f"{arn},{arn}",
        f"{arn},",
        "my-secret",
        f"{arn};{arn}x",
        world.secret,
        f"{arn} {arn}x",
    ):
        world.setenv("SHARDS", text)
        with pytest.raises(SettingsError, match="SHARDS can't be read"):
            world.tick()


def test_before_its_first_value_a_shard_is_no_failure(world):
    arn = world.secrets.create_secret(Name="new")["ARN"]
    world.setenv("SHARDS", arn)
    assert run(world, arn)["accounts"] == []


def test_an_answer_can_be_brief(world):
    world.deepseek("4")
    assert run(world, world.secret, brief=True) == {
        "observed_at": "2026-06-10T00:00:00Z",
        "accounts": [],
        "alerts": [],
        "checked": 2,
        "failed": 0,
        "published": 1,
    }


def blobs(capsys):
    printed = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    return [one for one in printed if "_aws" in one]


def dimensions(blob):
    return blob["_aws"]["CloudWatchMetrics"][0]["Dimensions"]


def test_counts_of_a_shard_have_its_dimension_and_what_goes_by_its_ends_has_none(world, capsys):
    world.setenv("PER_ACCOUNT_METRICS", "0")
    world.deepseek("4")
    [arn] = sharded(world, one={"deepseek/a": OTHER_KEY})
    capsys.readouterr()
    run(world, world.secret)
    ends, counts = blobs(capsys)
    assert (dimensions(ends), dimensions(counts)) == ([[]], [["Shard"]])
    assert ends.keys() == {"_aws", "Severity", "CheckSucceeded", "ChecksLeft"}
    assert counts.pop("_aws")
    assert counts == {
        "Shard": name(world.secret),
        "AccountsOk": 1,
        "AccountsWarning": 0,
        "AccountsCritical": 1,
        "AccountsExhausted": 0,
        "ChecksFailed": 0,
    }
    run(world, arn)
    assert blobs(capsys)[1]["Shard"] == name(arn)


def test_a_shard_of_few_accounts_is_counted_too(world, capsys):
    [arn] = sharded(world, one={"deepseek/a": OTHER_KEY})
    world.sandbox.fund(OTHER_KEY, USD="15")
    capsys.readouterr()
    run(world, arn)
    each, counts = blobs(capsys)
    assert (each["Account"], each["Balance"]) == ("a", 15)
    assert (counts["AccountsWarning"], counts["Shard"]) == (1, name(arn))


def test_of_two_entries_of_one_name_the_one_that_is_noted_is_checked(frozen):
    world = frozen.world
    first, second = sharded(world, one={"deepseek/a": DEEPSEEK_KEY}, two={"deepseek/a": OTHER_KEY})
    world.sandbox.fund(OTHER_KEY, USD="1")
    tick(frozen, first)
    before = world.item("deepseek/a")
    [found] = tick(frozen, second, QUARTER)["accounts"]
    assert (found["status"], found["error"], found["balances"]) == ("failed", "config", [])
    assert world.item("deepseek/a") == before
    for _ in range(8):
        [well] = tick(frozen, first)["accounts"]
        assert well["severity"] == "ok"
        assert tick(frozen, second, QUARTER)["accounts"] == [found]
    assert frozen.told() == []


def test_the_error_of_the_second_names_the_secret_of_the_first(world, caplog, capsys):
    first, second = sharded(world, one={"deepseek/a": DEEPSEEK_KEY}, two={"deepseek/a": OTHER_KEY})
    run(world, first)
    capsys.readouterr()
    caplog.clear()
    run(world, second)
    [logged] = [one for one in caplog.records if getattr(one, "error", None) == "config"]
    assert f"the secret {name(first)} has one of the same name" in logged.message
    assert [blob["CheckSucceeded"] for blob in blobs(capsys) if "CheckSucceeded" in blob] == [0]


def test_an_account_that_moved_is_checked_after_an_hour_and_goes_on_as_it_was(frozen):
    world = frozen.world
    first, second = sharded(world, one={"deepseek/a": DEEPSEEK_KEY}, two={"deepseek/a": DEEPSEEK_KEY})
    world.deepseek("15")
    tick(frozen, first, QUARTER)
    assert len(frozen.told()) == 1
    for _ in range(4):
        assert tick(frozen, second, QUARTER)["accounts"][0]["error"] == "config"
    [moved] = tick(frozen, second)["accounts"]
    assert moved["severity"] == "warning"
    assert world.item("deepseek/a")["shard"]["S"] == name(second)
    assert len(frozen.told()) == 1
    assert tick(frozen, first)["accounts"][0]["error"] == "config"


def test_an_hourly_schedule_keeps_two_entries_of_one_name_apart(frozen):
    world = frozen.world
    first, second = sharded(world, one={"deepseek/a": DEEPSEEK_KEY}, two={"deepseek/a": OTHER_KEY})
    tick(frozen, first, HOUR)
    for _ in range(3):  # whichever comes first
        assert tick(frozen, second)["accounts"][0]["error"] == "config"
        assert tick(frozen, first, HOUR)["accounts"][0]["status"] == "ok"


def test_what_is_due_at_another_shard_s_account_is_not_claimed_by_a_run_that_loses_it(frozen):
    world = frozen.world
    first, second = sharded(world, one={"deepseek/a": DEEPSEEK_KEY}, two={"deepseek/a": OTHER_KEY})
    world.deepseek("4")

    def overtake():
        world.nobody_listens()
        with pytest.raises(GuardError):
            run(world, first)
        world.somebody_listens()

    for number in range(2, 4):  # between the second's reading and its write
        frozen.anew()
        with frozen.calls.counted(between=(number, overtake)):
            answer = run(world, second)["accounts"][0]
        if answer["status"] == "failed":
            [claim] = world.item("deepseek/a")["pending"]["M"].values()
            assert claim["M"]["lease"]["N"] == "0"
            assert len(run(world, first)["alerts"]) == 1
            break
    else:
        pytest.fail("the second run never lost the account")


def test_a_group_is_not_repeated_when_shards_are_given_or_taken_away_meanwhile(frozen):
    world = frozen.world
    world.keys(MANY)
    [arn] = [world.secrets.create_secret(Name="spare", SecretString="{}")["ARN"]]
    for before, after in ((None, arn), (arn, None)):
        frozen.anew()
        world.sandbox.failing["deepseek"] = 402
        given(world, before)
        with frozen.calls.counted():
            run(world, world.secret)
            noting = len(frozen.calls.names) - 1  # the last call notes what was published
        assert frozen.calls.names[noting] == "UpdateItem"
        frozen.anew()

        def redeployed(to=after):
            given(world, to)
            run(world, world.secret)

        given(world, before)
        with frozen.calls.counted(between=(noting, redeployed)):
            run(world, world.secret)
        run(world, world.secret)
        world.now += QUARTER
        frozen.clock.move_to(world.now)
        run(world, world.secret)
        assert [one.data["count"] for one in frozen.told()] == [7]


def given(world, shards):
    """Deploy with these shards, or without any."""
    world.setenv("SHARDS", shards or "")


def _answered(answers, world, secret):
    answers.append(run(world, secret))


def test_of_two_first_runs_at_once_one_alone_checks_the_account(frozen):
    world = frozen.world
    world.deepseek("15")
    world.sandbox.fund(OTHER_KEY, USD="15")
    number = 0
    while True:
        account = f"deepseek/r{number}"
        first, second = sharded(
            world, **{f"a{number}": {account: DEEPSEEK_KEY}, f"b{number}": {account: OTHER_KEY}}
        )
        answers = []
        overtaken = partial(_answered, answers, world, second)
        with frozen.calls.counted(between=(number, overtaken)):
            answers.append(tick(frozen, first))
            calls = len(frozen.calls.names)
        if not answers[1:]:
            break
        found = [one["accounts"][0] for one in answers]
        assert sorted(one["status"] for one in found) == ["failed", "ok"], number
        winner = (second, first)[found[1]["status"] == "ok"]
        assert world.item(account)["shard"]["S"] == name(winner)
        assert len(frozen.told()) == 1, number
        frozen.forget()
        number += 1
    assert number == calls > 3


def test_the_groups_of_two_shards_are_two_messages_and_neither_comes_twice(frozen):
    world = frozen.world
    others = {f"deepseek/o{n}": key for n, key in enumerate(MANY.values())}
    arns = sharded(world, one=MANY, two=others)
    world.sandbox.failing["deepseek"] = 402
    for _ in range(3):
        for arn in arns:
            tick(frozen, arn)
        world.now += QUARTER
    assert [one.data["count"] for one in frozen.told()] == [7, 7]
    world.sandbox.failing.clear()
    for _ in range(3):
        for arn in arns:
            tick(frozen, arn)
        world.now += QUARTER
    assert [one.data["kind"] for one in frozen.told()] == ["alert"] * 2 + ["recovery"] * 2
    notes = {item["account"]["S"] for item in world.dynamodb.scan(TableName=world.table)["Items"]}
    assert {f"published#2026-06-10#{name(arn)}" for arn in arns} <= notes


def test_what_was_published_by_one_shard_is_not_repeated_after_a_move(frozen):
    world = frozen.world
    first, second = sharded(world, one=MANY, two=MANY)
    world.sandbox.failing["deepseek"] = 402
    tick(frozen, first)
    assert len(frozen.told()) == 1
    world.now += HOUR + QUARTER
    found = tick(frozen, second)["accounts"]
    assert {one["error"] for one in found} == {"billing"}
    assert len(frozen.told()) == 1


def test_a_crash_of_one_shard_loses_nothing_and_leaves_the_other_alone(frozen):
    world = frozen.world
    first, second = sharded(world, one={"deepseek/a": DEEPSEEK_KEY}, two={"deepseek/b": OTHER_KEY})
    world.deepseek("4")
    with frozen.calls.counted():
        tick(frozen, first, QUARTER)
        calls = list(frozen.calls.names)
    assert "Publish" in calls
    for point in points(calls):
        frozen.anew()
        with frozen.calls.counted(crash=point), suppress(Crash):
            tick(frozen, first, QUARTER)
        assert tick(frozen, second)["accounts"][0]["severity"] == "ok"
        tick(frozen, first, QUARTER)
        told = frozen.told()
        assert 1 <= len(told) <= 2, point
        assert len({one.data["id"] for one in told}) == 1, point


def test_the_digest_has_the_accounts_of_all_shards(world):
    world.sandbox.fund(OTHER_KEY, USD="4")
    [arn] = sharded(world, one={"deepseek/far": OTHER_KEY})
    run(world, world.secret)
    run(world, arn)
    world.digest()
    [text] = [one.texts["email"] for one in world.mail() if one.data["kind"] == "digest"]
    assert 'DeepSeek "far"' in text
    assert 'Novita AI "default"' in text


def test_the_table_is_read_page_by_page(world):
    world.tick()
    item = world.item()
    padded = {**item, "padding": {"S": "x" * 100_000}}
    for number in range(15):  # a page has a megabyte
        world.dynamodb.put_item(
            TableName=world.table, Item={**padded, "account": {"S": f"deepseek/p{number}"}}
        )
    scans = []
    world.dynamodb.meta.events.register("before-call.dynamodb.Scan", lambda **_: scans.append(1))
    memories = StateTable(world.dynamodb, world.table).memories()
    _, memory = next(memories)
    assert isinstance(memory, Memory)
    assert len(scans) == 1
    assert len([memory, *memories]) == 17
    assert len(scans) == 2
