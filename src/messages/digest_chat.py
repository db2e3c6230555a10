"""The digest in chat: short, since a channel is no place to read the whole week of each account."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from guard.week import AccountWeek, Week
from messages.chat import SHOWN
from messages.digest import alive, named, opening, state
from messages.format import amount, lasts

STEP = "The mail has the week of each"


def text(
    summed: Sequence[AccountWeek],
    titles: Mapping[str, str],
    now: datetime,
    notes: Sequence[str],
    zone: tzinfo = UTC,
) -> str:
    """The ten accounts in most need, a line each. `titles` are the providers' names for people."""
    left = len(summed) - SHOWN
    lines = [f"- {named(one, titles)}: {_stands(one)}" for one in summed[:SHOWN]]
    more = [f"- and {left:,} more, none of them in greater need"] * (left > 0)
    return "\n".join((opening(summed, now, zone), *lines, *more, alive(summed, now, zone), *notes))


def _stands(one: AccountWeek) -> str:
    """`critical, 2.00 USD, about 25 hours`."""
    balances = "; ".join(map(_balance, one.weeks))
    return f"{state(one)}, {balances}" if balances else state(one)


def _balance(week: Week) -> str:
    money = amount(week.balance, week.currency)
    return f"{money}, {lasts(week.forecast.runway)}" if week.forecast else money
