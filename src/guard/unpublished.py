"""What was due and never published: a newer word takes its place, or nothing is left to say."""

from dataclasses import dataclass, replace

from guard.alert import Episode, Kind
from guard.model import Severity
from guard.notify import Flaps


@dataclass(frozen=True, slots=True)
class Unpublished:
    """What was due about a condition, the severity that it tells, and how its episode stood before."""

    kind: Kind
    severity: Severity
    before: Episode

    def outdated_by(self, severity: Severity | None) -> bool:
        """Whether a newer look at the condition takes its place.

        One that learnt nothing does not. Nor does one that finds the condition as a recovery of a
        part of the way says that it is.
        """
        if severity is None:
            return False
        part = self.kind is Kind.RECOVERY and self.severity is not Severity.OK
        return not (part and severity is self.severity)

    def flaps_before(self, flaps: Flaps) -> Flaps:
        """The flaps without the closing that nobody was told of."""
        closed = self.kind is Kind.RECOVERY and self.before.severity is not Severity.OK
        return replace(flaps, closed_at=None) if closed else flaps
