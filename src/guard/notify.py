"""Whether to notify, and why: from what was published, and how a condition stands now."""

from datetime import datetime, timedelta
from typing import NamedTuple

from guard.alert import Episode, Kind
from guard.model import Severity, Spans


class Verdict(NamedTuple):
    """Whether something should be said, and why."""

    kind: Kind | None
    reason: str


def verdict(
    episode: Episode | None,
    severity: Severity | None,
    now: datetime,
    remind_every: Spans,
    *,
    undelivered: bool = False,
    came_back: bool = False,
) -> Verdict:
    """Whether to say something about a condition that stands at `severity` now, and why.

    `episode` is what was said before; `undelivered`, that something of it is still on its way;
    `came_back`, that the money which made it worse is there again.
    """
    if severity is None:
        return Verdict(None, "unknown: the last word stands")
    if episode is None:
        return (
            Verdict(None, "all is well")
            if severity is Severity.OK
            else Verdict(Kind.ALERT, "opened: nothing was said of it yet")
        )
    if severity is Severity.OK:
        return Verdict(Kind.RECOVERY, "recovered: it was announced, and is over")
    if severity > episode.severity:
        return Verdict(Kind.ALERT, "worse than what was last said")
    if severity < episode.severity and came_back:
        return Verdict(Kind.RECOVERY, "what was said is over: it is as it was before")
    if severity < episode.severity:
        return Verdict(None, "better, but not over")
    if undelivered:
        return Verdict(None, "the last word is still on its way")
    if now - episode.notified_at >= reminder_after(severity, remind_every):
        return Verdict(Kind.REMINDER, "a reminder is due")
    return Verdict(None, "said already, and no reminder due")


def reminder_after(severity: Severity, remind_every: Spans) -> timedelta:
    """How long to wait before it is said again; exhausted counts as critical."""
    return remind_every.critical if severity >= Severity.CRITICAL else remind_every.warning
