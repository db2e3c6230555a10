"""`make bench`: how fast, how small and how wide the guard is, beside floors and peers; one table.

Everything is measured on loopback, side by side in one run: what counts are ratios. The package is what
`sam build` makes of the tree as it is.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.speed import checker, cold, imports, memory, package, runtime, scale, world
from benchmarks.speed.figures import Figure, megabytes, table
from local import show

TITLE = "The guard beside floors and peers"
IMPORTS = "What each import adds to those before it"
ROUNDS = 9
ROUNDS_OF_MEMORY = 3  # the smallest size takes long
NOTE = "Times are medians; of what was measured in turns, so are ratios, with their quartiles."
WIDTH = 122  # of the table, where the terminal is narrower or there is none


def main() -> int:
    """Measure and print; the exit code."""
    console = Console(width=max(Console().width, WIDTH))
    return show.exit_code(console, lambda: _bench(console))


def _bench(console: Console) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, console.status("Building") as status:
        _measure(Path(name), console, lambda what: status.update(f"Measuring: {what}"))
    return 0


def _measure(folder: Path, console: Console, doing: Callable[[str], None]) -> None:
    built, plain = package.built(folder), package.plain(folder)
    with world.standing(folder) as here:
        copy = package.to_measure
        compiled = copy(built, folder / "compiled", here.authority, byte_code=True)
        bare = copy(built, folder / "bare", here.authority, byte_code=False)
        usual = copy(plain, folder / "usual", here.authority, byte_code=True)
        doing("two weeks of two accounts")
        here.season(compiled)
        parts: dict[str, Iterable[Figure]] = {
            "Cold start, two accounts": cold.figures(here, compiled, usual),
            "In Lambda's runtime": runtime.figures(here, compiled, bare),
            "Package": sizes(built, plain),
            f"One core, {scale.SLOW:g} s an answer": scale.figures(here, compiled),
            f"DeepSeek takes {scale.STUCK:g} s": scale.of_slow_provider(here, compiled),
            f"DeepSeek goes down for {scale.DOWN:,} accounts": scale.of_outage(here, compiled),
            "Cold start, one account": checker.figures(here, compiled),
        }
        groups: dict[str, list[Figure]] = {}
        for heading, part in parts.items():
            doing(heading)
            groups[heading] = list(part)
        console.print(table(TITLE, NOTE, groups))
        doing("faults")
        console.print("", checker.table(checker.on_faults(here, compiled)), sep="\n")
        doing("imports")
        steps = [*imports.steps(compiled, ROUNDS), *imports.of_providers(compiled, ROUNDS)]
        console.print("", imports.table(IMPORTS, steps), sep="\n")
        doing("memory sizes")
        sizes_of_memory = memory.measured(here, compiled, ROUNDS_OF_MEMORY)
        console.print("", memory.table(sizes_of_memory, memory.core_seconds(here, compiled)), sep="\n")


def sizes(built: Path, plain: Path) -> Iterator[Figure]:
    """The package beside what pip alone would make."""
    than = "plain install, without"
    ours, theirs = package.zipped((built, plain))
    yield Figure("zipped", ours, megabytes, than, theirs)
    what = "with" if package.has_byte_code(built) else "without"
    unpacked = f"unpacked, {what} byte code"
    yield Figure(unpacked, package.size(built), megabytes, than, package.size(plain))


if __name__ == "__main__":
    sys.exit(main())
