"""Three secrets of twenty accounts through the deployed state machine, as `make scale` has ten."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from aws.table import StateTable
from benchmarks import shards
from local import keys
from local.tools import ROOT, LocalError, tool
from messages.digest import MOST_SHOWN
from tools import bill

SECRETS, EACH = 3, 20
HALF = SECRETS * EACH // 2


@pytest.fixture(scope="module")
def stage(build):
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("SFN_WAIT_SCALE", "0.02")  # the engine's waits before it tries again
        with shards.deployed(Console(quiet=True), SECRETS, EACH, build) as deployed:
            yield deployed


@pytest.fixture(scope="module")
def ticks(stage):
    return shards.played(Console(quiet=True), stage)


def test_each_tick_checks_every_account_of_every_secret(ticks):
    assert [tick.status for tick in ticks] == ["SUCCEEDED"] * 3
    assert [(tick.checked, tick.failed) for tick in ticks] == [(HALF, HALF)] * 3
    assert [(tick.runs, tick.failed_runs) for tick in ticks] == [(3, 0), (4, 1), (3, 0)]


def test_what_is_due_is_told_once_and_the_group_of_each_shard_is_a_message(ticks):
    told = [[json.loads(letter.text) for letter in tick.letters] for tick in ticks]
    assert [len(one) for one in told] == [SECRETS, 0, SECRETS]
    assert {one["severity"] for one in told[0]} == {"critical"}
    assert [one["count"] for one in told[2]] == [EACH // 2] * SECRETS


def test_every_account_notes_its_secret(stage, ticks):
    pages = stage.aws.client("dynamodb").get_paginator("scan")
    items = [i for page in pages.paginate(TableName=stage.aws.outputs["State"]) for i in page["Items"]]
    noted = [item["shard"]["S"] for item in items if "/" in item["account"]["S"]]
    assert {name: noted.count(name) for name in noted} == {
        arn.rpartition(":")[2]: EACH for arn in stage.secrets
    }


def test_the_counts_of_each_shard_have_its_name(stage, ticks):
    counted = [line for line in stage.aws.logged() if "AccountsOk" in line]
    assert {line["Shard"] for line in counted} == {arn.rpartition(":")[2] for arn in stage.secrets}
    assert {line["ChecksFailed"] for line in counted} == {EACH // 2}


def test_the_digest_and_the_table_have_the_accounts_of_all_secrets(stage, ticks):
    table = StateTable(stage.aws.client("dynamodb"), stage.aws.outputs["State"])
    assert len([*table.memories()]) == SECRETS * EACH
    stage.aws.invoke({"time": datetime.now(UTC).isoformat()}, "SendDigest")
    letters = [*stage.aws.letters(5)]
    [digest] = [one for one in letters if one.protocol == "sqs"]
    assert len(json.loads(digest.text)["accounts"]) == MOST_SHOWN
    [mail] = [one for one in letters if one.protocol == "email"]
    assert f"And {SECRETS * EACH - MOST_SHOWN} more" in mail.text


def test_a_secret_that_fails_for_good_fails_the_execution_and_no_other_run(stage, ticks):
    stage.aws.secrets.put_secret_value(SecretId=stage.secrets[1], SecretString=shards.BROKEN)
    try:
        tick = stage.tick(datetime.now(UTC) + timedelta(minutes=1))
    finally:
        stage.put(stage.secrets[1])
    assert tick.status == "FAILED"
    assert (tick.runs, tick.failed_runs) == (5, 3)
    assert tick.checked + tick.failed == (SECRETS - 1) * EACH


def test_a_secret_that_is_not_listed_is_not_read(stage, ticks):
    other = stage.aws.secrets.create_secret(Name="another", SecretString="{}")["ARN"]
    event = {"time": datetime.now(UTC).isoformat(), "secret": other}
    answer = stage.aws.functions.invoke(
        FunctionName=stage.aws.outputs["CheckBalances"], Payload=json.dumps(event).encode()
    )
    said = answer["Payload"].read().decode()
    assert answer["FunctionError"]
    assert "neither ApiKeys nor one of Shards" in said


def test_make_keys_puts_a_key_into_the_secret_that_is_named(stage, ticks):
    named = "shard-2"
    done = subprocess.run(
        [tool("dev", "python"), "-m", "local.keys"],
        cwd=ROOT,
        env=stage.aws.environment
        | {"PYTHONPATH": "src", "SECRET": named, "DEEPSEEK_URL": stage.sandbox.url},
        input=f"deepseek/new\n{next(iter(stage.sandbox.deepseek))}\n\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "has 20 accounts." in done.stdout
    assert "Stored. deepseek/new has 4.00 USD." in done.stdout
    found = stage.aws.secrets.get_secret_value(SecretId=stage.secrets[2])
    assert len(json.loads(found["SecretString"])) == EACH + 1


def test_a_secret_is_chosen_by_its_arn_or_its_name_and_must_be_one_of_the_stack_s():
    first, *others = (f"arn:aws:secretsmanager:eu-central-1:1:secret:{n}-0aB1cD" for n in "abc")
    assert keys.chosen("", first, others) == first
    assert keys.chosen("a", first, others) == first
    assert keys.chosen("c", first, others) == keys.chosen(others[1], first, others) == others[1]
    for wanted in ("d", "c-0aB1cD", "arn"):
        with pytest.raises(LocalError, match="SECRET is neither ApiKeys nor one of Shards"):
            keys.chosen(wanted, first, others)


def test_the_bill_of_several_secrets_grows_with_them_and_has_the_engine():
    one, two, ten = (bill.of_stacks([secrets], 2) for secrets in (1, 2, 10))
    assert one["state transitions"] == 0
    ticks = one["runs"] - bill.runs_of(1)["SendDigest"]
    assert two["runs"] - one["runs"] == ticks
    assert ten["state transitions"] == ticks * (4 + 10)
    assert ten["secrets"] == 10
    assert ten["write units"] > 9 * one["write units"]
    assert ten["alarm metrics"] == one["alarm metrics"]
    both = bill.of_stacks([1, 2], 2)
    assert both["runs"] == one["runs"] + two["runs"]
