"""The digest: what the last seven days were for every account, in one mail."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from guard.figures import burn, days, money, timestamp
from guard.forecast import Forecast
from guard.history import DAY, WEEK
from guard.model import Severity
from guard.week import AccountWeek, Week
from messages.format import amount, between, clock, counted, filled, lasts, length, too_wide

WIDTH = 60  # narrower than an alert: a digest is read on a phone as well
ALL_LISTED = "'make accounts' lists them all"
MOST_SHOWN = 50  # accounts in one mail: SNS takes 256 KB


def subject(summed: Sequence[AccountWeek]) -> str:
    """One line: how the accounts stand, and what the week cost."""
    if not summed:
        return "[digest] no account is checked"
    return f"[digest] {standing(summed)}; the week cost {cost(summed)}"


def standing(summed: Sequence[AccountWeek]) -> str:
    """`1 critical, 2 ok`."""
    words = [state(one) for one in summed]
    return ", ".join(f"{words.count(word):,} {word}" for word in dict.fromkeys(words))


def state(one: AccountWeek) -> str:
    """A severity, or why there is more to it than that its last balance was well."""
    if one.severity is not Severity.OK or one.well:
        return one.severity.word
    return "unreadable" if one.failing_since else "not checked"


def cost(summed: Sequence[AccountWeek]) -> str:
    """What the week cost, by currency: `74.10 USD and 12.00 CNY`."""
    sums: dict[str, Decimal] = {}
    for week in (week for one in summed for week in one.weeks):
        sums[week.currency] = sums.get(week.currency, Decimal(0)) + week.spent
    return (
        " and ".join(_cents(sums[currency], currency) for currency in sorted(sums)) or "nothing known"
    )


def text(
    summed: Sequence[AccountWeek],
    titles: Mapping[str, str],
    now: datetime,
    notes: Sequence[str],
    id: str,
    zone: tzinfo = UTC,
) -> str:
    """The whole mail, with times in `zone`. `titles` are the providers' names as people know them."""
    shown, left = summed[:MOST_SHOWN], len(summed) - MOST_SHOWN
    parts = [
        _filled(opening(summed, now, zone)),
        *(_account(one, titles, now, zone) for one in shown),
        *([_filled(f"And {left:,} more, none of them in greater need: {ALL_LISTED}.")] * (left > 0)),
        _filled(alive(summed, now, zone)),
        *map(_filled, notes),
        _filled(
            "This comes every week (DigestSchedule), whatever the balances. If it does not, the "
            "guard is gone: look at its stack."
        ),
        f"budget-guard {id}",
    ]
    return "\n\n".join(parts)


def opening(summed: Sequence[AccountWeek], now: datetime, zone: tzinfo) -> str:
    """How many accounts there are and should be seen to, and what they cost."""
    until = f"The week until {clock(now, zone)}"
    if not summed:
        return f"{until}: no account was checked. Put an API key into the secret; see README.md."
    ill = sum(not one.well for one in summed)
    accounts = counted(f"{len(summed):,}", "account")
    needs = f"{ill:,} of {accounts} should be seen to" if ill else f"{accounts}, all well"
    return f"{until}: {needs}. It cost {cost(summed)}."


def _account(one: AccountWeek, titles: Mapping[str, str], now: datetime, zone: tzinfo) -> str:
    lines = [f"{named(one, titles)}: {state(one)}"]
    for week in one.weeks:
        facts = _facts(week, alone=len(one.weeks) == 1)
        lines += [_fact(name, fact) for name, fact in facts]
    lines += [_fact("Checks", fact) for fact in _checks(one, now, zone)]
    return "\n".join(lines)


def named(one: AccountWeek, titles: Mapping[str, str]) -> str:
    """`Novita AI "team-a"`."""
    return f'{titles.get(one.account.provider, one.account.provider)} "{one.account.label}"'


def _facts(week: Week, *, alone: bool) -> list[tuple[str, str]]:
    severity = "" if alone else f" ({week.severity.word})"
    facts = [("Balance", amount(week.balance, week.currency) + severity)]
    facts.append(("Week", f"{_spent(week)}{_against(week)}"))
    if week.added:
        # What was spent between two readings hides in a rise between them.
        facts.append(("Top-ups", f"at least {amount(week.added, week.currency)}"))
    facts.append(("Lasts", _lasts(week.forecast)))
    return facts


def _lasts(end: Forecast | None) -> str:
    if end is None:
        return lasts(None)
    ends = (end.earliest, end.latest)
    return lasts(end.runway, ends) + ("" if too_wide(ends) else between(end.runway, ends))


def _spent(week: Week) -> str:
    spent = f"{_cents(week.spent, week.currency)} spent"
    if not week.known:
        return "not known yet"
    return spent if week.known >= WEEK else f"{spent} in {length(week.known)}"


def _against(week: Week) -> str:
    """The pace of the week against the one before, or what is known of that."""
    if week.earlier < DAY:
        return ""
    before = "the week before" if week.earlier >= WEEK else f"the {length(week.earlier)} before"
    if not week.before:
        return f"; nothing in {before}"
    change = (week.spent / Decimal(week.known / DAY)) / (week.before / Decimal(week.earlier / DAY)) - 1
    a_day = "" if week.earlier >= WEEK else " a day"
    if abs(change) < Decimal("0.005"):
        return f", as much{a_day} as in {before}"
    return f", {abs(change):.0%} {'more' if change > 0 else 'less'}{a_day} than in {before}"


def _checks(one: AccountWeek, now: datetime, zone: tzinfo) -> list[str]:
    checks = [f"{one.failed} failed in the last 7 days" if one.failed else "none failed"]
    if one.failing_since:
        checks.append(f"not readable since {clock(one.failing_since, zone)}")
    if one.silent:
        checks.append(
            f"the last on {clock(one.checked_at, zone)}, {length(now - one.checked_at)} ago; "
            "unless you took the account out of the secret, look at the log of CheckBalances"
        )
    return checks


def alive(summed: Sequence[AccountWeek], now: datetime, zone: tzinfo) -> str:
    """When the guard last checked."""
    if not summed:
        return "No check is remembered from the last two weeks."
    last = max(one.checked_at for one in summed)
    ago = f"{length(now - last)} ago" if now > last else "just now"
    return f"The guard last checked on {clock(last, zone)}, {ago}."


def data(summed: Sequence[AccountWeek]) -> list[dict[str, object]]:
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
        "spent": burn(week.spent),
        "spent_the_week_before": burn(week.before) if whole else None,
        "topped_up": money(week.added),
        "burn_per_day": burn(week.forecast.burn_per_day) if week.forecast else None,
        "runway_days": days(week.forecast.runway) if week.forecast else None,
    }


def _cents(value: Decimal, currency: str) -> str:
    return f"{burn(value)} {currency}"


def _fact(name: str, fact: str) -> str:
    return filled(fact, WIDTH, f"  {name:<9}", " " * 11)


def _filled(paragraph: str) -> str:
    return filled(paragraph, WIDTH)
