"""What a run takes and costs by memory size, which at Lambda is its share of a CPU as well.

`python -m benchmarks.speed.memory` starts the built function in AWS's runtime client, cold, and stops
it whenever it has used its share of a core for the time being, as Lambda does.
"""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.speed.package import built, to_measure
from benchmarks.speed.runtime import command, environment, runtime_client
from benchmarks.speed.runtime_api import Started, cold_start
from benchmarks.speed.scale import accounts
from benchmarks.speed.world import DEFAULTS, EVENT, GUARD, World, standing

SIZES = (128, 256, 384, 512, 768, 1024, 1769)  # MB
CORE = 1769  # MB that come with one core: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
ROUNDS = 5
ANSWERING = 0.5  # seconds that a provider takes
HANGING = 8.0  # seconds that one may take longer, until it is given up
MANY = 200  # accounts, to know what one more takes
RUNS = 31 * 24 * 4  # a month's at most
# us-east-1, arm64: https://aws.amazon.com/lambda/pricing/
GB_SECOND, RUN = Decimal("0.0000133334"), Decimal("0.0000002")

CAPTION = (
    f"$ hung: if in every run a provider took {HANGING:g} s more. "
    "1,000: so many accounts, if only the CPU counts."
)
PERIOD = 0.02  # seconds; in each a process may use its share of a core
LOOK = 0.0003  # seconds between two looks at what it has used
STARTING = 10.0
# Says who it is and waits to be let go, so that nothing of the command runs unheld.
HELD = 'echo $$ >"$0.new"; mv "$0.new" "$0"; kill -STOP $$; exec "$@"'


class Size(NamedTuple):
    """A quiet run of two accounts at one memory size: medians of its times, and its peak."""

    megabytes: int
    start: Started

    def gb_seconds(self, longer: float = 0) -> Decimal:
        """Of a month, if each run takes so many seconds longer."""
        return RUNS * Decimal(self.start.billed + longer) * self.megabytes / 1024

    def dollars(self, longer: float = 0) -> Decimal:
        """A month's price; nothing is taken off for what is free."""
        return self.gb_seconds(longer) * GB_SECOND + RUNS * RUN


def measured(world: World, package: Path, rounds: int = ROUNDS) -> list[Size]:
    """Every size, in turns."""
    world.watch(DEFAULTS)
    for provider in ("deepseek", "novita"):
        world.upstreams.delay(provider, ANSWERING)
    client = runtime_client(world.folder)
    runs: dict[int, list[Started]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size, into in runs.items():
            into.append(_started(world, client, package, size))
    return [
        Size(
            size,
            Started(
                median(one.init for one in of_size),
                median(one.duration for one in of_size),
                max(one.peak for one in of_size),
            ),
        )
        for size, of_size in runs.items()
    ]


def core_seconds(world: World, package: Path) -> float:
    """What each further account takes of a whole core."""
    cpu: list[float] = []
    for names in (DEFAULTS, accounts(MANY)):
        world.watch(names)
        world.copy_states(names)
        cpu.append(world.run(package, GUARD, pinned=True).cpu)
    return (cpu[1] - cpu[0]) / (MANY - len(DEFAULTS))


def _started(world: World, client: Path, package: Path, size: int) -> Started:
    env = environment(world, client, package, size)
    with _held(world.folder / "held", size / CORE) as prefix:
        return cold_start([*prefix, *command(GUARD)], package, env, EVENT)


@contextmanager
def _held(file: Path, share: float) -> Iterator[Sequence[str]]:
    """What to put before one command, so that it gets this share of a core and no more."""
    file.unlink(missing_ok=True)
    over = threading.Event()
    thread = threading.Thread(target=_hold, args=(file, share, over))
    thread.start()
    try:
        yield ["/bin/sh", "-c", HELD, str(file)]
    finally:
        over.set()
        thread.join()


def _hold(file: Path, share: float, over: threading.Event) -> None:
    end = time.monotonic() + STARTING
    while not file.exists() and time.monotonic() < end and not over.is_set():
        time.sleep(LOOK)
    with suppress(OSError):  # it has ended
        pid = int(file.read_text())
        clock = ~pid << 3 | 2  # its CPU time, all threads: clock_getcpuclockid(3)
        allowed, period_ends = 0.0, time.monotonic()
        while not over.is_set():
            used = time.clock_gettime(clock)
            # What was used too much is owed; what was not used is lost.
            allowed = min(allowed, used) + share * PERIOD
            period_ends = max(period_ends, time.monotonic()) + PERIOD
            if used < allowed:
                os.kill(pid, signal.SIGCONT)
            while time.monotonic() < period_ends and time.clock_gettime(clock) < allowed:
                time.sleep(LOOK)
            if time.monotonic() < period_ends:
                os.kill(pid, signal.SIGSTOP)
                time.sleep(max(0.0, period_ends - time.monotonic()))


def table(sizes: Sequence[Size], each: float) -> Table:
    """The cost history, and how long the CPU alone takes for many accounts."""
    title = f"Two accounts, cold, providers that answer within {ANSWERING} s; GB-s and $ of a month"
    made = Table(title=title, title_justify="left", caption=CAPTION, caption_justify="left")
    names = ("MB", "init", "run", "billed", "GB-s", "$", "$ hung", "peak", "1,000")
    for name in names:
        made.add_column(name, justify="right", no_wrap=True)
    for one in sizes:
        made.add_row(
            str(one.megabytes),
            f"{one.start.init:.2f} s",
            f"{one.start.duration:.2f} s",
            f"{one.start.billed:.2f} s",
            f"{one.gb_seconds():,.0f}",
            f"{one.dollars():.3f}",
            f"{one.dollars(HANGING):.2f}",
            f"{one.start.peak / 1e6:.0f} MB",
            f"{1000 * each * CORE / one.megabytes:.0f} s",
        )
    return made


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="budget-guard-") as name:
        folder = Path(name)
        with standing(folder) as world:
            package = to_measure(built(folder), folder / "package", world.authority, byte_code=True)
            world.season(package)
            sizes = measured(world, package)
            Console().print(table(sizes, core_seconds(world, package)))


if __name__ == "__main__":
    main()
