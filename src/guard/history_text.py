"""A spending history as a short text: its numbers, as they are, without what goes without saying."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from guard.history import HOURS, MOST_DAYS, Point, SpendingHistory, Spent
from guard.model import NO_MONEY

MOST_MONEY = Decimal(10) ** 18  # more than any provider's answer may hold
SECOND = timedelta(seconds=1)
MOST_SECONDS = 10**9  # three decades between two readings


def dumps(history: SpendingHistory) -> str:
    """The first reading and the first point, in Unix seconds; `within`; days; hours; other points.

    The last three are money and seconds, without no money and without the same seconds as before.
    """
    if history.first is None:
        return ""
    steps = [
        (point.spent, (point.at - before.at) // SECOND) for before, point in pairwise(history.trail)
    ]
    times = (f"{when.timestamp():.0f}" for when in (history.first, history.trail[0].at))
    within = str(history.within // SECOND)
    return ";".join((*times, within, *map(_pairs, (history.days, history.hours, steps))))


def loads(text: str) -> SpendingHistory:
    """Read what `dumps` wrote; raises `ValueError` or `ArithmeticError` for anything else."""
    if not text:
        return SpendingHistory()
    first, start, within, *parts = text.split(";")
    days, hours, steps = map(_read, parts)
    trail = [Point(_time(start), NO_MONEY)]
    for amount, seconds in steps:
        trail.append(Point(trail[-1].at + seconds * SECOND, amount))
    if len(hours) != HOURS or not 0 < len(days) <= MOST_DAYS or _time(first) > trail[0].at:
        raise ValueError("not the days and hours of a history")
    reach = _seconds(within) * SECOND
    return SpendingHistory(_time(first), tuple(days), tuple(hours), tuple(trail), reach)


def _pairs(pairs: Iterable[tuple[Decimal, int]]) -> str:
    texts, last = list[str](), None
    for amount, seconds in pairs:
        texts.append(f"{_money(amount)}{'' if seconds == last else f':{seconds}'}")
        last = seconds
    return ",".join(texts)


def _read(text: str) -> list[Spent]:
    pairs, last = list[Spent](), ""
    for pair in text.split(",") if text else ():
        amount, _, seconds = pair.partition(":")
        last = seconds or last
        pairs.append(Spent(_amount(amount), _seconds(last)))
    return pairs


def _money(amount: Decimal) -> str:
    """The shorter of `0.0000012` and `1.2E-6`; nothing for nothing."""
    normal = amount.normalize()
    return min(f"{normal:f}", str(normal), key=len) if amount else ""


def _amount(text: str) -> Decimal:
    amount = Decimal(text or 0)
    if not 0 <= amount < MOST_MONEY:  # NaN raises here
        raise ValueError("not money that was spent")
    return amount


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 0 <= seconds <= MOST_SECONDS:
        raise ValueError("not so many seconds")
    return seconds


def _time(text: str) -> datetime:
    return datetime.fromtimestamp(int(text), UTC)
