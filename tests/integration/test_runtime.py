"""The handlers in AWS's own runtime client, over what `sam build` makes and nothing else."""

import json
import os
import subprocess
import time
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from local.tools import (
    ENVIRONMENTS,
    ROOT,
    clean_environment,
    free_port,
    invocations,
    runtime_emulator,
    tool,
)
from tests import stack
from tests.world import DEEPSEEK_KEY, NOVITA_KEY

FUNCTIONS = stack.resources("AWS::Lambda::Function")
EVENT = json.loads((ROOT / "events" / "scheduled.json").read_text())
# AWS's runtime client, and what it imports.
CLIENT = ("awslambdaric", "runtime_client*.so", "simplejson", "snapshot_restore_py.py")


@pytest.fixture
def endpoint(monkeypatch):
    """The address of a moto server."""
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def resources(endpoint):
    """The stack's resources, as the variables that name them."""

    def client(name):
        return boto3.client(name, endpoint_url=endpoint, region_name="eu-central-1")

    table = stack.resources("AWS::DynamoDB::Table")["State"]
    client("dynamodb").create_table(
        TableName="state",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
    )
    keys = json.dumps({"deepseek": DEEPSEEK_KEY, "novita": NOVITA_KEY})
    sns = client("sns")
    alerts = sns.create_topic(Name="alerts")["TopicArn"]
    sns.subscribe(TopicArn=alerts, Protocol="email", Endpoint="owner@example.com")
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "API_KEYS_SECRET": client("secretsmanager").create_secret(Name="keys", SecretString=keys)[
            "ARN"
        ],
        "STATE_TABLE": "state",
        "ALERTS_TOPIC": alerts,
        "OPS_TOPIC": sns.create_topic(Name="operations")["TopicArn"],
    }


@pytest.fixture
def runtime_client(tmp_path):
    """A folder with AWS's runtime client alone: what a package lacks must not be found elsewhere."""
    for pattern in CLIENT:
        [found] = (ENVIRONMENTS / "dev").glob(f"lib/python*/site-packages/{pattern}")
        (tmp_path / found.name).symlink_to(found)
    return tmp_path


@pytest.fixture
def guard(build, resources, runtime_client, sandbox):
    """Both built functions; `starting` is one of them in a new process."""

    def environment(name, **more):
        folder = build / name
        return clean_environment(
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="eu-central-1",
            AWS_REGION="eu-central-1",
            AWS_LAMBDA_FUNCTION_NAME=name,
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE=str(FUNCTIONS[name]["MemorySize"]),
            AWS_LAMBDA_FUNCTION_TIMEOUT="60",
            AWS_LAMBDA_FUNCTION_VERSION="$LATEST",
            LAMBDA_TASK_ROOT=str(folder),
            PYTHONPATH=os.pathsep.join((str(folder), str(runtime_client))),
            PYTHONDONTWRITEBYTECODE="1",
            DEEPSEEK_URL=sandbox.url,
            NOVITA_URL=sandbox.url,
            **resources | more,
        )

    sandbox.fund(DEEPSEEK_KEY, USD="100")
    sandbox.lend(NOVITA_KEY, "100")
    return SimpleNamespace(
        starting=lambda name, **more: runtime(
            build / name, environment(name, **more), FUNCTIONS[name]["Handler"]
        ),
        sandbox=sandbox,
    )


@contextmanager
def runtime(folder, env, handler):
    """AWS's runtime interface emulator around awslambdaric; yields what invokes the function."""
    port, api = free_port(), free_port()
    command = runtime_emulator(port, api, "error")
    # -S: nothing of the environment's own packages.
    command += [tool("dev", "python"), "-S", "-m", "awslambdaric", handler]
    process = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True)
    url = invocations(port)
    try:
        yield lambda event: invoke(url, event)
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)


def invoke(url, event):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            return requests.post(url, json=event, timeout=60).json()
    raise AssertionError("the runtime did not start")


def test_a_quiet_run_answers_in_the_real_runtime(guard):
    with guard.starting("CheckBalances") as invoke:
        answer = invoke(EVENT)
    assert answer["observed_at"] == EVENT["time"]
    assert {a["provider"]: a["severity"] for a in answer["accounts"]} == {
        "deepseek": "ok",
        "novita": "ok",
    }
    assert answer["alerts"] == []


def test_what_is_low_is_said_once_in_the_real_runtime(guard):
    guard.sandbox.fund(DEEPSEEK_KEY, USD="4")
    with guard.starting("CheckBalances") as invoke:
        first, second = invoke(EVENT), invoke(EVENT)
    assert {a["provider"]: a["severity"] for a in first["accounts"]} == {
        "deepseek": "critical",
        "novita": "ok",
    }
    assert [alert["condition"] for alert in first["alerts"]] == ["low_balance"]
    assert second["alerts"] == []


def test_a_provider_that_refuses_is_data_in_the_real_runtime(guard):
    guard.sandbox.failing["deepseek"] = 402
    with guard.starting("CheckBalances") as invoke:
        answer = invoke(EVENT)
    assert {a["provider"]: a.get("error") for a in answer["accounts"]} == {
        "deepseek": "billing",
        "novita": None,
    }
    assert [alert["condition"] for alert in answer["alerts"]] == ["check_failing"]


def test_a_test_notification_is_sent_in_the_real_runtime(guard):
    with guard.starting("CheckBalances") as invoke:
        answer = invoke(json.loads((ROOT / "events" / "test_alert.json").read_text()))
    assert [alert["kind"] for alert in answer["alerts"]] == ["test"]
    assert len(answer["warnings"]) == 1  # the topic of operations has no subscriber


def test_the_digest_is_sent_once_in_the_real_runtime(guard):
    with guard.starting("CheckBalances") as invoke:
        invoke(EVENT)
    with guard.starting("SendDigest") as invoke:
        first, second = invoke(EVENT), invoke(EVENT)
    assert [alert["kind"] for alert in first["alerts"]] == ["digest"]
    assert second["alerts"] == []


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_aws_refuses_is_told_by_its_name_in_the_real_runtime(guard, name):
    with guard.starting(name, STATE_TABLE="another") as invoke:
        answer = invoke(EVENT)
    assert answer["errorType"] == "GuardError"
    assert "ResourceNotFoundException" in answer["errorMessage"]
