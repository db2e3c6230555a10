"""The guard in AWS's own runtime client, beside the floor in the same: init, what is billed, memory.

Twice: under AWS's runtime emulator, whose own lines are read, and under the Runtime API as served here.
Of the emulator's figures `INIT REPORT` and `Billed Duration` are true, the init phase included; its
`Init Duration` and `Max Memory Used` are made up.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import distribution
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import Request, urlopen

from benchmarks.speed.cold import BARE, MOST
from benchmarks.speed.figures import (
    Figure,
    Pairs,
    in_turns,
    megabytes,
    milliseconds,
    of_pairs,
    ratio_at_most,
)
from benchmarks.speed.runtime_api import cold_start
from benchmarks.speed.world import DEFAULTS, EVENT, FLOOR, GUARD, PYTHON, SECONDS, TEMPLATE, World
from local.tools import LocalError, free_port, invocations, runtime_emulator

MEMORY = TEMPLATE["Globals"]["Function"]["MemorySize"]  # MB
PAIRS = 15
CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
STARTING = 10.0  # seconds


class Reported(NamedTuple):
    """What the emulator says of one cold start, in seconds."""

    init: float
    billed: float


def figures(world: World, package: Path, bare: Path) -> Iterator[Figure]:
    """Of a package with byte code, and of the same without."""
    world.watch(DEFAULTS)
    client = runtime_client(world.folder)
    yield from _reported(world, client, package)
    yield from _served(world, client, package, bare)


def runtime_client(folder: Path) -> Path:
    """A folder with AWS's runtime client and what it needs, and nothing else of our environment."""
    client = folder / "client"
    if client.exists():
        return client
    client.mkdir()
    for name in CLIENT:
        there = distribution(name)
        tops = {path.parts[0] for path in there.files or () if path.parts[0] != ".."}
        for top in tops - {"__pycache__"}:
            (client / top).symlink_to(str(there.locate_file(top)))
    return client


def read(lines: Sequence[str]) -> Reported:
    """The true figures among the lines of the emulator."""
    text = "\n".join(lines)
    init = re.search(r"INIT REPORT\(durationMs: ([0-9.]+)", text)
    billed = re.search(r"Billed Duration: ([0-9.]+) ms", text)
    if not init or not billed or "status: success, produced" not in text:
        raise LocalError(f"The function failed in the emulator:\n{text[-2000:]}")
    return Reported(float(init[1]) / 1000, float(billed[1]) / 1000)


def _reported(world: World, client: Path, package: Path) -> Iterator[Figure]:
    ours: list[Reported] = []
    theirs: list[Reported] = []
    billed = in_turns(
        partial(_kept, ours, partial(_emulated, world, client, package, GUARD)),
        partial(_kept, theirs, partial(_emulated, world, client, package, FLOOR)),
        PAIRS,
    )
    # The first of each was for warmth.
    init = Pairs(*(tuple(one.init for one in side[1:]) for side in (ours, theirs)))
    yield of_pairs("init phase (INIT REPORT)", init, milliseconds, BARE)
    goal = ratio_at_most(MOST)
    yield of_pairs("billed (REPORT)", billed, milliseconds, BARE, goal)


def _kept(into: list[Reported], measure: Callable[[], Reported]) -> float:
    into.append(measure())
    return into[-1].billed


def _served(world: World, client: Path, package: Path, bare: Path) -> Iterator[Figure]:
    ours, theirs, without = (
        partial(cold_start, command(module), folder, environment(world, client, folder), EVENT)
        for module, folder in ((GUARD, package), (FLOOR, package), (GUARD, bare))
    )
    pairs = in_turns(lambda: ours().billed, lambda: theirs().billed, PAIRS)
    yield of_pairs("billed (Runtime API)", pairs, milliseconds, BARE, ratio_at_most(MOST))
    pairs = in_turns(lambda: ours().init, lambda: without().init, PAIRS)
    yield of_pairs("init phase, byte code", pairs, milliseconds, "without byte code")
    yield Figure("peak memory", ours().peak, megabytes, BARE, theirs().peak)


def command(module: str) -> list[str]:
    """AWS's runtime client with the handler of a module."""
    return [str(PYTHON), "-m", "awslambdaric", f"{module}.lambda_handler"]


def environment(world: World, client: Path, package: Path, size: int = MEMORY) -> dict[str, str]:
    """What Lambda gives to a function of a package, of so many megabytes."""
    return {
        **world.environment("https"),
        "PYTHONPATH": os.pathsep.join(map(str, (package, client))),
        "LAMBDA_TASK_ROOT": str(package),
        "AWS_LAMBDA_FUNCTION_NAME": "CheckBalances",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(size),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(SECONDS),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    }


def _emulated(world: World, client: Path, package: Path, module: str) -> Reported:
    port = free_port()
    process = subprocess.Popen(  # noqa: S603 # nosec B603 # our own commands
        [*runtime_emulator(port, free_port(), "info"), *command(module)],
        cwd=package,
        env=environment(world, client, package),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _invoke(invocations(port), EVENT)
        return read(list(_until_report(process.stdout or ())))
    finally:
        process.terminate()
        process.communicate()


def _invoke(url: str, event: Mapping[str, object]) -> None:
    end = time.monotonic() + STARTING
    request = Request(url, json.dumps(event).encode())  # noqa: S310 # loopback
    while True:
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 # nosec B310 # loopback
                answer.read()
                return
        except URLError:
            if time.monotonic() > end:
                raise LocalError("The runtime emulator did not start.") from None
            time.sleep(0.02)


def _until_report(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith("REPORT "):
            return
