"""One provider that misbehaves beside one that is well, and a watch over all that is emitted."""

import pytest
from freezegun import freeze_time

pytest.register_assert_rewrite("tests.faults.emitted", "tests.faults.guarded")

from tests.faults.emitted import Emitted  # noqa: E402 - after its asserts are told to explain
from tests.faults.frozen import Frozen  # noqa: E402
from tests.faults.guarded import KEYS, guarded_at  # noqa: E402
from tests.faults.interrupt import Calls  # noqa: E402
from tests.faults.upstream import misbehaving  # noqa: E402
from tests.world import START  # noqa: E402


@pytest.fixture
def upstream():
    with misbehaving() as running:
        yield running


@pytest.fixture
def emitted(world, capfd, monkeypatch):
    world.setenv("PER_ACCOUNT_METRICS", "1000")
    world.keys(KEYS)
    world.sandbox.fund(KEYS["deepseek"], USD="100")
    world.sandbox.lend(KEYS["novita"], "100")
    return Emitted(capfd, monkeypatch)


# What goes over the wire is the same for all of a kind; what it means is tried with Novita AI as well.
guarded = guarded_at("deepseek", "custom")


@pytest.fixture
def frozen(world, monkeypatch):
    """A guard whose clock stands still between ticks, and whose calls can be interrupted."""
    calls = Calls(monkeypatch)
    with freeze_time(START) as clock:
        world.setenv("FAST_DRAIN", "off")
        yield Frozen(world, clock, calls)
