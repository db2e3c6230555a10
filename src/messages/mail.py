"""The mail: what, how much, how fast, until when, since when, why, and what to do."""

from collections.abc import Sequence
from datetime import UTC, tzinfo

from guard.alert import Alert, Condition, Kind, Spending
from guard.history import DAY, WEEK
from guard.model import CheckError, Contact, Severity
from messages.format import amount, between, clock, filled, lasts, length, too_wide
from messages.line import ends, headline, remaining
from messages.reasons import why

TEST_HEADLINE = "This is a test of budget-guard. Nothing is wrong."
TEST_TEXT = "If you can read this, its alerts reach you here."
ADVICE = {
    CheckError.CONFIG: (
        "Correct the account's entry in the secret; its name is the stack's output ApiKeys"
    ),
    CheckError.AUTH: (
        "Put a valid key into the secret; it is read anew in every run, so nothing else needs a restart"
    ),
    CheckError.PERMISSION: (
        "Give the key the right to read the balance, or put another into the secret; it is read anew "
        "in every run"
    ),
    CheckError.BILLING: "Look at the account's billing page; calls may be refused already",
    CheckError.RATE_LIMITED: "Use a longer Schedule, or find out who else asks with this key",
    CheckError.TIMEOUT: "Wait, or look at the provider's status",
    CheckError.UNREACHABLE: "Wait, or look at the provider's status",
    CheckError.REDIRECTED: "See whether the provider moved its API, and whether an update is out",
    CheckError.SERVER_ERROR: "Wait, or look at the provider's status",
    CheckError.BAD_RESPONSE: (
        "The key is probably fine. If a firewall answered, wait, or ask the provider to let the guard "
        "in; else see whether the provider changed its API, and whether an update is out"
    ),
}
LEAKED = "If this isn't you, delete the key at the provider now: it may have leaked"

WIDTH = 72


def mail(alert: Alert, contact: Contact, zone: tzinfo) -> str:
    """The whole text, readable in a narrow window."""
    parts = [
        _filled(headline(alert, contact)),
        "\n".join(_filled(text, name) for name, text in facts(alert, zone)),
        _what_to_do(alert, contact),
        _why_again(alert),
        _footer(alert, zone),
    ]
    return "\n\n".join(part for part in parts if part)


def test_mail(alert: Alert, notes: Sequence[str], zone: tzinfo) -> str:
    """The text of a test; `notes` say whom it does not reach."""
    texts = (TEST_HEADLINE, TEST_TEXT, *notes)
    return "\n\n".join((*map(_filled, texts), _footer(alert, zone)))


def _what_to_do(alert: Alert, contact: Contact) -> str:
    told = [_filled(f"- {step}", indent="  ") for step in steps(alert, contact)]
    return "\n".join(("What to do", *told)) if told else ""


def facts(alert: Alert, zone: tzinfo = UTC) -> list[tuple[str, str]]:
    """The lines of the mail's table: what, how much, how fast, until when, since when, why."""
    lines = []
    if alert.balance is not None and alert.currency is not None:
        lines.append(("Balance", amount(alert.balance, alert.currency)))
        if alert.spending:
            lines.append(("Spent", _spent(alert.spending, alert.currency)))
        if alert.runway is not None or "other_wallet" not in alert.reasons:
            lines.append(("Lasts", _until(alert, zone)))
    if alert.since:
        since = clock(alert.since, zone)
        span = alert.observed_at - alert.since
        lines.append(("Since", f"{since}, for {length(span)}" if span else since))
    reasons = why(alert, zone)
    stops = [";"] * (len(reasons) - 1) + ["."]
    lines += [
        ("and" if n else "Why", text + end)
        for n, (text, end) in enumerate(zip(reasons, stops, strict=bool(reasons)))
    ]
    return lines


def _spent(spending: Spending, currency: str) -> str:
    """What was spent, so that it can be checked against the provider's own page."""
    day = f"{'at least ' * spending.day_hidden}{amount(spending.day, currency)} in the last 24 hours"
    week = f"{'at least ' * spending.week_hidden}{amount(spending.week, currency)}"
    if not spending.watched:
        return "not known before the second check"
    if spending.watched >= WEEK:
        return f"{day}, {week} in the last 7 days"
    since = f"{week} in the {length(spending.watched)} since the first check"
    return since if spending.watched <= DAY else f"{day}, {since}"


def _until(alert: Alert, zone: tzinfo) -> str:
    if alert.severity is Severity.EXHAUSTED:
        return remaining(alert)
    if alert.drain:
        return f"{remaining(alert)}, until {clock(alert.observed_at + alert.drain.lasts, zone)}"
    if alert.runway is None:
        return "not known before a day of history"
    if alert.runway_between and too_wide(alert.runway_between):
        earliest, latest = alert.runway_between
        return f"can't be told: {_doubt(alert)}, so {length(earliest)} or {length(latest)} is possible"
    end = ends(alert)
    sure = between(alert.runway, alert.runway_between)
    return lasts(alert.runway) + sure + _rate(alert) + (f", until {clock(end, zone)}" if end else "")


def _doubt(alert: Alert) -> str:
    watched = alert.spending.watched if alert.spending else None
    if watched and watched < WEEK:
        return f"the account is known for only {length(watched)}"
    return "it is spent in bursts"


def _rate(alert: Alert) -> str:
    """The burn; under a day by the hour."""
    if not alert.burn_per_day or alert.runway is None:
        return ""
    by_hour = alert.runway < DAY
    rate = alert.burn_per_day / 24 if by_hour else alert.burn_per_day
    return f" at {amount(rate, alert.currency or '')} {'an hour' if by_hour else 'a day'}"


def steps(alert: Alert, contact: Contact) -> list[str]:
    """What to do, the most useful first."""
    if alert.kind is Kind.RECOVERY:
        return []
    top_up = f"Top up: {contact.top_up}" if contact.top_up else "Top up where this credit is bought"
    if alert.condition is Condition.CHECK_FAILING:
        error = CheckError(alert.reasons[0])
        steps = [contact.advice.get(error), ADVICE[error]]
        if contact.status_page:
            steps.append(f"Status: {contact.status_page}")
        if contact.top_up:
            steps.append(f"See for yourself: {contact.top_up}")
        return [step for step in steps if step]
    if alert.condition is Condition.FAST_DRAIN:
        return [LEAKED, top_up]
    if alert.condition is Condition.ON_CREDIT:
        return [top_up, "Or set the watched figure to cash, to be warned before it is used up"]
    after = f"Without credit, {contact.when_empty}"
    return [LEAKED, top_up, after] if alert.drain else [top_up, after]


def _why_again(alert: Alert) -> str:
    if alert.next_reminder is None:
        return ""
    again = length(alert.next_reminder)
    later = "" if alert.next_reminder >= WEEK else " Each further one waits twice as long."
    return _filled(
        f"You hear of this again when it gets worse or is over. While it lasts, a reminder "
        f"comes after {again} (REMIND_EVERY).{later}"
    )


def _footer(alert: Alert, zone: tzinfo) -> str:
    return f"Checked {clock(alert.observed_at, zone)}\nbudget-guard {alert.id}"


def _filled(text: str, name: str = "", indent: str = "") -> str:
    first, rest = (f"{name:<10}", " " * 10) if name else ("", indent)
    return filled(text, WIDTH, first, rest)
