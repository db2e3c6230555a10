"""Accounts of many kinds, made from a seed: what somebody might spend, read every quarter of an hour.

Each kind is how fast money goes at each of some times, in the account's own time zone.
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from benchmarks.traces import Trace

START = datetime(2026, 6, 1, tzinfo=UTC)  # a Monday
STEP = timedelta(minutes=15)
STEPS = 96  # a day
SATURDAY, WEDNESDAY = 5, 2
ZONES = (-8, -5, 0, 1, 8)
A_DAY_COSTS = (4, 20, 90, 400)

type Times = Iterable[datetime]
type Paces = Iterator[float]


def steady(times: Times, chance: random.Random) -> Paces:
    """A service in use around the clock."""
    for _ in times:
        yield chance.lognormvariate(0, 0.5)


def office_hours(times: Times, chance: random.Random) -> Paces:
    """People at work: little at night, less on weekends."""
    for when in times:
        yield _by_day(when, 8, 19, 0.06) * _weekend(when, 0.15) * chance.lognormvariate(0, 0.6)


def nightly_batch(times: Times, chance: random.Random) -> Paces:
    """One job of three hours each night."""
    for when in times:
        yield _by_day(when, 1, 4, 0.005) * chance.lognormvariate(0, 0.3)


def weekend_only(times: Times, chance: random.Random) -> Paces:
    """A hobby."""
    for when in times:
        yield _by_day(when, 10, 22, 0.05) * _weekend(when, 30) * chance.lognormvariate(0, 0.5)


def growing(times: Times, chance: random.Random) -> Paces:
    """Twice as much every week."""
    for index, when in enumerate(times):
        growth = math.exp(index / STEPS / 9)
        yield growth * _by_day(when, 7, 23, 0.3) * chance.lognormvariate(0, 0.5)


def dying(times: Times, chance: random.Random) -> Paces:
    """Half as much every week."""
    for index, when in enumerate(times):
        decay = math.exp(-index / STEPS / 9)
        yield decay * _by_day(when, 7, 23, 0.3) * chance.lognormvariate(0, 0.5)


def weekly_burst(times: Times, chance: random.Random) -> Paces:
    """A little on every day, and a report each Wednesday."""
    for when in times:
        report = when.weekday() == WEDNESDAY and 9 <= when.hour < 15  # noqa: PLR2004 - six hours
        yield 0.15 * _by_day(when, 8, 20, 0.3) * chance.lognormvariate(0, 0.4) + report * 5.0


def drifting(times: Times, chance: random.Random) -> Paces:
    """By day, at a level that wanders off."""
    level = 0.0
    for when in times:
        level += chance.gauss(0, 0.03)
        yield math.exp(level) * _by_day(when, 8, 20, 0.25) * chance.lognormvariate(0, 0.5)


def step_up(times: Times, chance: random.Random) -> Paces:
    """Three times the pace from some day on, as after a launch."""
    launch = chance.randrange(4, 15) * STEPS
    for index, when in enumerate(times):
        level = 3 if index >= launch else 1
        yield level * _by_day(when, 8, 20, 0.2) * chance.lognormvariate(0, 0.4)


def agents(times: Times, chance: random.Random) -> Paces:
    """Agents that somebody starts by day and that work until they are done, an hour or three."""
    pace = 0.0
    for when in times:
        if pace and chance.random() < 0.12:  # noqa: PLR2004 - two hours in the mean
            pace = 0.0
        elif not pace and chance.random() < 0.06 * _by_day(when, 9, 24, 0.07) * _weekend(when, 0.6):
            pace = chance.lognormvariate(0, 0.8)
        yield pace * chance.lognormvariate(0, 0.4) or 0.01 * chance.random()


def coder(times: Times, chance: random.Random) -> Paces:
    """One who codes with agents: days of very unlike size, sleep, and now and then a runaway hour."""
    wild = chance.choice((0.0, 0.2, 0.4))  # how bursty; at nought the agents never quite rest
    asleep, sleeps = chance.randrange(24), chance.uniform(5, 10)
    level, day, runaway, at_work = 0.0, 0.0, 0, True
    for index, when in enumerate(times):
        if index % STEPS == 0:
            day = 0.6 * day + chance.gauss(0, 0.5 + 0.6 * wild)
        level = 0.97 * level + chance.gauss(0, (0.35 + 0.5 * wild) * 0.39)
        if chance.random() < 0.03:  # noqa: PLR2004 - about three times a day
            at_work = chance.random() > 0.35 * wild + 0.1
        if chance.random() < 0.0003:  # noqa: PLR2004 - about once a month
            runaway = 8
        pace = math.exp(day + level) * (1 if at_work else 0.1 * (1 - wild))
        if (when.hour + when.minute / 60 - asleep) % 24 < sleeps:
            pace *= 0.15 * (1 - wild) + 0.003
        if runaway:
            pace *= chance.lognormvariate(2.2, 0.3)
            runaway -= 1
        yield pace


type Kind = Callable[[Times, random.Random], Paces]
KINDS: tuple[Kind, ...] = (
    steady,
    office_hours,
    nightly_batch,
    weekend_only,
    growing,
    dying,
    weekly_burst,
    drifting,
    step_up,
    agents,
    coder,
)


def generated(kind: Kind, days: int, seed: int) -> Trace:
    """An account of a kind over some days; a few times, some hours of readings are missing."""
    name = kind.__name__.replace("_", " ")
    chance = random.Random(f"{name} {days} {seed}")  # nosec B311 # noqa: S311 - no secret
    zone, costs = timedelta(hours=chance.choice(ZONES)), chance.choice(A_DAY_COSTS)
    times = [START + n * STEP for n in range(1, days * STEPS + 1)]
    paces = list(kind((at + zone for at in times), chance))
    # Balances are told in cents, so that is what can be seen of the spending.
    scale = costs * days / sum(paces)
    spent, readings = 0.0, [(START, Decimal(0))]
    for at, pace in zip(times, paces, strict=True):
        spent += pace * scale
        shaken = at + timedelta(seconds=chance.randrange(40))
        readings.append((shaken, Decimal(f"{spent:.2f}")))
    return Trace(f"{name}, {days} days, {seed}", name, tuple(_with_gaps(readings, days // 4, chance)))


def _with_gaps[T](readings: list[T], gaps: int, chance: random.Random) -> Iterator[T]:
    missing = set[int]()
    for _ in range(gaps):
        first = chance.randrange(1, len(readings))
        missing.update(range(first, first + chance.randrange(4, 28)))
    return (one for index, one in enumerate(readings) if index not in missing)


def _by_day(when: datetime, begin: int, end: int, else_: float) -> float:
    return 1.0 if begin <= when.hour < end else else_


def _weekend(when: datetime, pace: float) -> float:
    return pace if when.weekday() >= SATURDAY else 1.0
