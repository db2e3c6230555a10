"""The time, and how much of it is left, as Lambda tells it."""

from datetime import UTC, datetime

_PLENTY = 60_000  # milliseconds, where nobody says how many are left


def clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def seconds_left(context: object) -> float:
    """How long Lambda lets the function run on."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return (remaining() if remaining else _PLENTY) / 1000
