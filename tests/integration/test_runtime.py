"""The handler in AWS's own runtime client, over what `sam build` makes."""

import json
import os
import platform
import subprocess
import time
from contextlib import contextmanager, suppress

import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from local.sandbox import serving
from local.tools import ENVIRONMENTS, ROOT, clean_environment, free_port, tool
from tests import stack
from tests.world import DEEPSEEK_KEY, NOVITA_KEY

EMULATORS = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}
HANDLER = stack.resources("AWS::Lambda::Function")["CheckBalances"]["Handler"]


@pytest.fixture
def endpoint(monkeypatch):
    """A moto server with the stack's resources."""
    for name, value in {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def runtime(folder, env):
    """AWS's runtime interface emulator around awslambdaric; yields the address for invocations."""
    port, api = free_port(), free_port()
    [emulator] = (ENVIRONMENTS / "sam").glob(
        f"lib/python*/site-packages/samcli/local/rapid/{EMULATORS[platform.machine()]}"
    )
    command = [str(emulator), "--log-level", "error"]
    command += ["--runtime-interface-emulator-address", f"127.0.0.1:{port}"]
    command += ["--runtime-api-address", f"127.0.0.1:{api}"]
    command += [tool("dev", "python"), "-m", "awslambdaric", HANDLER]
    process = subprocess.Popen(command, cwd=folder, env=env, start_new_session=True)
    try:
        yield f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
    finally:
        os.killpg(process.pid, 15)
        process.wait(10)


def invoke(url, event):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(requests.ConnectionError):
            return requests.post(url, json=event, timeout=60).json()
    raise AssertionError("the runtime did not start")


def test_the_built_function_answers_in_the_real_runtime(build, endpoint):
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
    secret = client("secretsmanager").create_secret(Name="api-keys", SecretString=keys)["ARN"]
    topic = client("sns").create_topic(Name="alerts")["TopicArn"]
    folder = build / "CheckBalances"
    with serving() as sandbox:
        sandbox.fund(DEEPSEEK_KEY, USD="4")
        sandbox.lend(NOVITA_KEY, "100")
        env = clean_environment(
            AWS_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="eu-central-1",
            AWS_REGION="eu-central-1",
            AWS_LAMBDA_FUNCTION_NAME="CheckBalances",
            AWS_LAMBDA_FUNCTION_MEMORY_SIZE="512",
            AWS_LAMBDA_FUNCTION_TIMEOUT="60",
            AWS_LAMBDA_FUNCTION_VERSION="$LATEST",
            LAMBDA_TASK_ROOT=str(folder),
            PYTHONPATH=str(folder),
            PYTHONDONTWRITEBYTECODE="1",
            API_KEYS_SECRET=secret,
            STATE_TABLE="state",
            ALERTS_TOPIC=topic,
            DEEPSEEK_URL=sandbox.url,
            NOVITA_URL=sandbox.url,
        )
        with runtime(folder, env) as url:
            event = json.loads((ROOT / "events" / "scheduled.json").read_text())
            first, second = invoke(url, event), invoke(url, event)
    assert first["observed_at"] == event["time"]
    assert {a["provider"]: a["severity"] for a in first["accounts"]} == {
        "deepseek": "critical",
        "novita": "ok",
    }
    assert [alert["condition"] for alert in first["alerts"]] == ["low_balance"]
    assert second["alerts"] == []
