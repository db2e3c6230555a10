"""All accounts of a run in a few figures, for when there are too many to measure each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from guard.model import Judged, Severity, worst


@dataclass(frozen=True, slots=True)
class Totals:
    """How the accounts of one run stand together.

    `worst` and `least_runway` are `None` while nothing is known. `counts` says how many accounts
    stand at each severity, `failed` how many checks failed, and `left` how many were not made for
    want of time.
    """

    worst: Severity | None
    least_runway: timedelta | None
    counts: Mapping[Severity, int]
    failed: int
    left: int

    @classmethod
    def of(cls, judged: Iterable[tuple[Judged, ...]], failed: int, left: int) -> "Totals":
        """Sum up the balances of each account; one without any was not judged, and is not counted."""
        accounts = [balances for balances in judged if balances]
        severities = [worst(balances) for balances in accounts]
        runways = (one.runway for balances in accounts for one in balances)
        return cls(
            worst=max(severities, default=None),
            least_runway=min((runway for runway in runways if runway is not None), default=None),
            counts={severity: severities.count(severity) for severity in Severity},
            failed=failed,
            left=left,
        )

    @property
    def made(self) -> int:
        """How many checks were made."""
        return sum(self.counts.values()) + self.failed
