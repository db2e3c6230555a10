"""Figures for programs: the same form in the summary, the alerts and the state."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from guard.model import EXACT, NO_MONEY

_DAY = timedelta(days=1)


def money(amount: Decimal) -> str:
    """A plain decimal with at least two places and no more than it needs: `12.30`, `0.0034`."""
    whole, _, places = f"{EXACT.add(amount, NO_MONEY):f}".partition(".")
    return f"{whole}.{places.rstrip('0'):0<2}"


def burn(burn_per_day: Decimal) -> str:
    """Money a day, to the cent, or to four places where it is less than a dime."""
    places = Decimal("0.01") if burn_per_day >= Decimal("0.1") else Decimal("0.0001")
    return money(burn_per_day.quantize(places, ROUND_HALF_UP))


def days(span: timedelta) -> float:
    """Days, to about a minute and a half: `3.2`."""
    return round(span / _DAY, 3)


def timestamp(when: datetime) -> str:
    """RFC 3339, in UTC: `2026-06-10T00:00:00Z`."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")
