"""A peer from PyPI: dsbc, which asks DeepSeek for the balance of one key and prints it."""

import time
from collections.abc import Iterator
from functools import partial
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from benchmarks.speed.figures import Figure, in_turns, milliseconds, of_pairs
from benchmarks.speed.world import GUARD, NOTHING_ELSE, World, finished, said
from local.tools import ENVIRONMENTS, tool

PAIRS = 11
ACCOUNT = "deepseek/default"
BUNDLE = "certifi/cacert.pem"
LAUNCH = Path(__file__).with_name("launch_dsbc.py")

# What DeepSeek could answer on a bad day; none of it is a balance of zero.
FAULTS = {
    "503 with a page": (503, b"<html>upstream is having a bad day</html>"),
    "200 with a page": (200, b"<html>upstream is having a bad day</html>"),
    "a row without its figures": (
        200,
        b'{"is_available": true, "balance_infos": [{"currency": "USD"}]}',
    ),
    "no rows": (200, b'{"is_available": true, "balance_infos": []}'),
    "a figure that is none": (
        200,
        b'{"is_available": true, "balance_infos": [{"currency": "USD", "total_balance": "NaN"}]}',
    ),
}


class Said(NamedTuple):
    """What both made of a fault."""

    fault: str
    ours: str
    theirs: str


def version() -> str:
    """The peer's release."""
    [folder] = (ENVIRONMENTS / "peer").glob("lib/python*/site-packages")
    [found] = distributions(name="dsbc", path=[str(folder)])
    return f"dsbc {found.version}, without AWS"


def figures(world: World, package: Path) -> Iterator[Figure]:
    """From the start of the process to the answer, for one account."""
    keys = world.watch([ACCOUNT])
    pairs = in_turns(
        lambda: world.run(package, GUARD).seconds,
        partial(_seconds, world, package, keys[ACCOUNT]),
        PAIRS,
    )
    yield of_pairs("over TLS", pairs, milliseconds, version())


def on_faults(world: World, package: Path) -> Iterator[Said]:
    """What both say where there is no balance to be read."""
    keys = world.watch([ACCOUNT])
    for fault, (status, body) in FAULTS.items():
        world.upstreams.fault(status, body)
        [account] = world.run(package, GUARD).answer["accounts"]
        lines = _run(world, package, keys[ACCOUNT]).splitlines()[:-1]
        theirs = next((line for line in lines if "Total Balance" in line), "no balance")
        yield Said(fault, f"{account['status']}: {account.get('error', '')}", " ".join(theirs.split()))
    world.upstreams.no_fault()


def table(found: Iterator[Said]) -> Table:
    """The faults as they are printed."""
    made = Table(title="DeepSeek has no balance to give", title_justify="left")
    for name in ("its answer", "the guard says", "dsbc says"):
        made.add_column(name)
    for one in found:
        made.add_row(*one)
    return made


def _seconds(world: World, package: Path, key: str) -> float:
    began = time.monotonic()
    answered: float = said(_run(world, package, key))["answered"]
    return answered - began


def _run(world: World, package: Path, key: str) -> str:
    origin = world.upstreams.addresses("https").providers
    command = [tool("peer", "python"), "-P", str(LAUNCH), origin]
    env = {
        **NOTHING_ELSE,
        "REQUESTS_CA_BUNDLE": str(package / BUNDLE),
        "DEEPSEEK_API_TOKEN": key,
    }
    return finished(command, world.folder, env)
