"""How a memory is written down and read again.

Everything is one JSON text of well under 4 KB, so that a run costs little to read and write.
"""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from guard.alert import Condition, Episode
from guard.figures import money, timestamp
from guard.history import Point, SpendingHistory
from guard.memory import Failing, Memory, Row
from guard.model import NO_MONEY, Severity
from guard.profile import MOST_TIMES, SpendingProfile, Spent
from guard.tally import Entry, Tally

FORMAT = 1
MOST_MONEY = Decimal(10) ** 18  # more than any provider's answer may hold
_PROFILE_DIGITS = 3  # of what is only a habit
MOST_HOURS = 10_000.0  # of one hour of the day, or of one weekday, however they fade
_EXACT_DIGITS = 5  # of what is spent between two points; the balance itself is kept whole

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
                    money(row.balance),
                    row.severity.word,
                    _curve(row.history),
                    _tally(row.added),
                    _habits(row.profile),
                    money(row.expiring),
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
            "failed": _tally(memory.failed),
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
            rows={currency: _read_row(*row) for currency, row in data["rows"].items()},
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


def _read_row(balance: str, word: str, history: str, added: str, profile: str, expiring: str) -> Row:
    return Row(
        _finite(balance),
        Severity.from_word(word),
        _read_curve(history),
        _read_tally(added),
        _read_habits(profile),
        _finite(expiring),
    )


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


def _curve(history: SpendingHistory) -> str:
    """The first point's time, then seconds and money from each point to the next.

    Seconds that are the same as before are left out, which most are.
    """
    if not history.points:
        return ""
    first, steps, last = history.points[0], [], 0
    for before, point in pairwise(history.points):
        seconds = round((point.at - first.at).total_seconds()) - round(
            (before.at - first.at).total_seconds()
        )
        same = seconds == last
        steps.append(f"{'' if same else seconds}:{_short(point.spent - before.spent)}")
        last = seconds
    return ",".join((timestamp(first.at), *steps))


def _tally(tally: Tally) -> str:
    """Seconds of Unix time and how much, of each entry."""
    return ",".join(f"{entry.at.timestamp():.0f}:{entry.amount:f}" for entry in tally.entries)


def _read_tally(text: str) -> Tally:
    parts = (entry.split(":") for entry in text.split(",") if entry)
    return Tally(
        tuple(Entry(datetime.fromtimestamp(int(at), UTC), _finite(amount)) for at, amount in parts)
    )


def _habits(profile: SpendingProfile) -> str:
    """Money and hundredths of hours, of each hour of the day and each weekday; then the last pace."""
    parts = (*profile.hours, *profile.weekdays)
    sums = ",".join(f"{_short(part.money, _PROFILE_DIGITS)}:{part.hours * 100:.0f}" for part in parts)
    paces = f"{profile.peak:.3g};{_short(profile.last)};{profile.spike_ratio:.3g}"
    return f"{sums};{paces};{_time(profile.since) or ''};{_short(profile.unlearnt)}"


def _read_habits(text: str) -> SpendingProfile:
    sums, peak, last, spike_ratio, since, unlearnt = text.split(";")
    parts = [part.split(":") for part in sums.split(",")]
    spent = tuple(Spent(_finite(amount or "0"), _hours(hours)) for amount, hours in parts)
    empty = SpendingProfile()
    count = len(empty.hours)
    if len(spent) != count + len(empty.weekdays):
        raise ValueError("not the hours of a day and the days of a week")
    return SpendingProfile(
        spent[:count],
        spent[count:],
        _times(peak),
        _finite(last or "0"),
        _times(spike_ratio),
        _when(since or None),
        _finite(unlearnt or "0"),
    )


def _times(text: str) -> float:
    value = float(text)
    if not 0 <= value <= MOST_TIMES:
        raise ValueError("not a number of times")
    return value


def _hours(text: str) -> float:
    value = int(text) / 100
    if not 0 <= value < MOST_HOURS:
        raise ValueError("not a number of hours")
    return value


def _short(amount: Decimal, digits: int = _EXACT_DIGITS) -> str:
    if not amount:
        return ""
    exponent = amount.adjusted() - digits + 1
    return f"{round(amount, -exponent).normalize():f}"


def _read_curve(text: str) -> SpendingHistory:
    if not text:
        return SpendingHistory()
    first, *steps = text.split(",")
    at, spent = _instant(first), NO_MONEY
    points, last = [Point(at, spent)], ""
    for step in steps:
        seconds, amount = step.split(":")
        last = seconds or last
        at += timedelta(seconds=int(last))
        spent += _finite(amount or "0")
        points.append(Point(at, spent))
    return SpendingHistory(tuple(points))
