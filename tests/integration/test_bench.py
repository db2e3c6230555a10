"""The benchmark measures what it says: like beside like, counted and told rightly."""

import os
import sys

import boto3
import pytest
import requests
from botocore.exceptions import ClientError

from benchmarks.speed import cold, floor, launch, one_by_one, package, runtime, scale, world
from benchmarks.speed.figures import (
    Figure,
    Pairs,
    at_least,
    at_most,
    cells,
    in_turns,
    milliseconds,
    number,
    of_pairs,
    percent,
    ratio_at_most,
)
from benchmarks.speed.runtime_api import cold_start
from benchmarks.speed.upstreams import of_aws
from handlers import check_balances
from local.tools import LocalError

LARGEST_SECRET = 65_536
EMULATED = """\
22 Nov 2026 09:51:45,296 [INFO] (rapid) INIT REPORT(durationMs: 166.844000)
22 Nov 2026 09:51:45,455 [INFO] (rapid) INVOKE RTDONE(status: success, produced bytes: 0)
REPORT RequestId: 1\tInit Duration: 0.02 ms\tDuration: 326.18 ms\tBilled Duration: 327 ms\t
""".splitlines()


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    with world.standing(tmp_path_factory.mktemp("world")) as standing:
        yield standing


@pytest.fixture
def stack(here, monkeypatch):
    """The stack on loopback, quiet, and the environment that the template gives to the function."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in here.environment("http").items():
        monkeypatch.setenv(name, value)
    here.watch(world.DEFAULTS)
    check_balances.lambda_handler(world.EVENT, launch.Context(60))
    here.upstreams.counted()
    return here


def figure(value, **more):
    return Figure("what", value, number, **more)


def test_the_floor_makes_every_call_that_a_quiet_run_is_allowed(stack):
    answers = floor.lambda_handler(world.EVENT, None)
    assert set(answers) == set(world.DEFAULTS)
    assert stack.upstreams.counted() == {
        "GetSecretValue": 1,
        "GetItem": 2,
        "PutItem": 2,
        "deepseek": 1,
        "novita": 1,
    }


def test_a_quiet_run_asks_and_stores_as_often_as_the_floor_and_says_nothing(stack):
    answer = check_balances.lambda_handler(world.EVENT, launch.Context(60))
    calls = stack.upstreams.counted()
    assert answer["alerts"] == []
    assert calls.keys().isdisjoint(cold.SNS)
    assert {name: calls[name] for name in ("GetSecretValue", "PutItem", "deepseek", "novita")} == {
        "GetSecretValue": 1,
        "PutItem": 2,
        "deepseek": 1,
        "novita": 1,
    }
    assert sum(of_aws(calls).values()) <= 5


def test_asked_one_by_one_every_key_is_asked_once(stack):
    keys = stack.watch(scale.accounts(4))
    assert set(one_by_one.lambda_handler({"keys": keys}, None)) == set(keys)
    assert of_aws(calls := stack.upstreams.counted()) == {"PutSecretValue": 1}
    assert (calls["deepseek"], calls["novita"]) == (2, 2)


def test_what_dynamodb_refuses_is_refused_on_loopback_too(stack):
    client = boto3.client("dynamodb")
    with pytest.raises(ClientError) as refused:
        client.put_item(
            TableName=world.TABLE,
            Item={"account": {"S": "deepseek/default"}},
            ConditionExpression="attribute_not_exists(account)",
        )
    assert refused.value.response["Error"]["Code"] == "ConditionalCheckFailedException"


def test_an_account_remembers_what_its_provider_s_default_account_does(stack):
    stack.copy_states(["novita/c0001"])
    client = boto3.client("dynamodb")
    default, copy = (
        client.get_item(TableName=world.TABLE, Key={"account": {"S": name}})["Item"]
        for name in ("novita/default", "novita/c0001")
    )
    assert copy == {**default, "account": {"S": "novita/c0001"}}


def test_providers_speak_tls_for_who_trusts_the_authority(stack, tmp_path):
    url = stack.upstreams.addresses("https").providers + "/user/balance"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url, timeout=5)
    bundle = tmp_path / "authority.pem"
    bundle.write_bytes(stack.authority)
    assert requests.get(url, timeout=5, verify=str(bundle)).status_code == 401


def test_a_fault_is_what_providers_answer_until_it_is_over(stack):
    url = stack.upstreams.addresses("http").providers + "/user/balance"
    stack.upstreams.fault(503, b"a page")
    assert requests.get(url, timeout=5).text == "a page"
    stack.upstreams.no_fault()
    assert requests.get(url, timeout=5).status_code == 401


def test_an_account_spends_whenever_it_is_asked_about(stack):
    stack.upstreams.spend("1.50")
    answer = check_balances.lambda_handler(world.EVENT, launch.Context(60))
    stack.upstreams.spend("0")
    assert [one["balances"][0]["balance"] for one in answer["accounts"]] == ["498.50", "498.50"]


@pytest.mark.parametrize("count", [2, 200, 1000])
def test_accounts_are_of_both_providers_and_fit_into_a_secret(count):
    names = scale.accounts(count)
    assert len(set(names)) == count
    assert sum(name.startswith("deepseek/") for name in names) == count / 2
    assert len(world.secret_of(world.keys_of(names))) <= LARGEST_SECRET


def test_a_handler_is_called_once_for_each_event_and_its_last_answer_is_told(tmp_path):
    (tmp_path / "app.py").write_text(
        "def lambda_handler(event, context):\n"
        "    return [event, 0 < context.get_remaining_time_in_millis() <= 9000]\n"
    )
    events = tmp_path / "events.json"
    events.write_text("[1, 2]")
    command = [sys.executable, launch.__file__, "app", str(events), "9", ""]
    last = world.said(world.finished(command, tmp_path, {"PYTHONPATH": str(tmp_path)}))
    assert last["answer"] == [2, True]
    assert last["called"] <= last["answered"]
    assert last["peak"] > 1_000_000


def test_a_command_that_fails_says_why(tmp_path):
    with pytest.raises(LocalError, match="no module for it"):
        world.finished([sys.executable, "-c", "raise SystemExit('no module for it')"], tmp_path, {})


def test_the_runtime_api_hands_out_the_event_and_measures(tmp_path):
    (tmp_path / "app.py").write_text("def lambda_handler(event, context):\n    return event['a']\n")
    command = [sys.executable, "-m", "awslambdaric", "app.lambda_handler"]
    started = cold_start(command, tmp_path, {"LAMBDA_TASK_ROOT": str(tmp_path)}, {"a": 1})
    assert started.init > 0
    assert started.billed > started.init
    assert started.peak > 1_000_000


def test_a_function_that_fails_in_the_runtime_is_not_measured(tmp_path):
    (tmp_path / "app.py").write_text("def lambda_handler(event, context):\n    raise ValueError\n")
    command = [sys.executable, "-m", "awslambdaric", "app.lambda_handler"]
    with pytest.raises(LocalError, match="error"):
        cold_start(command, tmp_path, {"LAMBDA_TASK_ROOT": str(tmp_path)}, {})


def test_of_the_emulator_s_lines_the_true_ones_are_read():
    assert runtime.read(EMULATED) == (0.166844, 0.327)


def test_a_run_that_failed_in_the_emulator_is_not_measured():
    with pytest.raises(LocalError):
        runtime.read([line.replace("success", "error") for line in EMULATED])


def a_package(folder, *, byte_code):
    (folder / "certifi").mkdir(parents=True)
    (folder / "certifi" / "cacert.pem").write_text("the real authorities")
    (folder / "app.py").write_text("x = 1\n")
    if byte_code:
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "app.cpython-313.pyc").write_bytes(b"as it was built")
    return folder


def test_a_package_without_byte_code_gets_it_where_it_is_wanted(tmp_path):
    built = a_package(tmp_path / "built", byte_code=False)
    copy = package.to_measure(built, tmp_path / "copy", b"one more", byte_code=True)
    compiled = {path.name.partition(".")[0] for path in copy.rglob("*.pyc")}
    assert compiled == {"app", "floor", "launch", "one_by_one"}


def test_byte_code_that_was_built_stays_as_it_is(tmp_path):
    built = a_package(tmp_path / "built", byte_code=True)
    copy = package.to_measure(built, tmp_path / "copy", b"one more", byte_code=True)
    assert (copy / "__pycache__" / "app.cpython-313.pyc").read_bytes() == b"as it was built"
    assert {path.name.partition(".")[0] for path in copy.rglob("*.pyc")} >= {"app", "floor"}


def test_a_copy_without_byte_code_has_none_and_the_same_authorities(tmp_path):
    built = a_package(tmp_path / "built", byte_code=True)
    copy = package.to_measure(built, tmp_path / "copy", b"one more", byte_code=False)
    assert not package.has_byte_code(copy)
    assert (copy / "certifi" / "cacert.pem").read_text() == "the real authorities\none more"
    assert (built / "certifi" / "cacert.pem").read_text() == "the real authorities"


def test_the_size_of_a_package_is_that_of_its_files(tmp_path):
    built = a_package(tmp_path / "built", byte_code=False)
    assert package.size(built) == len("the real authorities") + len("x = 1\n")
    assert package.zipped([built, built])[0] > 0


def test_both_sides_are_measured_as_often_first_and_the_first_try_is_for_warmth():
    turns = []
    pairs = in_turns(lambda: turns.append("a") or 1.0, lambda: turns.append("b") or 2.0, 4)
    assert pairs == ((1.0,) * 4, (2.0,) * 4)
    assert "".join(turns) == "ab" + "baabbaab"


def test_a_ratio_is_the_median_of_those_of_the_pairs_whatever_the_load_was_meanwhile():
    pairs = Pairs((1.1, 1.2, 11.0, 13.0, 15.0), (1.0, 1.0, 10.0, 10.0, 1.0))
    row = of_pairs("cold", pairs, milliseconds, "bare")
    assert row.ratio == pytest.approx(1.2)
    assert cells(row)[4] == "x1.20 (1.10-1.30)"


def test_a_row_tells_both_sides_the_ratio_and_whether_the_goal_is_met():
    pairs = Pairs((0.6, 0.6, 0.6), (0.5, 0.5, 0.5))
    row = of_pairs("cold", pairs, milliseconds, "bare", ratio_at_most(1.25))
    assert cells(row) == (
        "  cold",
        "600 ms",
        "500 ms",
        "bare",
        "x1.20 (1.20-1.20)",
        "<= x1.25",
        "[green]yes[/]",
    )


def test_a_row_without_a_peer_has_no_ratio():
    assert cells(figure(1.02)) == ("  what", "1.02", "", "", "", "", "")


@pytest.mark.parametrize(
    ("row", "met"),
    [
        (figure(3, goal=at_most(2, number)), "[red]no[/]"),
        (figure(2, goal=at_most(2, number)), "[green]yes[/]"),
        (figure(0.99, goal=at_least(1.0, percent)), "[red]no[/]"),
        (figure(1.26, peer=1, goal=ratio_at_most(1.25)), "[red]no[/]"),
        (figure(2.5, peer=2, goal=ratio_at_most(1.25)), "[green]yes[/]"),
    ],
)
def test_a_goal_is_met_or_not(row, met):
    assert cells(row)[-1] == met
