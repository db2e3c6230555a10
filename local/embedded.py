"""An AWS on loopback that takes the real `sam deploy`, with IAM enforced."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import requests
import trustme
from botocore.config import Config

from local.tools import ROOT, LocalError, clean_environment, run, tool, wanted_port

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

REGION = "us-east-1"
ACCOUNT = "000000000000"
PASSWORD = "test"  # nosec B105 # noqa: S105 - what the emulator takes
QUEUE = "letter-box"
STACK = "budget-guard"
MAIL, PHONE = "owner@example.com", "+15005550006"
START_SECONDS = 60  # the first start compiles it, and several may start at once


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery: `protocol` is `email`, `sms` or `sqs`."""

    protocol: str
    subject: str
    text: str


@dataclass
class Embedded:
    """The running emulator with its process, and the stack once it is deployed."""

    port: int
    folder: Path
    process: int
    outputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Build the clients: with explicit credentials, so that no profile is asked."""
        self.url = f"https://127.0.0.1:{self.port}"
        self._session = boto3.Session(
            aws_access_key_id="test", aws_secret_access_key=PASSWORD, region_name=REGION
        )
        self.functions: LambdaClient = self.client("lambda")
        self.secrets: SecretsManagerClient = self.client("secretsmanager")
        self.topics: SNSClient = self.client("sns")
        self.queues: SQSClient = self.client("sqs")
        self.logs: CloudWatchLogsClient = self.client("logs")
        self.cloudwatch: CloudWatchClient = self.client("cloudwatch")
        self.formation = self.client("cloudformation")

    def client(self, name: str) -> Any:
        """A client for any service of the emulator's."""
        patience = Config(read_timeout=90, retries={"total_max_attempts": 1})
        return self._session.client(  # type: ignore[call-overload]
            name, endpoint_url=self.url, config=patience, verify=str(self.authority)
        )

    @property
    def environment(self) -> dict[str, str]:
        """What leads a command such as `sam` here, and nowhere else."""
        return clean_environment(
            AWS_ENDPOINT_URL=self.url,
            AWS_CA_BUNDLE=str(self.authority),
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY=PASSWORD,
            AWS_DEFAULT_REGION=REGION,
        )

    @property
    def authority(self) -> Path:
        """The certificate of whoever signed the emulator's own; only this folder trusts it."""
        return self.folder / "authority.pem"

    @property
    def certificate(self) -> tuple[Path, Path]:
        """The emulator's certificate and its key, for another server on this machine."""
        return self.folder / "certificate.pem", self.folder / "key.pem"

    @property
    def log(self) -> Path:
        """Where the output of every command goes."""
        return self.folder / "commands.log"

    def build(self) -> None:
        """`sam build` of the template as it stands; raises `LocalError`."""
        run([tool("sam", "sam"), "build"], clean_environment(), self.log)

    def deploy(
        self,
        parameters: Mapping[str, str] | None = None,
        built: Path = ROOT / ".aws-sam" / "build",
        heard: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """`sam deploy` of what was built; raises `LocalError`."""
        given = {"AlertEmail": MAIL, "AlertPhone": PHONE, **(parameters or {})}
        command = [tool("sam", "sam"), "deploy"]
        # Of samconfig.toml nothing is used: it may by now describe the owner's own deployment.
        command += ["--config-env", "embedded", "--stack-name", STACK, "--region", REGION]
        command += ["--template-file", str(built / "template.yaml")]
        command += ["--resolve-s3", "--capabilities", "CAPABILITY_IAM", "--no-progressbar"]
        command += ["--parameter-overrides"]
        command += [f'{name}="{value}"' for name, value in given.items()]
        run(command, self.environment, self.log, heard)
        [stack] = self.formation.describe_stacks(StackName=STACK)["Stacks"]
        self.outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}

    def open_letter_box(self) -> None:
        """Make the queue in which deliveries land, and subscribe it to the alerts topic too."""
        url = self.queues.create_queue(QueueName=QUEUE)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}"
        policy = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        self.queues.set_queue_attributes(
            QueueUrl=url,
            Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [policy]})},
        )
        self.topics.subscribe(TopicArn=self.outputs["AlertsTopic"], Protocol="sqs", Endpoint=arn)

    def letters(self, seconds: int = 0) -> Iterator[Letter]:
        """What was delivered since the last call, waiting for the first of it at most so long."""
        url = self.queues.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        while messages := self.queues.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=seconds
        ).get("Messages"):
            seconds = 0
            for message in messages:
                self.queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                yield _letter(json.loads(message["Body"]))

    def keys(self, entries: Mapping[str, Any]) -> None:
        """Put the API keys into the secret."""
        self.secrets.put_secret_value(
            SecretId=self.outputs["ApiKeys"], SecretString=json.dumps(entries)
        )

    def point_to(self, origins: Mapping[str, str]) -> None:
        """Let the deployed function ask other origins, by variable; the template knows of none."""
        self.functions.update_function_configuration(
            FunctionName=self.outputs["CheckBalances"],
            Environment={"Variables": {**self.variables("CheckBalances"), **origins}},
        )

    def variables(self, function: str) -> dict[str, str]:
        """The environment of a deployed function."""
        found = self.functions.get_function_configuration(FunctionName=self.outputs[function])
        return dict(found["Environment"]["Variables"])

    def invoke(self, event: Mapping[str, Any], function: str = "CheckBalances") -> dict[str, Any]:
        """Invoke a deployed function and return its answer; raises `LocalError` if it raised."""
        answer = self.functions.invoke(
            FunctionName=self.outputs[function], Payload=json.dumps(event).encode()
        )
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise LocalError(f"The function failed: {payload.get('errorMessage', payload)}")
        return payload

    def logged(self) -> Iterator[dict[str, Any]]:
        """Every JSON line of the function's log."""
        pages = self.logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=self.outputs["Log"]):
            for event in page["events"]:
                with suppress(json.JSONDecodeError):
                    line = json.loads(event["message"])
                    if isinstance(line, dict):
                        yield line

    def collect_metrics(self) -> None:
        """Put the log's EMF lines as metrics, as CloudWatch Logs does by itself on AWS."""
        data = [datum for line in self.logged() if "_aws" in line for datum in _data(line)]
        for start in range(0, len(data), 500):
            self.cloudwatch.put_metric_data(
                Namespace="BudgetGuard", MetricData=data[start : start + 500]
            )

    def metrics(self) -> Iterator[tuple[str, str, list[float]]]:
        """Each metric that CloudWatch holds: name, dimensions, and the worst of each hour."""
        end = datetime.now(UTC)
        pages = self.cloudwatch.get_paginator("list_metrics").paginate(Namespace="BudgetGuard")
        held = sorted(
            (m for page in pages for m in page["Metrics"]),
            key=lambda m: (m["MetricName"], [d["Value"] for d in m["Dimensions"]]),
        )
        for metric in held:
            points = self.cloudwatch.get_metric_statistics(
                Namespace="BudgetGuard",
                MetricName=metric["MetricName"],
                Dimensions=metric["Dimensions"],
                StartTime=end - timedelta(days=15),
                EndTime=end,
                Period=3600,
                Statistics=["Minimum", "Maximum"],
            )["Datapoints"]
            points.sort(key=lambda p: p["Timestamp"])
            # A failure must not hide behind the checks of the same hour that went well.
            lowest = metric["MetricName"] == "CheckSucceeded"
            values = [p["Minimum"] if lowest else p["Maximum"] for p in points]
            names = " ".join(d["Value"] for d in metric["Dimensions"]) or "(none)"
            yield metric["MetricName"], names, values


@contextmanager
def embedded() -> Iterator[Embedded]:
    """Run ministack on loopback until the block ends; raises `LocalError` if it doesn't start."""
    port = wanted_port()
    with tempfile.TemporaryDirectory(prefix="budget-guard-") as name:
        folder = Path(name)
        certificate, key = _certificate(folder)
        env = clean_environment(
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            MINISTACK_HOST="127.0.0.1",
            IOT_MTLS_ENABLED="0",
            AUTH="true",
            LAMBDA_ASYNC_RETRY_BASE_SECONDS="1",
            # The topics refuse what isn't encrypted on its way.
            USE_SSL="1",
            MINISTACK_SSL_CERT=str(certificate),
            MINISTACK_SSL_KEY=str(key),
            LETTER_BOX=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{QUEUE}",
            TMPDIR=name,
            HOME=name,
        )
        command = [tool("ministack", "python"), str(ROOT / "local" / "emulator.py")]
        with (folder / "emulator.log").open("w") as log:
            process = subprocess.Popen(  # nosec B603 # our own command
                command,
                cwd=folder,
                env=env,
                stdout=log,
                stderr=log,
                start_new_session=True,  # with its workers it is one group, and ends as one
            )
            try:
                _await(process, port, folder)
                yield Embedded(port, folder, process.pid)
            finally:
                _end(process)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for loopback and its key; the chain holds the authority too."""
    authority = trustme.CA()
    # A container calls this machine by the last name.
    issued = authority.issue_cert("127.0.0.1", "localhost", "host.docker.internal")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    for pem in (*issued.cert_chain_pems, authority.cert_pem):
        pem.write_to_path(certificate, append=True)
    issued.private_key_pem.write_to_path(key)
    return certificate, key


def _await(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(requests.RequestException):
            url = f"https://127.0.0.1:{port}/_ministack/health"
            if requests.get(url, timeout=1, verify=str(folder / "authority.pem")).ok:
                return
        time.sleep(0.05)
    last = (folder / "emulator.log").read_text().strip().splitlines()[-1:]
    raise LocalError(f"The embedded AWS did not start on port {port}: {' '.join(last) or 'no word'}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)


def _letter(body: dict[str, Any]) -> Letter:
    if "protocol" in body:
        return Letter(**body)
    return Letter("sqs", body.get("Subject") or "", body["Message"])


def _data(line: dict[str, Any]) -> Iterator["MetricDatumTypeDef"]:
    when = datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000).astimezone()
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            for metric in directive["Metrics"]:
                yield {
                    "MetricName": metric["Name"],
                    "Dimensions": [{"Name": name, "Value": line[name]} for name in names],
                    "Timestamp": when,
                    "Value": line[metric["Name"]],
                }
