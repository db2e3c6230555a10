"""Eleven days in the life of two accounts, made from a seed.

Work is done in office hours, little at night and on weekends. Then a key leaks for an hour, a
provider has a bad afternoon, and somebody tops up.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from local.sandbox import Sandbox

DEEPSEEK_KEY = "sk-sandbox-deepseek-1f0c"
NOVITA_KEY = "sk_sandbox-novita-2e9b"
DAYS = 11
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)

BURST = timedelta(days=6, hours=21)  # since the beginning of the story
OUTAGE = timedelta(days=7, hours=13)
OUTAGE_HOURS = 4
OFFICE_HOURS = range(8, 19)
DEEPSEEK_TOP_UP = timedelta(days=8, hours=10)
NOVITA_TOP_UP = timedelta(days=10, hours=9)
DIGEST = timedelta(days=7, hours=8)


@dataclass(frozen=True, slots=True)
class Tick:
    """A moment at which the guard is run, and what happened just before it."""

    at: datetime
    event: str = ""


def on_a_monday(now: datetime) -> datetime:
    """The midnight at which to begin so that all has happened by now.

    It is of a Monday, or of the nearest day to it that CloudWatch's two weeks allow.
    """
    last = (now - timedelta(days=DAYS, hours=1)).replace(minute=0, second=0, microsecond=0)
    day = min((last - timedelta(days=n) for n in range(3)), key=lambda day: day.weekday())
    return day.replace(hour=0)


def up_to(now: datetime) -> datetime:
    """The time at which to begin so that the last tick is of the minute before now."""
    last = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    return last - timedelta(days=DAYS) + HOUR


def ticks(sandbox: Sandbox, start: datetime, seed: int = 7) -> Iterator[Tick]:
    """Set the sandbox for each tick in turn; hourly, and every quarter of an hour near the burst."""
    chance = random.Random(seed)  # nosec B311 # noqa: S311 - a story, no secret
    deepseek, cash, credit = Decimal(96), Decimal(34), Decimal(20)
    since = timedelta(0)
    while since < timedelta(days=DAYS):
        event = ""
        close = BURST - HOUR <= since < BURST + 2 * HOUR
        step = QUARTER if close else HOUR
        share = Decimal(step / HOUR)
        deepseek -= share * _pace(start + since, chance) * Decimal("0.82")
        cash -= share * _pace(start + since, chance) * Decimal("0.46")
        if BURST <= since < BURST + HOUR:
            deepseek -= share * 19
            event = "a leaked DeepSeek key burns 19 USD an hour" if since == BURST else ""
        if since == DEEPSEEK_TOP_UP:
            deepseek += 250
            event = "somebody tops DeepSeek up by 250 USD"
        if since == NOVITA_TOP_UP:
            cash += 120
            event = "somebody tops Novita AI up by 120 USD"
        down = OUTAGE <= since < OUTAGE + OUTAGE_HOURS * HOUR
        sandbox.failing = {"deepseek": 503} if down else {}
        if since == DIGEST:
            event = "the digest of the week is due"
        if since == OUTAGE:
            event = "DeepSeek's API has a bad afternoon: 503"
        sandbox.fund(DEEPSEEK_KEY, USD=deepseek)
        sandbox.lend(NOVITA_KEY, cash, credit)
        yield Tick(start + since, event)
        since += step


def _pace(when: datetime, chance: random.Random) -> Decimal:
    """Dollars an hour of an account at work: busy by day, quiet by night, lazy on weekends."""
    busy = 1.0 if when.hour in OFFICE_HOURS else 0.08
    weekend = 0.35 if when.weekday() >= 5 else 1.0  # noqa: PLR2004 - Saturday
    return Decimal(str(round(busy * weekend * chance.uniform(0.6, 1.4), 4)))
