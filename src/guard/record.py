"""How a memory is written down and read again.

Everything is one JSON text of well under 4 KB, so that a run costs little to read and write.
"""

import json
from datetime import datetime
from typing import Any

from guard import row_record
from guard.alert import Condition, Episode
from guard.figures import timestamp
from guard.memory import Failing, Memory
from guard.model import Severity
from guard.notify import Flaps
from guard.row_record import count

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
            "rows": {currency: row_record.as_json(row) for currency, row in memory.rows.items()},
            "failing": memory.failing
            and [memory.failing.count, _time(memory.failing.since), _time(memory.failing.last_at)],
            "episodes": [[*key, *_episode(one)] for key, one in memory.episodes.items()],
            "flaps": [
                [*key, _time(one.closed_at), *map(_time, one.openings)]
                for key, one in memory.flaps.items()
            ],
            "serial": memory.serial,
            "failed": row_record.entries(memory.failed.entries),
            **({"region": memory.region} if memory.region else {}),
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
            rows={currency: row_record.read(currency, *row) for currency, row in data["rows"].items()},
            failing=None if failing is None else _read_failing(*failing),
            episodes={
                (Condition(condition), currency): _read_episode(*parts)
                for condition, currency, *parts in data["episodes"]
            },
            flaps={
                (Condition(condition), currency): Flaps(_when(closed), tuple(map(_instant, openings)))
                for condition, currency, closed, *openings in data["flaps"]
            },
            serial=count(data["serial"]),
            failed=row_record.read_tally(data["failed"]),
            region=_text(data["region"]) if "region" in data else None,
        )
    except UNREADABLE as error:
        raise UnreadableError(type(error).__name__) from None


def _episode(one: Episode) -> list[object]:
    times = [_time(one.opened_at), _time(one.notified_at), _time(one.held_until)]
    return [one.id, times, [int(one.severity), int(one.peak)], [one.step, one.reminders]]


def _read_episode(
    id: object, times: list[Any], severities: list[object], counts: list[object]
) -> Episode:
    opened, notified, held = times
    severity, peak = (Severity(count(one)) for one in severities)
    step, reminders = map(count, counts)
    return Episode(
        _text(id), _instant(opened), severity, _instant(notified), step, peak, reminders, _when(held)
    )


def dumps_episode(one: Episode) -> str:
    """Write an episode as compact JSON."""
    return _compact(_episode(one))


def loads_episode(text: str) -> Episode:
    """Read what `dumps_episode` wrote; raises `UnreadableError` for anything else."""
    try:
        return _read_episode(*json.loads(text))
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


def _read_failing(number: object, since: str, last_at: str) -> Failing:
    return Failing(count(number), _instant(since), _instant(last_at))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
