"""How long a run may ask providers, and when it must have ended."""

import time
from collections.abc import Callable
from dataclasses import dataclass

ASKING_SECONDS = 20.0  # for all calls to providers together, or, if that is more,
ASKING_SECONDS_EACH = 0.05  # for each account: at 768 MB deciding takes a fifth of that
CLOSING_SECONDS = 15.0  # of the function's time are kept from the providers
AFTER_ASKING = 40.0  # seconds; a run ends by then, so that others need not wait for its claims


@dataclass(frozen=True, slots=True)
class Deadline:
    """The one deadline of a run, in seconds of `time.monotonic`.

    Providers are asked until `asking_ends`, and have `asking_seconds` in all; the run ends by `ends`,
    or sooner where Lambda says so (`lambda_left`).
    """

    lambda_left: Callable[[], float]
    asking_seconds: float
    asking_ends: float
    ends: float

    @classmethod
    def of(cls, accounts: int, lambda_left: Callable[[], float]) -> "Deadline":
        """The deadline of a run that begins now; providers get half of its time at least."""
        left = lambda_left()
        wanted = max(ASKING_SECONDS, accounts * ASKING_SECONDS_EACH)
        asking = min(wanted, max(left - CLOSING_SECONDS, left / 2))
        now = time.monotonic()
        return cls(lambda_left, asking, now + asking, now + asking + AFTER_ASKING)

    def asking_left(self) -> float:
        """Seconds in which providers may still be asked."""
        return self.asking_ends - time.monotonic()

    def left(self) -> float:
        """Seconds until the run must have ended."""
        return min(self.lambda_left(), self.ends - time.monotonic())
