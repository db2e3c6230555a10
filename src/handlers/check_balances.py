"""The function `CheckBalances`: an event in, a summary out."""

import gc
from typing import Any

from config import settings
from handlers.lambda_time import clock, seconds_left
from jobs import check, self_test, summary

gc.freeze()
gc.enable()


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Check every account once, or publish one test notification; the contract's section 5.

    Raises `SettingsError`, `SecretError` or `GuardError` when a part of the guard itself fails.
    """
    parsed = settings.from_environment()
    if isinstance(event, dict) and event.get("command") == "test-alert":
        return self_test.test_alert(parsed, clock)
    answer = check.run(event, parsed, clock, lambda: seconds_left(context))
    return summary.brief(answer) if summary.is_brief(event) else answer
