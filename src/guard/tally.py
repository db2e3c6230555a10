"""What happened how much and when, over the last days: top-ups, failed checks.

A few entries at most: beyond that the two that lie closest together become one, at the later time.
So the sum stays exact, and only the times of what came in quick succession blur.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

KEPT = timedelta(days=8)
MOST_ENTRIES = 6


class Entry(NamedTuple):
    """So much, at a time."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    """Entries of the last eight days, the oldest first."""

    entries: tuple[Entry, ...] = ()

    def plus(self, now: datetime, amount: Decimal) -> "Tally":
        """The tally after so much more; nothing is no entry."""
        if amount <= 0:
            return self
        entries = [*(entry for entry in self.entries if entry.at > now - KEPT), Entry(now, amount)]
        while len(entries) > MOST_ENTRIES:
            _, first = min((entries[n + 1].at - entries[n].at, n) for n in range(len(entries) - 1))
            one, other = entries[first : first + 2]
            entries[first : first + 2] = [Entry(other.at, one.amount + other.amount)]
        return Tally(tuple(entries))

    def since(self, when: datetime) -> Decimal:
        """The sum of what came after a time."""
        return sum((entry.amount for entry in self.entries if entry.at > when), Decimal(0))
