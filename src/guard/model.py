"""The words the guard thinks in: what is read, and what is thought of it.

Money is `Decimal`, in units of its currency. Time is an aware UTC `datetime`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Context, Decimal
from enum import IntEnum, StrEnum

NO_MONEY = Decimal(0)
# Reckons without rounding, which Python does from the 28th digit on. A figure has 15 digits before the
# point and 60 after it (thirty, and an exponent of -30), its unit 15 and 30; five more are for a carry.
EXACT = Context(prec=125)


class Severity(IntEnum):
    """How bad it is; the number is the value of the `Severity` metric."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    EXHAUSTED = 3

    @property
    def word(self) -> str:
        """The name as it stands in summaries, alerts and filter policies."""
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> "Severity":
        """The severity of that name; raises `KeyError` for any other word."""
        return cls[word.upper()]


class CheckError(StrEnum):
    """Why a balance could not be read."""

    CONFIG = "config"
    AUTH = "auth"
    PERMISSION = "permission"
    BILLING = "billing"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    REDIRECTED = "redirected"
    SERVER_ERROR = "server_error"
    BAD_RESPONSE = "bad_response"


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """One API key's account at a provider.

    `region` is the site of the provider that it is on, where there are several; no part of its name.
    """

    provider: str
    label: str
    region: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.provider}/{self.label}"


@dataclass(frozen=True, slots=True)
class Budget:
    """Figures in one currency: warn at or below the first, critical at or below the second."""

    warning: Decimal
    critical: Decimal


@dataclass(frozen=True, slots=True)
class Spans:
    """Two lengths of time: one for a warning, one for what is critical or worse."""

    warning: timedelta
    critical: timedelta


@dataclass(frozen=True, slots=True)
class DrainRule:
    """More than this share of a balance, gone within this time, is a fast drain."""

    share: Decimal
    within: timedelta


@dataclass(frozen=True, slots=True)
class Rules:
    """What the owner of an account wants to be told."""

    budgets: Mapping[str, Budget]
    runway: Spans | None
    remind_every: Spans
    fast_drain: DrainRule | None
    watch: str | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """One currency row as the provider gave it.

    `amount` is the figure that is watched. `cash` and `spendable` are given only where an
    account can go on beyond its own money: what is its own, and what may be spent at all.
    `expiring` is the part that was granted for a time.
    """

    currency: str
    amount: Decimal
    components: Mapping[str, Decimal] = field(default_factory=dict)
    cash: Decimal | None = None
    spendable: Decimal | None = None
    expiring: Decimal = NO_MONEY


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole answer: every currency row, and whether the provider will take calls."""

    balances: tuple[Balance, ...]
    available: bool = True


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that gave no answer: its class, and one sentence in the guard's own words."""

    error: CheckError
    detail: str


@dataclass(frozen=True, slots=True)
class Returned:
    """Money that was gone and came back: `before` fell to `low`, where it lay `since` a reading."""

    before: Decimal
    low: Decimal
    since: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """What the guard thinks of one balance. `reasons` says what put it above `ok`.

    `runway_between` are the ends between which the runway lies eight times in ten. `counts` is whether
    the account's severity goes by it. `expired` is a grant whose time seems to be over, and `returned`
    what came back with this reading.
    """

    balance: Balance
    severity: Severity
    burn_per_day: Decimal | None
    runway: timedelta | None
    reasons: tuple[str, ...] = ()
    runway_between: tuple[timedelta, timedelta] | None = None
    counts: bool = True
    expired: Decimal = NO_MONEY
    returned: Returned | None = None


def worst(severities: Iterable[Severity]) -> Severity:
    """The severity of an account: that of its worst balance."""
    return max(severities, default=Severity.OK)


@dataclass(frozen=True, slots=True)
class Contact:
    """What a person is told of a provider: its name, its pages, and what to do about an error.

    `when_empty` says what happens without credit.
    """

    title: str
    top_up: str = ""
    status_page: str | None = None
    advice: Mapping[CheckError, str] = field(default_factory=dict)
    when_empty: str = "calls are refused"
