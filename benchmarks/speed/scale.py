"""Many accounts in one run, on one core, with providers that take their time."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.speed.figures import Figure, at_least, at_most, megabytes, number, percent, seconds
from benchmarks.speed.upstreams import of_aws
from benchmarks.speed.world import DEFAULTS, EVENT, GUARD, ONE_BY_ONE, Run, World

SLOW = 0.3  # seconds until a provider answers
GOALS = {200: 8.0, 1000: 30.0}  # accounts, and seconds for them
MEMORY = 200e6
ONE_BY_ONE_OF = 20  # keys asked one after the other, to know what one takes
STUCK = 20.0  # seconds until a provider answers that is as good as down
OF_EACH = 200
DOWN = 1000
TICK = timedelta(minutes=15)


class Measured(NamedTuple):
    """A run, its calls to AWS, and the seconds of CPU that all it asked took meanwhile."""

    run: Run
    calls: int
    servers: float


def figures(world: World, package: Path) -> Iterator[Figure]:
    """Time, calls and memory by the number of accounts."""
    _delay(world, SLOW, SLOW)
    each = _one_by_one(world, package)
    runs = {count: _run(world, package, accounts(count)) for count in (len(DEFAULTS), *GOALS)}
    for count, limit in GOALS.items():
        run = runs[count].run
        yield Figure(
            f"{count:,} accounts",
            run.called,
            seconds,
            f"one by one, from {ONE_BY_ONE_OF}",
            each * count,
            goal=at_most(limit, seconds),
        )
        yield Figure("  CPU, with its start", run.cpu, seconds)
        yield Figure("  CPU of what it asks", runs[count].servers, seconds)
        yield Figure("  accounts checked", _checked(run), percent, goal=at_least(1.0, percent))
    for count, measured in runs.items():
        # The secret is read once, whatever the accounts.
        yield Figure(
            f"AWS calls each, of {count:,}",
            (measured.calls - 1) / count,
            number,
            "a read and a write",
            2,
            goal=at_most(2, number),
        )
    yield from _memory({count: one.run for count, one in runs.items()})


def of_slow_provider(world: World, package: Path) -> Iterator[Figure]:
    """One provider hangs and the other answers at once; the accounts of the former come first."""
    names = [f"{provider}/s{n:03}" for provider in ("deepseek", "novita") for n in range(OF_EACH)]
    _delay(world, STUCK, 0)
    run = _run(world, package, names).run
    _delay(world, 0, 0)
    checked = _checked(run, "novita")
    yield Figure("Novita AI checked", checked, percent, goal=at_least(1.0, percent))
    yield Figure("time of the run", run.called, seconds)


def of_outage(world: World, package: Path) -> Iterator[Figure]:
    """A provider goes down for all its accounts and comes back: what is told, in what time."""
    names = [f"deepseek/o{n:04}" for n in range(DOWN)]
    world.watch(names)
    world.copy_states(names)
    start = datetime.fromisoformat(EVENT["time"])
    ticks = [{**EVENT, "time": (start + n * TICK).isoformat()} for n in range(1, 5)]
    world.upstreams.fault(503, b"")
    world.run(package, GUARD, events=ticks[:2], pinned=True)
    for what, tick in (("it is down", ticks[2]), ("it is back", ticks[3])):
        world.upstreams.counted()
        run = world.run(package, GUARD, events=[tick], pinned=True)
        calls = of_aws(world.upstreams.counted())
        told = len(run.answer["alerts"]) / DOWN
        yield Figure(f"{what}: accounts told of", told, percent, goal=at_least(1.0, percent))
        yield Figure("  messages", calls.get("Publish", 0), number, goal=at_most(1, number))
        yield Figure("  time of the run", run.called, seconds)
        yield Figure("  AWS calls an account", sum(calls.values()) / DOWN, number)
        world.upstreams.no_fault()


def accounts(count: int) -> Sequence[str]:
    """So many names, half of each provider; two are the default ones."""
    if count == len(DEFAULTS):
        return DEFAULTS
    return [f"{('deepseek', 'novita')[n % 2]}/c{n:04}" for n in range(count)]


def _memory(runs: Mapping[int, Run]) -> Iterator[Figure]:
    """Each beside the one with the fewest accounts: flat is what doesn't grow from there."""
    fewest = min(runs)
    for count, run in runs.items():
        than, peer = ("", None) if count == fewest else (f"{fewest} accounts", runs[fewest].peak)
        what, goal = f"memory, {count:,} accounts", at_most(MEMORY, megabytes)
        yield Figure(what, run.peak, megabytes, than, peer, goal=goal)


def _run(world: World, package: Path, names: Sequence[str]) -> Measured:
    """A run on one core of accounts that are known."""
    world.watch(names)
    if names is not DEFAULTS:
        world.copy_states(names)
    world.upstreams.counted()
    before = world.upstreams.cpu()
    run = world.run(package, GUARD, pinned=True)
    servers = world.upstreams.cpu() - before
    return Measured(run, sum(of_aws(world.upstreams.counted()).values()), servers)


def _checked(run: Run, provider: str = "") -> float:
    of = [one for one in run.answer["accounts"] if one["provider"].startswith(provider)]
    ok = [one for one in of if one["status"] == "ok"]
    return len(ok) / len(of)


def _one_by_one(world: World, package: Path) -> float:
    keys = world.watch(accounts(ONE_BY_ONE_OF))
    run = world.run(package, ONE_BY_ONE, events=[{"keys": keys}], pinned=True)
    return run.called / ONE_BY_ONE_OF


def _delay(world: World, deepseek: float, novita: float) -> None:
    world.upstreams.delay("deepseek", deepseek)
    world.upstreams.delay("novita", novita)
