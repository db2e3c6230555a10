"""The function `SendDigest`: an event in, a summary out."""

import gc
from typing import Any

from config import settings
from handlers.lambda_time import clock, seconds_left
from jobs import digest

gc.freeze()
gc.enable()


def lambda_handler(event: object, context: object) -> dict[str, Any]:
    """Publish the digest of the last seven days, once for each scheduled time.

    Raises `SettingsError` or `GuardError` when a part of the guard itself fails.
    """
    return digest.send(event, settings.for_digest(), clock, lambda: seconds_left(context))
