"""What there is to tell: conditions, episodes, and alerts with the facts behind them.

An alert holds no sentence. `messages/` makes words of it.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from guard.drain import Drain
from guard.model import NO_MONEY, Account, DrainRule, Failure, Returned, Severity


class Condition(StrEnum):
    """What an alert is about."""

    LOW_BALANCE = "low_balance"
    FAST_DRAIN = "fast_drain"
    ON_CREDIT = "on_credit"
    CHECK_FAILING = "check_failing"


class Kind(StrEnum):
    """Why a notification is sent."""

    ALERT = "alert"
    REMINDER = "reminder"
    RECOVERY = "recovery"
    DIGEST = "digest"
    TEST = "test"


type EpisodeKey = tuple[Condition, str | None]


@dataclass(frozen=True, slots=True)
class Episode:
    """One condition of one account and currency, from its first alert until its recovery.

    `step` counts what was published of it; 0 is a drain that the alert of its balance has told or, with
    the severity `ok`, an episode whose first alert was never published. `peak` is the worst that was
    published, `reminders` how many since it last got worse. Where it is over and that is not said yet,
    because it flaps, `severity` is `ok` and `held_until` when to say it.
    """

    id: str
    opened_at: datetime
    severity: Severity
    notified_at: datetime
    step: int
    peak: Severity = Severity.OK
    reminders: int = 0
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """Why a balance is above `ok`: a reason, and the owner's figure where there is one.

    `level` is what the figure is for. `held` says that the figure was left, but not by its margin.
    """

    reason: str
    level: Severity
    figure: Decimal | timedelta | None = None
    held: bool = False


@dataclass(frozen=True, slots=True)
class LowBalance:
    """The thresholds that were reached; none in a recovery.

    `others` are the balances from which calls go on, where this one no longer counts. `rule` is what
    a drain is judged by, if the balance drains as well.
    """

    thresholds: tuple[Threshold, ...] = ()
    others: tuple["Known", ...] = ()
    rule: DrainRule | None = None


@dataclass(frozen=True, slots=True)
class FastDrain:
    """What went too fast, by which rule; no `drain` in a recovery, no `rule` where it is turned off."""

    drain: Drain | None
    rule: DrainRule | None


@dataclass(frozen=True, slots=True)
class OnCredit:
    """The account's own cash, and what can still be spent with its credit line."""

    cash: Decimal
    spendable: Decimal


@dataclass(frozen=True, slots=True)
class Known:
    """A balance as it was last read."""

    currency: str
    amount: Decimal
    severity: Severity


@dataclass(frozen=True, slots=True)
class CheckFailing:
    """What failed, how many checks in a row since when, and what was known before.

    No `failure` in a recovery: then `known` is what was read.
    """

    known: tuple[Known, ...]
    failure: Failure | None = None
    count: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent in the last 24 hours and in the last seven days, or since it is `watched`.

    Money that was added hides what was spent meanwhile: then `day` or `week` is a least figure
    (`day_hidden`, `week_hidden`).
    """

    day: Decimal
    week: Decimal
    watched: timedelta
    day_hidden: bool = False
    week_hidden: bool = False


type Facts = LowBalance | FastDrain | OnCredit | CheckFailing


@dataclass(frozen=True, slots=True)
class Alert:
    """One notification. Its `id` is a function of what it says, so that a repeat carries it too.

    `facts` is `None` for what is about the guard itself: a test, a digest. `peak` is the worst severity
    that its episode has published. `drain` is what leaves the balance too fast now. `expired` is a
    grant whose time seems to be over, `returned` what came back with this reading. `before` is how the
    episode stood: so it stands again if the alert is never published.
    """

    id: str
    episode: str
    kind: Kind
    condition: Condition | None
    severity: Severity
    account: Account
    observed_at: datetime
    currency: str | None = None
    balance: Decimal | None = None
    burn_per_day: Decimal | None = None
    runway: timedelta | None = None
    runway_between: tuple[timedelta, timedelta] | None = None
    reasons: tuple[str, ...] = ()
    spending: Spending | None = None
    facts: Facts | None = None
    since: datetime | None = None
    next_reminder: timedelta | None = None
    peak: Severity = Severity.OK
    drain: Drain | None = None
    expired: Decimal = NO_MONEY
    returned: Returned | None = None
    before: Episode | None = None


def about_the_guard(kind: Kind, severity: Severity, now: datetime) -> Alert:
    """A notification that is about no account; the same time has the same id."""
    return Alert(
        id=id_of(f"{kind} {now.isoformat()}"),
        episode=kind,
        kind=kind,
        condition=None,
        severity=severity,
        account=Account("budget-guard", kind),
        observed_at=now,
        peak=severity,
    )


def id_of(*parts: object) -> str:
    """An id that depends on nothing but its parts."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
