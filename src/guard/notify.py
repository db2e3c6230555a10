"""Whether to notify, and why: from what was published, and how a condition stands now."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from guard.alert import Episode, Kind
from guard.history import DAY, HOUR, WEEK
from guard.model import Severity, Spans

LONGEST_WAIT = WEEK  # between two reminders, unless the owner wants a longer one
MOST_DOUBLINGS = 14  # from a minute to a week
OPENINGS_APART = 4 * HOUR  # of those not published: six a day tell when to stop waiting


class Verdict(NamedTuple):
    """Whether to publish something, and why; `held_until` is when to publish that it is over."""

    kind: Kind | None
    reason: str
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Flaps:
    """When a condition was last over, and when it opened, published or not, in the last 24 hours."""

    closed_at: datetime | None = None
    openings: tuple[datetime, ...] = ()

    def within_a_day(self, now: datetime) -> "Flaps":
        """What of it is not older than 24 hours."""
        closed = self.closed_at if self.closed_at and now - self.closed_at <= DAY else None
        return Flaps(closed, tuple(at for at in self.openings if now - at <= DAY))

    def opened(self, now: datetime, *, published: bool) -> "Flaps":
        """With one more opening."""
        if not published and self.openings and now - self.openings[-1] < OPENINGS_APART:
            return self
        return replace(self, openings=(*self.openings, now))

    def closed(self, now: datetime) -> "Flaps":
        """With one more time that it was over."""
        return replace(self, closed_at=now)

    def published_of(self, episode: Episode) -> "Flaps":
        """Without the openings within an episode, which were not published."""
        return replace(self, openings=tuple(at for at in self.openings if at <= episode.opened_at))


def verdict(
    episode: Episode | None,
    severity: Severity | None,
    now: datetime,
    remind_every: Spans,
    flaps: Flaps = Flaps(),
    *,
    undelivered: bool = False,
    came_back: bool = False,
) -> Verdict:
    """Whether to publish something about a condition that stands at `severity` now, and why.

    `episode` is what was published before; `undelivered`, that something of it is still on its way;
    `came_back`, that the money which made it worse is there again. `flaps` are those of the last day.
    """
    if severity is None:
        return Verdict(None, "unknown: what was published stands")
    if episode is None:
        return (
            Verdict(None, "all is well")
            if severity is Severity.OK
            else Verdict(Kind.ALERT, "opened: nothing was published of it yet")
        )
    if severity is Severity.OK:
        return _over(episode, now, flaps)
    if episode.severity is Severity.OK and severity <= episode.peak:
        return Verdict(None, "open again before its end was published")
    if severity > episode.severity:
        return Verdict(Kind.ALERT, "worse than what was last published")
    if severity < episode.severity:
        return _better(came_back=came_back)
    return _still(episode, severity, now, remind_every, undelivered=undelivered)


def _better(*, came_back: bool) -> Verdict:
    if came_back:
        return Verdict(Kind.RECOVERY, "what was published is over: it is as it was before")
    return Verdict(None, "better, but not over")


def _still(
    episode: Episode, severity: Severity, now: datetime, remind_every: Spans, *, undelivered: bool
) -> Verdict:
    if undelivered:
        return Verdict(None, "the last message is still on its way")
    if now - episode.notified_at >= reminder_after(severity, remind_every, episode.reminders):
        return Verdict(Kind.REMINDER, "a reminder is due")
    return Verdict(None, "published already, and no reminder due")


def _over(episode: Episode, now: datetime, flaps: Flaps) -> Verdict:
    """It is over. The second time within a day that waits, so that it opens at most twice a day."""
    until = episode.held_until
    if episode.severity is not Severity.OK and flaps.closed_at and flaps.openings:
        until = flaps.openings[0] + DAY
    if until and now < until:
        return Verdict(None, "over again within a day: not published before it lasts", until)
    return Verdict(Kind.RECOVERY, "recovered: it was announced, and is over")


def flaps_after(
    flaps: Flaps, episode: Episode | None, severity: Severity | None, verdict: Verdict, now: datetime
) -> Flaps:
    """When a condition was over and opened, after one more look; `episode` is how it stood before."""
    was_bad = episode is not None and episode.severity is not Severity.OK
    if severity is None or (episode is not None and not episode.step):
        return flaps
    if severity is not Severity.OK and not was_bad:
        return flaps.opened(now, published=episode is None)
    if severity is Severity.OK and was_bad:
        flaps = flaps.closed(now)
    return flaps.published_of(episode) if episode and verdict.kind is Kind.RECOVERY else flaps


def reminder_after(severity: Severity, remind_every: Spans, reminders: int = 0) -> timedelta:
    """How long to wait before it is said again; exhausted counts as critical.

    Each further reminder waits twice as long as the last, until a week.
    """
    first = remind_every.critical if severity >= Severity.CRITICAL else remind_every.warning
    doublings: int = 2 ** min(reminders, MOST_DOUBLINGS)
    return min(first * doublings, max(LONGEST_WAIT, first))
