"""A stack on loopback and accounts that were watched for two weeks: where all is measured."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import trustme
from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

from benchmarks.speed.upstreams import Upstreams, started
from benchmarks.speed.web import HOST
from local.tools import ROOT, LocalError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

TEMPLATE = yaml_parse((ROOT / "template.yaml").read_text())
SECONDS = TEMPLATE["Globals"]["Function"]["Timeout"]
EVENT = json.loads((ROOT / "events" / "scheduled.json").read_text())
GUARD, FLOOR, ONE_BY_ONE = "handlers.check_balances", "floor", "one_by_one"
TABLE = "state"
SEASON = [timedelta(hours=hours) for hours in range(14 * 24, 0, -3)]  # before what is measured
DEFAULTS = ("deepseek/default", "novita/default")

NOBODY, REGION = "testing", "eu-central-1"
NOTHING_ELSE = {
    "PATH": os.defpath,
    "PYTHONDONTWRITEBYTECODE": "1",
    "AWS_ACCESS_KEY_ID": NOBODY,
    "AWS_SECRET_ACCESS_KEY": NOBODY,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
PYTHON = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


class Run(NamedTuple):
    """One process: seconds until its answer, of the last call, and of the CPU; its peak memory."""

    seconds: float
    called: float
    cpu: float
    peak: int
    answer: dict[str, Any]


@dataclass(frozen=True)
class World:
    """The running upstreams, and clients to arrange them."""

    upstreams: Upstreams
    authority: bytes
    folder: Path
    dynamodb: "DynamoDBClient"
    vault: "SecretsManagerClient"
    secret: str
    topic: str
    cores: tuple[int, ...]

    def watch(self, names: Sequence[str]) -> dict[str, str]:
        """Make these the accounts of the secret, each with money."""
        keys = keys_of(names)
        self.vault.put_secret_value(SecretId=self.secret, SecretString=secret_of(keys))
        self.upstreams.fund(keys, "500")
        return keys

    def season(self, package: Path) -> None:
        """Let the two default accounts be watched for a fortnight; what they spend worries nobody."""
        self.watch(DEFAULTS)
        self.upstreams.spend("0.15")
        end = datetime.fromisoformat(EVENT["time"])
        events = [{**EVENT, "time": (end - before).isoformat()} for before in SEASON]
        self.run(package, GUARD, scheme="http", events=events)
        self.upstreams.spend("0")

    def copy_states(self, names: Sequence[str]) -> None:
        """Let the accounts remember what their provider's default account does."""
        items = {name.partition("/")[0]: self._item(name) for name in DEFAULTS}
        for name in names:
            item = {**items[name.partition("/")[0]], "account": {"S": name}}
            self.dynamodb.put_item(TableName=TABLE, Item=item)

    def run(
        self,
        package: Path,
        module: str,
        *,
        scheme: str = "https",
        events: Sequence[Mapping[str, Any]] = (EVENT,),
        pinned: bool = False,
    ) -> Run:
        """Call a handler of a package in a process of its own."""
        file = self.folder / "events.json"
        file.write_text(json.dumps(events))
        cores = str(self.cores[0]) if pinned else ""
        command = [str(PYTHON), "launch.py", module, str(file), str(SECONDS), cores]
        began = time.monotonic()
        last = said(finished(command, package, self.environment(scheme)))
        return Run(
            last["answered"] - began,
            last["answered"] - last["called"],
            last["cpu"],
            last["peak"],
            last["answer"],
        )

    def environment(self, scheme: str) -> dict[str, str]:
        """What the template gives to the function, and where to ask; nothing of this machine's."""
        addresses = self.upstreams.addresses(scheme)
        return {
            **NOTHING_ELSE,
            "HOME": str(self.folder),
            "AWS_ENDPOINT_URL": addresses.aws,
            "API_KEYS_SECRET": self.secret,
            "STATE_TABLE": TABLE,
            "ALERTS_TOPIC": self.topic,
            "DEEPSEEK_URL": addresses.providers,
            "NOVITA_URL": addresses.providers,
        }

    def _item(self, name: str) -> Any:
        return self.dynamodb.get_item(TableName=TABLE, Key={"account": {"S": name}})["Item"]


def keys_of(names: Sequence[str], first: int = 0) -> dict[str, str]:
    """A key for each account, as long as real ones are; no two have one if `first` differs."""
    return {name: f"sk-{number:032x}" for number, name in enumerate(names, first)}


def secret_of(keys: Mapping[str, str]) -> str:
    """The secret's text; a thousand accounts stay within its 64 KiB without a blank."""
    return json.dumps(keys, separators=(",", ":"))


@contextmanager
def standing(folder: Path) -> Iterator[World]:
    """A world until the block ends."""
    authority = trustme.CA()
    certificate = folder / "server.pem"
    authority.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(certificate)
    cores = tuple(sorted(os.sched_getaffinity(0)))
    with started({cores[-1]}) as manager:
        upstreams = manager.Upstreams(str(certificate))
        pem = authority.cert_pem.bytes()
        yield _arranged(upstreams, pem, folder, cores)


def _arranged(upstreams: Upstreams, authority: bytes, folder: Path, cores: tuple[int, ...]) -> World:
    session = boto3.Session(aws_access_key_id=NOBODY, aws_secret_access_key=NOBODY, region_name=REGION)
    url = upstreams.addresses("http").aws
    dynamodb = session.client("dynamodb", endpoint_url=url)
    secrets = session.client("secretsmanager", endpoint_url=url)
    table = TEMPLATE["Resources"]["State"]["Properties"]
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode=table["BillingMode"],
        KeySchema=table["KeySchema"],
        AttributeDefinitions=table["AttributeDefinitions"],
    )
    secret = secrets.create_secret(Name="api-keys")["ARN"]
    topic = session.client("sns", endpoint_url=url).create_topic(Name="alerts")["TopicArn"]
    return World(upstreams, authority, folder, dynamodb, secrets, secret, topic, cores)


def finished(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> str:
    """Run a command to its end; what it printed. Raises `LocalError`."""
    done = subprocess.run(  # noqa: S603 # nosec B603 # our own commands
        command, cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise LocalError(f"'{command[1]}' failed:\n{done.stderr[-2000:]}")
    return done.stdout


def said(printed: str) -> dict[str, Any]:
    """The JSON of the last line."""
    members: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return members
