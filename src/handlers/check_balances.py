"""The function `CheckBalances`: an event in, a summary out."""

from datetime import UTC, datetime
from typing import Any

import check
import delivery
import settings

_PLENTY = 60_000  # milliseconds, where nobody says how many are left


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Check every account once, or publish one test notification; the contract's section 5.

    Raises `SettingsError`, `SecretError` or `GuardError` when a part of the guard itself fails.
    """
    parsed = settings.from_environment()
    if isinstance(event, dict) and event.get("command") == "test-alert":
        return delivery.test_alert(parsed, _clock)
    return check.run(event, parsed, _clock, lambda: _seconds_left(context))


def _clock() -> datetime:
    return datetime.now(UTC)


def _seconds_left(context: object) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return (remaining() if remaining else _PLENTY) / 1000
