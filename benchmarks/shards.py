"""`make scale`: many accounts in many secrets, through the deployed state machine, tick by tick.

Everything runs on this machine: the engine, the functions, the table, and the providers.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.speed.world import keys_of, secret_of
from local import show
from local.embedded import Embedded, Letter, embedded
from local.sandbox import Sandbox, serving
from local.tools import ROOT, LocalError
from tools import bill

SECRETS, EACH = 10, 1000
DELAY = 0.3  # seconds until a provider answers, as in the other measurements
QUARTER = timedelta(minutes=15)
LOW = 20  # one account in so many has little left from the beginning
PROVIDERS = ("deepseek", "novita")
DOWN = "novita"  # from the first tick on; the third failure in a row is told
BROKEN = "This is no JSON."
NOTICE = 0.5  # seconds between two looks at an execution
LONGEST = 1800.0  # seconds; twice what a tick may take
# How the secrets lie in stacks: a parameter holds the ARNs of about 35 further ones.
STACKS = {1_000: (1,), 10_000: (10,), 100_000: (34, 33, 33)}


@dataclass(frozen=True, slots=True)
class Tick:
    """What one execution of the state machine took and told."""

    seconds: float
    status: str
    runs: int
    failed_runs: int
    checked: int
    failed: int
    asked: int
    letters: tuple[Letter, ...]


@dataclass(slots=True)
class Stage:
    """The deployed stack with its secrets, the providers, and the state machine's own input."""

    aws: Embedded
    sandbox: Sandbox
    secrets: Sequence[str]
    accounts: Mapping[str, Mapping[str, str]]
    input: str
    peaks: dict[int, int] = field(default_factory=dict)

    def tick(self, when: datetime, broken: str | None = None) -> Tick:
        """One execution; the run of a `broken` secret fails once."""
        before = len(self.sandbox.asked)
        with self._failing_once(broken) if broken else ExitStack():
            began = time.monotonic()
            execution = self._executed(when)
            seconds = time.monotonic() - began
        answers = [json.loads(one["output"]) for one in _details(self._history(execution), "Succeeded")]
        failed = sum(1 for _ in _details(self._history(execution), "Failed"))
        return Tick(
            seconds=seconds,
            status=execution["status"],
            runs=len(answers) + failed,
            failed_runs=failed,
            checked=sum(one["checked"] for one in answers),
            failed=sum(one["failed"] for one in answers),
            asked=len(self.sandbox.asked) - before,
            letters=tuple(one for one in self.aws.letters(2) if one.protocol == "sqs"),
        )

    def digest(self) -> tuple[float, int]:
        """Seconds of a digest of all accounts, and the peak memory of its process in bytes."""
        checking = dict(self.peaks)
        began = time.monotonic()
        self.aws.invoke({"time": datetime.now(UTC).isoformat()}, "SendDigest")
        seconds = time.monotonic() - began
        self._note_memory()
        return seconds, max(peak for pid, peak in self.peaks.items() if pid not in checking)

    def _executed(self, when: datetime) -> Mapping[str, Any]:
        states = self.aws.client("stepfunctions")
        text = self.input.replace("<aws.scheduler.scheduled-time>", when.isoformat())
        arn = states.start_execution(stateMachineArn=self.aws.outputs[bill.MACHINE], input=text)[
            "executionArn"
        ]
        end = time.monotonic() + LONGEST
        while time.monotonic() < end:
            found: Mapping[str, Any] = states.describe_execution(executionArn=arn)
            self._note_memory()
            if found["status"] != "RUNNING":
                return found
            time.sleep(NOTICE)
        raise LocalError("An execution of the state machine did not end.")

    def _history(self, execution: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        pages = self.aws.client("stepfunctions").get_paginator("get_execution_history")
        for page in pages.paginate(executionArn=execution["executionArn"]):
            yield from page["events"]

    def _note_memory(self) -> None:
        """The peak of each process that runs a function, in bytes."""
        for status in Path("/proc").glob("[0-9]*/status"):
            with suppress(OSError, KeyError, ValueError):  # it has ended meanwhile
                said = dict(line.split(":", 1) for line in status.read_text().splitlines())
                if int(said["PPid"]) == self.aws.process:
                    peak = int(said["VmHWM"].split()[0]) * 1024
                    self.peaks[int(said["Pid"])] = max(peak, self.peaks.get(int(said["Pid"]), 0))

    @contextmanager
    def _failing_once(self, secret: str) -> Iterator[None]:
        """Let a secret be no JSON until a run has met it."""
        over = Event()

        def mend() -> None:
            while not over.is_set() and not self._one_has_failed():
                over.wait(NOTICE)
            self.put(secret)

        self.aws.secrets.put_secret_value(SecretId=secret, SecretString=BROKEN)
        watching = Thread(target=mend)
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _one_has_failed(self) -> bool:
        states = self.aws.client("stepfunctions")
        running = states.list_executions(
            stateMachineArn=self.aws.outputs[bill.MACHINE], statusFilter="RUNNING"
        )["executions"]
        return any(any(_details(self._history(one), "Failed")) for one in running)

    def put(self, secret: str) -> None:
        """Put the keys of its accounts into a secret."""
        self.aws.secrets.put_secret_value(
            SecretId=secret, SecretString=secret_of(dict(self.accounts[secret]))
        )


def _details(events: Iterator[Mapping[str, Any]], ended: str) -> Iterator[Mapping[str, Any]]:
    """The details of tasks that ended so."""
    kinds = (f"Task{ended}", f"LambdaFunction{ended}")
    for event in events:
        if event["type"] in kinds:
            yield next(value for name, value in event.items() if name.endswith("EventDetails"))


@contextmanager
def deployed(console: Console, secrets: int, each: int, built: Path | None = None) -> Iterator[Stage]:
    """A stack of so many secrets, each with so many accounts, until the block ends.

    It is built, unless it is `built` already.
    """
    with embedded() as aws, serving() as sandbox:
        shards = [aws.secrets.create_secret(Name=f"shard-{n}")["ARN"] for n in range(1, secrets)]
        with console.status("Building and deploying the stack"):
            if built is None:
                aws.build()
            parameters = {"Shards": ",".join(shards), "PerAccountMetrics": "0"}
            aws.deploy(parameters, built or ROOT / ".aws-sam" / "build")
        aws.open_letter_box()
        aws.point_to({f"{name.upper()}_URL": sandbox.url for name in PROVIDERS})
        arns = [aws.outputs["ApiKeys"], *shards]
        accounts = {
            arn: keys_of(
                [f"{PROVIDERS[n % 2]}/s{number:03}-{n:04}" for n in range(each)], number * each
            )
            for number, arn in enumerate(arns)
        }
        stage = Stage(aws, sandbox, arns, accounts, _input(aws))
        for arn in arns:
            stage.put(arn)
            _fund(sandbox, accounts[arn])
        yield stage


def _fund(sandbox: Sandbox, keys: Mapping[str, str]) -> None:
    for number, (name, key) in enumerate(keys.items()):
        left = "4" if number // 2 % LOW == 0 else "500"
        if name.startswith("deepseek"):
            sandbox.fund(key, USD=left)
        else:
            sandbox.lend(key, left)


def _input(aws: Embedded) -> str:
    """What the schedule gives to the state machine."""
    scheduler = aws.client("scheduler")
    for one in scheduler.list_schedules()["Schedules"]:
        found = scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"])
        if found["Target"]["Arn"] == aws.outputs[bill.MACHINE] and found["State"] == "ENABLED":
            return str(found["Target"]["Input"])
    raise LocalError("No schedule starts the state machine.")


def played(console: Console, stage: Stage) -> list[Tick]:
    """Three ticks: one provider is down from the first on, and in the second a shard fails once."""
    stage.sandbox.delay, stage.sandbox.failing[DOWN] = DELAY, 503
    start = datetime.now(UTC).replace(microsecond=0) - 3 * QUARTER
    ticks = []
    for number in range(3):
        with console.status(f"Tick {number + 1} of 3"):
            broken = stage.secrets[-1] if number == 1 else None
            ticks.append(stage.tick(start + number * QUARTER, broken))
    return ticks


def shown(ticks: Sequence[Tick]) -> Table:
    """A line for each tick."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("tick", "wall time", "runs", "failed", "checked", "unreadable", "asked", "told"):
        table.add_column(name, justify="right")
    for number, tick in enumerate(ticks, 1):
        table.add_row(
            str(number),
            f"{tick.seconds:.0f} s",
            str(tick.runs),
            str(tick.failed_runs),
            f"{tick.checked:,}",
            f"{tick.failed:,}",
            f"{tick.asked:,}",
            str(len(tick.letters)),
        )
    return table


def costs() -> Table:
    """What a month costs, by the code of the bill."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("accounts", "stacks", "secrets", "a month", "list price"):
        table.add_column(name, justify="right")
    for accounts, secrets in STACKS.items():
        month = bill.of_stacks(secrets, EACH)
        prices = [f"${bill.total(month, free=free):,.2f}" for free in (True, False)]
        table.add_row(f"{accounts:,}", str(len(secrets)), str(sum(secrets)), *prices)
    return table


def main() -> int:
    """Deploy, play and show; the exit code."""
    console = Console(highlight=False)
    return show.exit_code(console, lambda: _run(console))


def _run(console: Console) -> int:
    console.print(
        f"{SECRETS} secrets of {EACH:,} accounts, on {os.cpu_count()} cores that also play AWS and the "
        f"providers. A provider answers in {DELAY} s; {DOWN} is down from the first tick on, and in "
        "the second tick a shard's run fails once."
    )
    with deployed(console, SECRETS, EACH) as stage:
        ticks = played(console, stage)
        console.print(shown(ticks))
        console.print(f"Peak memory of a run: {max(stage.peaks.values()) / 1e6:.0f} MB.")
        calls = bill.measured(EACH, ticks=1, secrets=SECRETS).calls
        console.print(
            f"A quiet run makes {sum(calls.values()):,} calls to AWS, as the bill counts them."
        )
        seconds, peak = stage.digest()
        console.print(f"The digest of all: {seconds:.0f} s, {peak / 1e6:.0f} MB.\n")
        for tick in ticks:
            for letter in tick.letters:
                console.print(f"  {letter.subject}", soft_wrap=True, markup=False)
    console.print("\nWhat a month costs, by the code of make bill:")
    console.print(costs())
    return int(any(tick.status != "SUCCEEDED" for tick in ticks))


if __name__ == "__main__":
    sys.exit(main())
