"""A row as it is written down: the oldest reading of the last hour whole, and what the others add."""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from guard import history_text
from guard.drain import Spikes
from guard.figures import money
from guard.history_text import MOST_MONEY, SECOND
from guard.memory import Row
from guard.model import Balance, Severity
from guard.observe import moved
from guard.tally import Entry, Tally


def as_json(row: Row) -> list[object]:
    """Write a row."""
    rows = (*row.earlier, row)
    steps = [_step(before, after) for before, after in pairwise(rows)]
    return [*_first(rows[0]), steps, entries(row.returns)]


def read(
    currency: str,
    history: str,
    added: str,
    first: str,
    *judged_steps_returns: Any,
) -> Row:
    """Read what `as_json` wrote; raises many errors for anything else."""
    *judged, steps, returns = judged_steps_returns
    start = Row(_finite(first), Severity.OK, history_text.loads(history), read_tally(added))
    rows, now = [_read_judged(start, *judged)], start.read_at
    for seconds, amount, expiring, *later in steps:
        now += count(seconds) * SECOND
        balance = Balance(currency, _finite(amount), expiring=_finite(expiring))
        row = moved(rows[-1], balance, now, start.history.within)
        rows.append(_read_judged(row, expiring, *later))
    *earlier, row = rows
    return replace(row, returns=read_entries(returns), earlier=tuple(earlier))


def _first(row: Row) -> list[object]:
    """The oldest row that is remembered, whole."""
    return [
        history_text.dumps(row.history),
        entries(row.added.entries),
        money(row.balance),
        *_judged(row),
    ]


def _step(before: Row, row: Row) -> list[object]:
    """A later reading: seconds since the one before, and what doesn't follow from that."""
    seconds = (row.read_at - before.read_at) // SECOND
    return [seconds, money(row.balance), *_judged(row)]


def _judged(row: Row) -> list[object]:
    spikes = [row.spikes.latest, row.spikes.most]
    return [money(row.expiring), int(row.severity), int(row.available), *spikes]


def _read_judged(
    row: Row, expiring: str, severity: object, available: object, latest: object, most: object
) -> Row:
    return replace(
        row,
        expiring=_finite(expiring),
        severity=Severity(count(severity)),
        available=bool(count(available)),
        spikes=Spikes(_times(latest), _times(most)),
    )


def _times(number: object) -> float:
    if not isinstance(number, float) or not 0 <= number < math.inf:
        raise ValueError("not a number of times")
    return number


def entries(of: Iterable[Entry]) -> str:
    """Seconds of Unix time and how much, of each entry."""
    return ",".join(f"{entry.at.timestamp():.0f}:{entry.amount:f}" for entry in of)


def read_entries(text: str) -> tuple[Entry, ...]:
    """Read what `entries` wrote."""
    parts = (entry.split(":") for entry in text.split(",") if entry)
    return tuple(Entry(datetime.fromtimestamp(int(at), UTC), _finite(amount)) for at, amount in parts)


def read_tally(text: str) -> Tally:
    """A tally of the entries that `entries` wrote."""
    return Tally(read_entries(text))


def _finite(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value) >= MOST_MONEY:
        raise ValueError("not an amount")
    return value


def count(value: object) -> int:
    """A whole number as it stands in JSON; raises `TypeError` for anything else."""
    if not isinstance(value, int):
        raise TypeError("not a count")
    return value
