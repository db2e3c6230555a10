"""How a memory is written down and read again.

Everything is one JSON text of well under 4 KB, so that a run costs little to read and write.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from guard import history_text
from guard.alert import Condition, Episode
from guard.drain import Spikes
from guard.figures import money, timestamp
from guard.history_text import MOST_MONEY, SECOND
from guard.memory import Failing, Memory, Row
from guard.model import Balance, Severity
from guard.observe import moved
from guard.tally import Entry, Tally

FORMAT = 1

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)


class UnreadableError(Exception):
    """A stored text that this version did not write, or that was damaged."""


def dumps(memory: Memory) -> str:
    """Write a memory as compact JSON."""
    return _compact(
        {
            "format": FORMAT,
            "observed_at": _time(memory.observed_at),
            "rows": {
                currency: [
                    *_first((*row.earlier, row)[0]),
                    [_step(before, after) for before, after in pairwise((*row.earlier, row))],
                    _entries(row.returns),
                ]
                for currency, row in memory.rows.items()
            },
            "failing": memory.failing
            and [memory.failing.count, _time(memory.failing.since), _time(memory.failing.last_at)],
            "episodes": [
                [
                    condition,
                    currency,
                    e.id,
                    _time(e.opened_at),
                    e.severity.word,
                    _time(e.notified_at),
                    e.step,
                ]
                for (condition, currency), e in memory.episodes.items()
            ],
            "serial": memory.serial,
            "failed": _entries(memory.failed.entries),
        }
    )


def loads(text: str) -> Memory:
    """Read what `dumps` wrote; raises `UnreadableError` for anything else."""
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            raise UnreadableError("written by another version")
        failing = data["failing"]
        return Memory(
            observed_at=_when(data["observed_at"]),
            rows={currency: _read_rows(currency, *row) for currency, row in data["rows"].items()},
            failing=None if failing is None else _read_failing(*failing),
            episodes={
                (Condition(condition), currency): Episode(
                    _text(id), _instant(opened), Severity.from_word(word), _instant(said), _count(step)
                )
                for condition, currency, id, opened, word, said, step in data["episodes"]
            },
            serial=_count(data["serial"]),
            failed=_read_tally(data["failed"]),
        )
    except UNREADABLE as error:
        raise UnreadableError(type(error).__name__) from None


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=True)


def _time(when: datetime | None) -> str | None:
    return None if when is None else timestamp(when)


def _when(text: str | None) -> datetime | None:
    return None if text is None else _instant(text)


def _instant(text: str) -> datetime:
    when = datetime.fromisoformat(text)
    if when.tzinfo is None:
        raise ValueError("a time without a zone")
    return when


def _first(row: Row) -> list[object]:
    """The oldest row that is remembered, whole."""
    return [
        history_text.dumps(row.history),
        _entries(row.added.entries),
        money(row.balance),
        *_judged(row),
    ]


def _step(before: Row, row: Row) -> list[object]:
    """A later reading: seconds since the one before, and what doesn't follow from that."""
    seconds = (_last(row) - _last(before)) // SECOND
    return [seconds, money(row.balance), *_judged(row)]


def _judged(row: Row) -> list[object]:
    spikes = [row.spikes.latest, row.spikes.most]
    return [money(row.expiring), int(row.severity), int(row.available), *spikes]


def _last(row: Row) -> datetime:
    if row.history.last is None:
        raise ValueError("a row without a reading")
    return row.history.last


def _read_rows(currency: str, history: str, added: str, *first_steps_returns: Any) -> Row:
    *first, steps, returns = first_steps_returns
    start = Row(_finite(first[0]), Severity.OK, history_text.loads(history), _read_tally(added))
    rows = [_read_judged(start, *first[1:])]
    for seconds, balance, expiring, *judged in steps:
        now = _last(rows[-1]) + _count(seconds) * SECOND
        reading = Balance(currency, _finite(balance), expiring=_finite(expiring))
        rows.append(
            _read_judged(moved(rows[-1], reading, now, rows[-1].history.within), expiring, *judged)
        )
    *earlier, row = rows
    return replace(row, returns=_read_entries(returns), earlier=tuple(earlier))


def _read_judged(
    row: Row, expiring: str, severity: object, available: object, latest: object, most: object
) -> Row:
    return replace(
        row,
        expiring=_finite(expiring),
        severity=Severity(_count(severity)),
        available=bool(_count(available)),
        spikes=Spikes(_times(latest), _times(most)),
    )


def _times(number: object) -> float:
    if not isinstance(number, float) or not 0 <= number < math.inf:
        raise ValueError("not a number of times")
    return number


def _read_failing(count: object, since: str, last_at: str) -> Failing:
    return Failing(_count(count), _instant(since), _instant(last_at))


def _count(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("not a count")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _finite(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite() or abs(value) >= MOST_MONEY:
        raise ValueError("not an amount")
    return value


def _entries(entries: Iterable[Entry]) -> str:
    """Seconds of Unix time and how much, of each entry."""
    return ",".join(f"{entry.at.timestamp():.0f}:{entry.amount:f}" for entry in entries)


def _read_entries(text: str) -> tuple[Entry, ...]:
    parts = (entry.split(":") for entry in text.split(",") if entry)
    return tuple(Entry(datetime.fromtimestamp(int(at), UTC), _finite(amount)) for at, amount in parts)


def _read_tally(text: str) -> Tally:
    return Tally(_read_entries(text))
