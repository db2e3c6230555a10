"""The digest: what the last seven days were for every account, in one mail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from guard import wording
from guard.figures import days, money, pace, timestamp
from guard.forecast import LONGEST, Forecast, forecast
from guard.history import DAY, WEEK
from guard.memory import Memory, Row
from guard.model import Account, Severity, worst

WIDTH = 60  # narrower than an alert: a digest is read on a phone as well
FORGOTTEN = timedelta(days=14)  # an account that was taken out of the secret is named no longer
ALL_LISTED = "'make accounts' lists them all"
SILENT = DAY  # no check for so long means that nobody checks
MOST_SHOWN = 50  # accounts in one mail: SNS takes 256 KB


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days of one balance; a figure that isn't known is `None`.

    `spent` is over `known` up to now, a week at most; `before` over the time `earlier` before that.
    """

    currency: str
    balance: Decimal
    severity: Severity
    spent: Decimal
    known: timedelta
    before: Decimal
    earlier: timedelta
    added: Decimal
    pace: Forecast | None


@dataclass(frozen=True, slots=True)
class Summed:
    """Seven days of one account, as the guard remembers them."""

    account: Account
    checked_at: datetime
    weeks: tuple[Week, ...]
    failed: int
    failing_since: datetime | None
    silent: bool

    @property
    def severity(self) -> Severity:
        """That of the worst balance."""
        return worst(self.weeks)

    @property
    def runway(self) -> timedelta | None:
        """That of the balance which ends first; `None` if none is known."""
        return min((week.pace.runway for week in self.weeks if week.pace), default=None)

    @property
    def well(self) -> bool:
        """Whether there is nothing about it that somebody should see to."""
        return self.severity is Severity.OK and self.failing_since is None and not self.silent


def sum_up(
    memories: Mapping[Account, Memory], now: datetime, back: timedelta = FORGOTTEN
) -> tuple[Summed, ...]:
    """Every account that was checked in the last two weeks, or `back`, the one in most need first."""
    summed = [
        _summed(account, memory, memory.observed_at, now)
        for account, memory in memories.items()
        if memory.observed_at is not None and now - memory.observed_at < back
    ]
    return tuple(sorted(summed, key=_need))


def _need(one: Summed) -> tuple[object, ...]:
    ends = LONGEST if one.runway is None else one.runway
    return (-one.severity, one.failing_since is None, not one.silent, ends, one.account)


def _summed(account: Account, memory: Memory, checked_at: datetime, now: datetime) -> Summed:
    return Summed(
        account=account,
        checked_at=checked_at,
        weeks=tuple(_week(currency, row, now) for currency, row in sorted(memory.rows.items())),
        failed=int(memory.failed.since(now - WEEK)),
        failing_since=memory.failing.since if memory.failing else None,
        silent=now - checked_at > SILENT,
    )


def _week(currency: str, row: Row, now: datetime) -> Week:
    reach = row.history.span(now)
    spent = row.history.spent_within(WEEK, now)
    return Week(
        currency=currency,
        balance=row.balance,
        severity=row.severity,
        spent=spent,
        known=min(reach, WEEK),
        before=row.history.spent_within(2 * WEEK, now) - spent,
        earlier=max(min(reach, 2 * WEEK) - WEEK, timedelta(0)),
        added=row.added.since(now - WEEK),
        pace=_pace(row),
    )


def _pace(row: Row) -> Forecast | None:
    points = row.history.points
    return forecast(row.history, row.profile, row.balance, points[-1].at) if points else None


def subject(summed: Sequence[Summed]) -> str:
    """One line: how the accounts stand, and what the week cost."""
    if not summed:
        return "[digest] no account is checked"
    return f"[digest] {standing(summed)}; the week cost {cost(summed)}"


def standing(summed: Sequence[Summed]) -> str:
    """`1 critical, 2 ok`."""
    words = [state(one) for one in summed]
    return ", ".join(f"{words.count(word):,} {word}" for word in dict.fromkeys(words))


def state(one: Summed) -> str:
    """A severity, or why there is more to it than that its last balance was well."""
    if one.severity is not Severity.OK or one.well:
        return one.severity.word
    return "unreadable" if one.failing_since else "not checked"


def cost(summed: Sequence[Summed]) -> str:
    """What the week cost, by currency: `74.10 USD and 12.00 CNY`."""
    sums: dict[str, Decimal] = {}
    for week in (week for one in summed for week in one.weeks):
        sums[week.currency] = sums.get(week.currency, Decimal(0)) + week.spent
    return (
        " and ".join(_cents(sums[currency], currency) for currency in sorted(sums)) or "nothing known"
    )


def text(
    summed: Sequence[Summed], titles: Mapping[str, str], now: datetime, delivery: Sequence[str], id: str
) -> str:
    """The whole mail. `titles` are the providers' names as people know them."""
    shown, left = summed[:MOST_SHOWN], len(summed) - MOST_SHOWN
    parts = [
        _filled(_opening(summed, now)),
        *(_account(one, titles, now) for one in shown),
        *([_filled(f"And {left:,} more, none of them in greater need: {ALL_LISTED}.")] * (left > 0)),
        _filled(_alive(summed, now)),
        *map(_filled, delivery),
        _filled(
            "This comes every week (DigestSchedule), whatever the balances. If it does not, the "
            "guard is gone: look at its stack."
        ),
        f"budget-guard {id}",
    ]
    return "\n\n".join(parts)


def _opening(summed: Sequence[Summed], now: datetime) -> str:
    until = f"The week until {wording.clock(now)}"
    if not summed:
        return f"{until}: no account was checked. Put an API key into the secret; see README.md."
    ill = sum(not one.well for one in summed)
    accounts = wording.counted(f"{len(summed):,}", "account")
    needs = f"{ill:,} of {accounts} should be seen to" if ill else f"{accounts}, all well"
    return f"{until}: {needs}. It cost {cost(summed)}."


def _account(one: Summed, titles: Mapping[str, str], now: datetime) -> str:
    title = titles.get(one.account.provider, one.account.provider)
    lines = [f'{title} "{one.account.label}": {state(one)}']
    for week in one.weeks:
        facts = _facts(week, alone=len(one.weeks) == 1)
        lines += [_fact(name, fact) for name, fact in facts]
    lines += [_fact("Checks", fact) for fact in _checks(one, now)]
    return "\n".join(lines)


def _facts(week: Week, *, alone: bool) -> list[tuple[str, str]]:
    severity = "" if alone else f" ({week.severity.word})"
    facts = [("Balance", wording.amount(week.balance, week.currency) + severity)]
    facts.append(("Week", f"{_spent(week)}{_against(week)}"))
    if week.added:
        # What was spent between two readings hides in a rise between them.
        facts.append(("Top-ups", f"at least {wording.amount(week.added, week.currency)}"))
    facts.append(("Lasts", _lasts(week.pace)))
    return facts


def _lasts(pace: Forecast | None) -> str:
    if pace is None:
        return wording.lasts(None)
    return wording.lasts(pace.runway) + wording.between(pace.runway, (pace.earliest, pace.latest))


def _spent(week: Week) -> str:
    spent = f"{_cents(week.spent, week.currency)} spent"
    if not week.known:
        return "not known yet"
    return spent if week.known >= WEEK else f"{spent} in {wording.length(week.known)}"


def _against(week: Week) -> str:
    """The pace of the week against the one before, or what is known of that."""
    if week.earlier < DAY:
        return ""
    before = "the week before" if week.earlier >= WEEK else f"the {wording.length(week.earlier)} before"
    if not week.before:
        return f"; nothing in {before}"
    change = (week.spent / Decimal(week.known / DAY)) / (week.before / Decimal(week.earlier / DAY)) - 1
    a_day = "" if week.earlier >= WEEK else " a day"
    if abs(change) < Decimal("0.005"):
        return f", as much{a_day} as in {before}"
    return f", {abs(change):.0%} {'more' if change > 0 else 'less'}{a_day} than in {before}"


def _checks(one: Summed, now: datetime) -> list[str]:
    checks = [f"{one.failed} failed in the last 7 days" if one.failed else "none failed"]
    if one.failing_since:
        checks.append(f"not readable since {wording.clock(one.failing_since)}")
    if one.silent:
        checks.append(
            f"the last on {wording.clock(one.checked_at)}, {wording.length(now - one.checked_at)} ago; "
            "unless you took the account out of the secret, look at the log of CheckBalances"
        )
    return checks


def _alive(summed: Sequence[Summed], now: datetime) -> str:
    if not summed:
        return "No check is remembered from the last two weeks."
    last = max(one.checked_at for one in summed)
    ago = f"{wording.length(now - last)} ago" if now > last else "just now"
    return f"The guard last checked on {wording.clock(last)}, {ago}."


def totals_only(since: datetime) -> str:
    """That CloudWatch knows the accounts only together."""
    return (
        f"More accounts are watched than PerAccountMetrics, so since {wording.clock(since)} CloudWatch "
        "has only totals; 'make accounts' lists each."
    )


def data(summed: Sequence[Summed]) -> list[dict[str, object]]:
    """The accounts for programs."""
    return [
        {
            "provider": one.account.provider,
            "account": one.account.label,
            "severity": one.severity.word,
            "checked_at": timestamp(one.checked_at),
            "failed_checks": one.failed,
            "balances": [_balance(week) for week in one.weeks],
        }
        for one in summed[:MOST_SHOWN]
    ]


def _balance(week: Week) -> dict[str, object]:
    whole = week.earlier >= WEEK
    return {
        "currency": week.currency,
        "balance": money(week.balance),
        "severity": week.severity.word,
        "spent": pace(week.spent),
        "spent_the_week_before": pace(week.before) if whole else None,
        "topped_up": money(week.added),
        "burn_per_day": pace(week.pace.burn_per_day) if week.pace else None,
        "runway_days": days(week.pace.runway) if week.pace else None,
    }


def _cents(value: Decimal, currency: str) -> str:
    return f"{pace(value)} {currency}"


def _fact(name: str, fact: str) -> str:
    return wording.filled(fact, WIDTH, f"  {name:<9}", " " * 11)


def _filled(paragraph: str) -> str:
    return wording.filled(paragraph, WIDTH)
