"""How money, time and counts are written for people: short, and the same in every channel."""

import textwrap
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal

from guard.figures import money
from guard.forecast import LONGEST
from guard.history import DAY

CENT = Decimal("0.01")
MILLIONTH = Decimal("0.000001")  # of a currency; nobody reads on, and an SMS has no room
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TOO_WIDE = 20  # times: "between 3 hours and 3 days" helps nobody


def amount(value: Decimal, currency: str) -> str:
    """`4.20 USD`; below ten cents to a millionth."""
    places = MILLIONTH if abs(value) < CENT * 10 else CENT
    return f"{money(value.quantize(places, ROUND_HALF_UP))} {currency}"


def figure(value: Decimal, currency: str) -> str:
    """A round figure as its owner wrote it: `20 USD`."""
    return f"{value.normalize():f} {currency}"


def length(span: timedelta) -> str:
    """`40 minutes`, `1 hour`, `90 minutes`, `2.5 hours`, `22 hours`, `3.2 days`, `12 days`."""
    minutes = round(span / MINUTE)
    if minutes < 120 and minutes != 60:  # noqa: PLR2004 - an hour, and two
        return _in(span, MINUTE)
    return _in(span, HOUR if span < 2 * DAY else DAY)


def _in(span: timedelta, unit: timedelta) -> str:
    """`47 hours`; a minute at least."""
    if unit == MINUTE:
        return counted(max(round(span / MINUTE), 1), "minute")
    return counted(rough(span / unit), "hour" if unit == HOUR else "day")


def clock(when: datetime, zone: tzinfo = UTC) -> str:
    """`Wed 10 Jun 2026, 14:15 UTC`, in the owner's zone."""
    local = when.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def too_wide(ends: tuple[timedelta, timedelta] | None) -> bool:
    """Whether the range of a runway is of no use to anybody."""
    return ends is not None and ends[0] > timedelta(0) and ends[1] / ends[0] > TOO_WIDE


def lasts(runway: timedelta | None, ends: tuple[timedelta, timedelta] | None = None) -> str:
    """How long a balance is expected to last, for the middle of a sentence."""
    if runway is None:
        return "not known yet"
    if runway >= LONGEST:
        return "a year or more"
    if too_wide(ends):
        return "how long can't be told"
    return f"about {length(runway)}" if runway > timedelta(0) else "used up"


def between(runway: timedelta | None, ends: tuple[timedelta, timedelta] | None) -> str:
    """How sure that is, in brackets: ` (between 2 and 6)`; nothing where it is plain."""
    if runway is None or ends is None or not timedelta(0) < runway < LONGEST:
        return ""
    if ends[1] >= LONGEST:
        return f" (at least {length(ends[0])})"
    unit = next(each for each in (DAY, HOUR, MINUTE) if length(runway) == _in(runway, each))
    earliest, latest = (_in(end, unit).partition(" ")[0] for end in ends)
    return f" (between {earliest} and {latest})" if earliest != latest else ""


def filled(text: str, width: int, first: str = "", rest: str = "") -> str:
    """Wrap a paragraph for a narrow mail window, behind these indents; a link is never broken."""
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def percent(share: Decimal) -> str:
    """`25%`."""
    return f"{(share * 100).normalize():f}%"


def rough(number: float) -> str:
    """One decimal below ten, none where it says nothing."""
    return f"{number:.1f}".removesuffix(".0") if number < 10 else f"{number:.0f}"  # noqa: PLR2004


def counted(number: int | str, unit: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number} {unit}" if str(number) == "1" else f"{number} {unit}s"
