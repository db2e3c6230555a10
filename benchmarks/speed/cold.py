"""Cold starts: from the start of a process to the answer of a quiet run, beside the floor."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.speed.figures import (
    Figure,
    Pairs,
    at_most,
    in_turns,
    milliseconds,
    number,
    of_pairs,
    ratio_at_most,
)
from benchmarks.speed.upstreams import of_aws
from benchmarks.speed.world import DEFAULTS, FLOOR, GUARD, World
from local.tools import LocalError

PAIRS = 21
MOST = 1.25
BARE = "boto3 and requests"
SNS = {"Publish", "ListSubscriptionsByTopic"}
SCHEMES = {"https": "over TLS", "http": "without TLS"}


def figures(world: World, package: Path, usual: Path) -> Iterator[Figure]:
    """A quiet run of two accounts: its time and its calls. `usual` is a package that pip alone made."""
    world.watch(DEFAULTS)
    goal = ratio_at_most(MOST)
    for scheme, words in SCHEMES.items():
        pairs = _pairs(world, package, package, scheme)
        yield of_pairs(words, pairs, milliseconds, BARE, goal)
    pairs = _pairs(world, package, usual, "https")
    yield of_pairs("over TLS", pairs, milliseconds, "the same, plain install")
    yield from _calls(world, package)


def _pairs(world: World, ours: Path, theirs: Path, scheme: str) -> Pairs:
    return in_turns(
        lambda: world.run(ours, GUARD, scheme=scheme).seconds,
        lambda: world.run(theirs, FLOOR, scheme=scheme).seconds,
        PAIRS,
    )


def _calls(world: World, package: Path) -> Iterator[Figure]:
    floor, ours = (_counted(world, package, module) for module in (FLOOR, GUARD))
    allowed = at_most(1 + 2 * len(DEFAULTS), number)
    yield Figure("calls to AWS", sum(ours.values()), number, BARE, sum(floor.values()), goal=allowed)
    said = sum(calls for name, calls in ours.items() if name in SNS)
    yield Figure("calls to SNS", said, number, goal=at_most(0, number))


def _counted(world: World, package: Path, module: str) -> dict[str, int]:
    """The calls of one run to AWS, by operation; raises `LocalError` if the run wasn't quiet."""
    world.upstreams.counted()
    answer = world.run(package, module).answer
    if answer.get("alerts"):
        raise LocalError("The run that should be quiet had something to say.")
    return of_aws(world.upstreams.counted())
