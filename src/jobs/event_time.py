"""The time that an event gives, and what to make of it: section 4 of the contract."""

from datetime import UTC, datetime, timedelta

AHEAD = timedelta(minutes=5)
EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)  # no balance was ever guarded before


def event_time(event: object) -> datetime | None:
    """The scheduled time of an EventBridge-shaped event; `None` where it gives none."""
    text = event.get("time") if isinstance(event, dict) else None
    try:
        when = datetime.fromisoformat(text) if isinstance(text, str) else None
        if when is None or when.tzinfo is None:
            return None
        when = when.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None
    return when if when >= EARLIEST else None


def observation_time(scheduled: datetime | None, last: datetime | None, clock: datetime) -> datetime:
    """The *now* of an account: the scheduled time, unless it is behind the last or far ahead."""
    now = clock.replace(microsecond=0)
    if scheduled and scheduled <= now + AHEAD and (last is None or scheduled >= last):
        return scheduled
    return now
