"""All accounts of a run in a few figures, for when there are too many to measure each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from guard.model import Judged, Severity, worst


@dataclass(frozen=True, slots=True)
class Totals:
    """How the accounts stand together after one run.

    `worst` and `least_runway` are `None` while nothing is known. `counts` says how many accounts
    stand at each severity; `read`, `failed` and `unchecked` how many checks succeeded, failed, and were
    not made for want of time.
    """

    worst: Severity | None
    least_runway: timedelta | None
    counts: Mapping[Severity, int]
    read: int
    failed: int
    unchecked: int

    @classmethod
    def of(
        cls,
        judged: Iterable[tuple[Judged, ...]],
        previous: Iterable[Severity],
        failed: int,
        unchecked: int,
    ) -> "Totals":
        """Sum up the balances of each account that was read.

        `previous` are the last severities of those that were not: unknown is no recovery.
        """
        accounts = [balances for balances in judged if balances]
        severities = [worst(one.severity for one in balances) for balances in accounts]
        severities += previous
        runways = (one.runway for balances in accounts for one in balances)
        return cls(
            worst=max(severities, default=None),
            least_runway=min((runway for runway in runways if runway is not None), default=None),
            counts={severity: severities.count(severity) for severity in Severity},
            read=len(accounts),
            failed=failed,
            unchecked=unchecked,
        )
