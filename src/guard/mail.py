"""The mail: what, how much, how fast, until when, since when, why, and what to do."""

from guard import wording
from guard.headlines import TEST_TEXT, Contact, ends, headline, lasts
from guard.model import Alert, CheckError, Condition, Kind, Severity

WIDTH = 72


def mail(alert: Alert, contact: Contact) -> str:
    """The whole text, readable in a narrow window."""
    if alert.condition is None:
        said = (headline(alert, contact), TEST_TEXT, *alert.why)
        return "\n\n".join((*map(_filled, said), _footer(alert)))
    parts = [
        _filled(headline(alert, contact)),
        "\n".join(_filled(text, name) for name, text in facts(alert)),
        _what_to_do(alert, contact),
        _why_again(alert),
        _footer(alert),
    ]
    return "\n\n".join(part for part in parts if part)


def _what_to_do(alert: Alert, contact: Contact) -> str:
    told = [_filled(f"- {step}", indent="  ") for step in steps(alert, contact)]
    return "\n".join(("What to do", *told)) if told else ""


def facts(alert: Alert) -> list[tuple[str, str]]:
    """The lines of the mail's table: what, how much, how fast, until when, since when, why."""
    lines = []
    if alert.balance is not None and alert.currency is not None:
        lines.append(("Balance", wording.amount(alert.balance, alert.currency)))
        lines.append(("Spending", _spending(alert)))
        lines.append(("Lasts", _until(alert)))
    if alert.since:
        since = wording.clock(alert.since)
        span = alert.observed_at - alert.since
        lines.append(("Since", f"{since}, for {wording.length(span)}" if span else since))
    lines += [("Why" if n == 0 else "and", f"{text};") for n, text in enumerate(alert.why)]
    name, text = lines[-1]
    return [*lines[:-1], (name, text.rstrip(";") + ".")] if alert.why else lines


def _spending(alert: Alert) -> str:
    if alert.burn_per_day is None:
        return "not known before a day of history"
    return f"{wording.amount(alert.burn_per_day, alert.currency or '')} a day"


def _until(alert: Alert) -> str:
    if alert.severity is Severity.EXHAUSTED:
        return lasts(alert)
    end = ends(alert)
    sure = wording.between(alert.runway, alert.between)
    return wording.lasts(alert.runway) + sure + (f", until {wording.clock(end)}" if end else "")


def steps(alert: Alert, contact: Contact) -> list[str]:
    """What to do, the most useful first."""
    if alert.kind is Kind.RECOVERY:
        return []
    top_up = f"Top up: {contact.top_up}"
    if alert.condition is Condition.CHECK_FAILING:
        error = CheckError(alert.reasons[0])
        steps = [contact.advice.get(error), wording.ADVICE[error]]
        if contact.status_page:
            steps.append(f"Status: {contact.status_page}")
        if contact.top_up:
            steps.append(f"See for yourself: {contact.top_up}")
        return [step for step in steps if step]
    if alert.condition is Condition.FAST_DRAIN:
        return ["If this isn't you, delete the key at the provider now: it may have leaked", top_up]
    if alert.condition is Condition.ON_CREDIT:
        return [top_up, "Or set the watched figure to cash, to be warned before it is used up"]
    after = f"Without credit, {contact.when_empty}"
    return [top_up, after]


def _why_again(alert: Alert) -> str:
    if alert.next_reminder is None:
        return ""
    again = wording.length(alert.next_reminder)
    return _filled(
        f"You get this once, and again when it gets worse or is over. While it lasts, "
        f"a reminder comes after {again} (REMIND_EVERY)."
    )


def _footer(alert: Alert) -> str:
    return f"Checked {wording.clock(alert.observed_at)}\nbudget-guard {alert.id}"


def _filled(text: str, name: str = "", indent: str = "") -> str:
    first, rest = (f"{name:<10}", " " * 10) if name else ("", indent)
    return wording.filled(text, WIDTH, first, rest)
