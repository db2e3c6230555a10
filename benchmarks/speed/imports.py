"""What each import of a cold start costs: in the order in which they come, and by whom they are from.

`python -m benchmarks.speed.imports` builds the package and measures it, with byte code, in fresh
processes.
"""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.speed.package import built
from benchmarks.speed.world import GUARD, NOTHING_ELSE, PYTHON

ROUNDS = 25
# What a cold start imports, one after the other: each row costs what it adds to those before it.
STEPS = {
    "boto3": "import boto3",
    "requests": "import requests",
    "Powertools, Logger": "from aws_lambda_powertools import Logger",
    "Powertools, metrics": (
        "from aws_lambda_powertools.metrics.provider.cloudwatch_emf import cloudwatch"
    ),
    "the guard's own modules": f"import {GUARD}",
}
# What a run imports after that: the providers that the secret names.
PROVIDERS = {
    "two providers, as the secret names them": "import providers.deepseek, providers.novita",
    "all providers": "from providers import PROVIDERS; [*PROVIDERS.values()]",
}
# Other ways, and what they stand against.
INSTEAD = {
    "no garbage collection meanwhile": (f"import gc; gc.disable(); import {GUARD}", f"import {GUARD}"),
    "botocore instead of boto3": ("import botocore.session", "import boto3"),
    "urllib3 instead of requests": ("import boto3, urllib3", "import boto3, requests"),
}
TIMED = """import time
{}
began = time.process_time()
{}
print(time.process_time() - began)"""


class Step(NamedTuple):
    """Seconds of CPU, and how much of all that the guard imports."""

    what: str
    seconds: float
    share: float


def steps(package: Path, rounds: int = ROUNDS) -> list[Step]:
    """What each import adds to those before it, in the order of `STEPS`."""
    codes = ["\n".join(list(STEPS.values())[:count]) for count in range(len(STEPS) + 1)]
    return _shared(STEPS, difference(package, list(pairwise(codes)), rounds), package)


def of_providers(package: Path, rounds: int = ROUNDS) -> list[Step]:
    """What the providers add, few or all; in one process each, since it is little."""
    guard = STEPS["the guard's own modules"]
    found = [
        median(_seconds(package, code, guard) for _ in range(rounds)) for code in PROVIDERS.values()
    ]
    return _shared(PROVIDERS, found, package)


def gains(package: Path, rounds: int = ROUNDS) -> list[Step]:
    """What the other ways would save."""
    return _shared(INSTEAD, difference(package, list(INSTEAD.values()), rounds), package)


def _shared(names: Iterable[str], found: Sequence[float], package: Path) -> list[Step]:
    whole = median(_seconds(package, STEPS["the guard's own modules"]) for _ in range(5))
    return [Step(what, one, one / whole) for what, one in zip(names, found, strict=True)]


def difference(package: Path, pairs: Sequence[tuple[str, str]], rounds: int) -> list[float]:
    """By how much the second of each pair takes longer: the two in turns, each first as often."""
    found: list[list[float]] = [[] for _ in pairs]
    for number in range(rounds):
        for pair, into in zip(pairs, found, strict=True):
            turns = pair if number % 2 else pair[::-1]
            times = {code: _seconds(package, code) for code in turns}
            into.append(times[pair[1]] - times[pair[0]])
    return [median(one) for one in found]


def _seconds(package: Path, code: str, before: str = "") -> float:
    return float(run(package, ["-c", TIMED.format(before, code)]).stdout)


def by_package(package: Path, rounds: int = ROUNDS) -> dict[str, float]:
    """The seconds that each package's own modules take, by `-X importtime`; the longest first."""
    ours = {path.stem for path in package.iterdir() if (Path("src") / path.name).exists()}
    runs = [Counter(dict(_by_package(package, ours))) for _ in range(rounds)]
    names = {name for run in runs for name in run}
    found = {name: median(run[name] for run in runs) for name in names}
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def _by_package(package: Path, ours: set[str]) -> Iterator[tuple[str, float]]:
    known = {path.stem for path in package.iterdir()}
    total: Counter[str] = Counter()
    said = run(package, ["-X", "importtime", "-c", f"import {GUARD}"]).stderr
    for line in said.splitlines()[1:]:
        self_time, _, name = line.removeprefix("import time:").split("|")
        root = name.strip().partition(".")[0]
        owner = "the guard" if root in ours else root if root in known else "the standard library"
        total[owner] += int(self_time)
    yield from ((name, microseconds / 1e6) for name, microseconds in total.items())


def run(package: Path, arguments: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Python on a package, with nothing else to import from."""
    env = {**NOTHING_ELSE, "PYTHONPATH": str(package)}
    command = [str(PYTHON), "-S", *arguments]
    return subprocess.run(  # noqa: S603 # nosec B603 # our own commands
        command, env=env, capture_output=True, text=True, check=True
    )


def table(title: str, steps: Sequence[Step]) -> Table:
    """The steps as they are printed."""
    made = Table(title=title, title_justify="left")
    made.add_column("import")
    made.add_column("ms", justify="right")
    made.add_column("of all imports", justify="right")
    for one in steps:
        made.add_row(one.what, f"{one.seconds * 1000:.1f}", f"{one.share:.0%}")
    return made


def main() -> None:
    """Print three tables."""
    console = Console()
    with tempfile.TemporaryDirectory() as name:
        package = built(Path(name))
        console.print(table("What each import adds to those before it", steps(package)))
        console.print(table("What the providers add", of_providers(package)))
        console.print(table("What another way would save", gains(package)))
        found = by_package(package)
        whole = sum(found.values())
        rows = [Step(owner, one, one / whole) for owner, one in found.items()]
        console.print(table("Whose modules take it (-X importtime)", rows))


if __name__ == "__main__":
    main()
