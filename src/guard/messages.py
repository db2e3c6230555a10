"""A notification in the words of each channel: mail, SMS, chat, and JSON for programs.

Limits: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html (subject),
https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html (GSM-7), and
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html (chat).
"""

import json
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guard import wording
from guard.figures import days, money, pace, timestamp
from guard.model import Alert, CheckError, Condition, Kind, Severity

SCHEMA = "budget-guard.alert.v1"
SUBJECT_LENGTH = 99
SMS_LENGTH = 160
MAIL_WIDTH = 72
SHORTEST_LABEL = 8

_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")
# ASCII without the characters that GSM-7 lacks or counts double.
_NOT_GSM7 = re.compile(r"[^A-Za-z0-9 @$_!\"#%&'()*+,\-./:;<=>?]")


class Contact(Protocol):
    """What a message has to know of a provider."""

    @property
    def title(self) -> str:
        """The name as people know it."""

    @property
    def top_up(self) -> str:
        """The page where money is added."""

    @property
    def status_page(self) -> str | None:
        """The page that tells of outages, if there is one."""

    @property
    def advice(self) -> Mapping[CheckError, str]:
        """What to do about an error, where this provider knows better."""

    @property
    def when_empty(self) -> str:
        """What happens without credit."""


@dataclass(frozen=True, slots=True)
class Message:
    """What SNS is given: a subject, a text for each protocol, and attributes for filters."""

    subject: str
    texts: Mapping[str, str]
    attributes: Mapping[str, str]


def render(alert: Alert, contact: Contact) -> Message:
    """Write one alert for every channel."""
    mail = _mail(alert, contact)
    chat = json.dumps(_chat(alert, contact))
    data = json.dumps(as_json(alert))
    return Message(
        subject=_printable(_subject(alert, contact))[:SUBJECT_LENGTH],
        texts={
            "default": mail,
            "email": mail,
            "sms": _sms(alert, contact),
            "lambda": data,
            "sqs": data,
            "http": chat,
            "https": chat,
        },
        attributes={
            "severity": alert.severity.word,
            "kind": alert.kind,
            "condition": alert.condition or "none",
            "provider": alert.account.provider,
            "account": alert.account.label,
            "id": alert.id,
        },
    )


def as_json(alert: Alert) -> dict[str, object]:
    """The alert for programs, schema `budget-guard.alert.v1`; what isn't known is null."""
    ends = _ends(alert)
    return {
        "schema": SCHEMA,
        "id": alert.id,
        "episode": alert.episode,
        "kind": alert.kind,
        "condition": alert.condition,
        "severity": alert.severity.word,
        "provider": alert.account.provider,
        "account": alert.account.label,
        "currency": alert.currency,
        "balance": None if alert.balance is None else money(alert.balance),
        "burn_per_day": None if alert.burn_per_day is None else pace(alert.burn_per_day),
        "runway_days": None if alert.runway is None else days(alert.runway),
        "runs_out_at": None if ends is None else timestamp(ends),
        "reasons": list(alert.reasons),
        "observed_at": timestamp(alert.observed_at),
    }


_HEADLINES = {
    (Condition.LOW_BALANCE, Kind.ALERT): "{who} is {state}: {balance} left.",
    (Condition.LOW_BALANCE, Kind.REMINDER): "{who} is still {state}: {balance} left.",
    (Condition.LOW_BALANCE, Kind.RECOVERY): "{who} has recovered: {balance}.",
    (Condition.FAST_DRAIN, Kind.ALERT): "Money is leaving {who} unusually fast.",
    (Condition.FAST_DRAIN, Kind.REMINDER): "Money is still leaving {who} unusually fast.",
    (Condition.FAST_DRAIN, Kind.RECOVERY): "The fast drain of {who} is over.",
    (Condition.ON_CREDIT, Kind.ALERT): "{who} has begun to live on credit.",
    (Condition.ON_CREDIT, Kind.REMINDER): "{who} still lives on credit.",
    (Condition.ON_CREDIT, Kind.RECOVERY): "{who} spends its own money again.",
    (Condition.CHECK_FAILING, Kind.ALERT): "The balance of {who} can't be read.",
    (Condition.CHECK_FAILING, Kind.REMINDER): "The balance of {who} still can't be read.",
    (Condition.CHECK_FAILING, Kind.RECOVERY): "The balance of {who} can be read again.",
    (None, Kind.TEST): "This is a test of budget-guard. Nothing is wrong.",
}

_SUBJECTS = {
    Condition.LOW_BALANCE: "{balance} left, {lasts}",
    Condition.FAST_DRAIN: "{gone}, {balance} left",
    Condition.ON_CREDIT: "living on credit",
    Condition.CHECK_FAILING: "balance can't be read ({reason})",
}

_RECOVERED = {
    Condition.LOW_BALANCE: "recovered, {balance}",
    Condition.FAST_DRAIN: "fast drain is over, {balance} left",
    Condition.ON_CREDIT: "no longer on credit, {balance}",
    Condition.CHECK_FAILING: "balance can be read again",
}

_STATES = {
    Severity.OK: "well",
    Severity.WARNING: "low",
    Severity.CRITICAL: "critically low",
    Severity.EXHAUSTED: "out of credit",
}

TEST_TEXT = "If you can read this, its alerts reach you here."


def _words(alert: Alert, contact: Contact) -> dict[str, str]:
    known = alert.balance is not None and alert.currency is not None
    return {
        "who": f'{contact.title} account "{alert.account.label}"',
        "state": _STATES[alert.severity],
        "balance": wording.amount(alert.balance, alert.currency) if known else "unknown",  # type: ignore[arg-type]
        "lasts": _lasts(alert),
        "reason": alert.reasons[0] if alert.reasons else "",
        "gone": alert.why[0].partition(":")[0] if alert.why else "",
    }


def _lasts(alert: Alert) -> str:
    if alert.severity is Severity.EXHAUSTED:
        return "used up"
    return wording.lasts(alert.runway) if alert.runway is not None else "runway not known yet"


def _subject(alert: Alert, contact: Contact) -> str:
    if alert.condition is None:
        return "[test] budget-guard: alerts reach you here"
    recovered = alert.kind is Kind.RECOVERY
    tag = "ok" if recovered else alert.severity.word.upper()
    again = ", reminder" if alert.kind is Kind.REMINDER else ""
    what = (_RECOVERED if recovered else _SUBJECTS)[alert.condition]
    text = f"[{tag}{again}] {contact.title} {{}}: {what.format_map(_words(alert, contact))}"
    return _labelled(text, alert.account.label, SUBJECT_LENGTH)


def _headline(alert: Alert, contact: Contact) -> str:
    return _HEADLINES[alert.condition, alert.kind].format_map(_words(alert, contact))


def _mail(alert: Alert, contact: Contact) -> str:
    if alert.condition is None:
        return f"{_headline(alert, contact)}\n\n{TEST_TEXT}\n\n{_footer(alert)}"
    parts = [
        _filled(_headline(alert, contact)),
        "\n".join(_filled(text, name) for name, text in _facts(alert)),
        _what_to_do(alert, contact),
        _why_again(alert),
        _footer(alert),
    ]
    return "\n\n".join(part for part in parts if part)


def _what_to_do(alert: Alert, contact: Contact) -> str:
    steps = [_filled(f"- {step}", indent="  ") for step in _steps(alert, contact)]
    return "\n".join(("What to do", *steps)) if steps else ""


def _facts(alert: Alert) -> list[tuple[str, str]]:
    """The lines of the mail's table: what, how much, how fast, until when, since when, why."""
    facts = []
    if alert.balance is not None and alert.currency is not None:
        facts.append(("Balance", wording.amount(alert.balance, alert.currency)))
        facts.append(("Spending", _spending(alert)))
        facts.append(("Lasts", _until(alert)))
    if alert.since:
        since = wording.clock(alert.since)
        span = alert.observed_at - alert.since
        facts.append(("Since", f"{since}, for {wording.length(span)}" if span else since))
    facts += [("Why" if n == 0 else "and", f"{text};") for n, text in enumerate(alert.why)]
    name, text = facts[-1]
    return [*facts[:-1], (name, text.rstrip(";") + ".")] if alert.why else facts


def _spending(alert: Alert) -> str:
    if alert.burn_per_day is None:
        return "not known before six hours of history"
    return f"{wording.amount(alert.burn_per_day, alert.currency or '')} a day"


def _until(alert: Alert) -> str:
    ends = _ends(alert)
    lasts = "used up" if alert.severity is Severity.EXHAUSTED else wording.lasts(alert.runway)
    return lasts + (f", until {wording.clock(ends)}" if ends and alert.runway else "")


def _steps(alert: Alert, contact: Contact) -> list[str]:
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
    """Wrap a paragraph for a narrow mail window; a link is never broken."""
    column = " " * 10 if name else indent
    return textwrap.fill(
        text,
        MAIL_WIDTH,
        initial_indent=f"{name:<10}" if name else "",
        subsequent_indent=column,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _sms(alert: Alert, contact: Contact) -> str:
    if alert.condition is None:
        return f"budget-guard: this is a test. {TEST_TEXT}"
    recovered = alert.kind is Kind.RECOVERY
    what = (_RECOVERED if recovered else _SUBJECTS)[alert.condition]
    tag = "OK" if recovered else alert.severity.word.upper()
    text = f"{tag}: {contact.title} {{}}: {what.format_map(_words(alert, contact))}."
    link = _link(alert, contact)
    sms = _labelled(text + link, alert.account.label, SMS_LENGTH)
    if len(sms) > SMS_LENGTH:  # the link gives way next: it stands in the mail as well
        sms = _labelled(text, alert.account.label, SMS_LENGTH)[:SMS_LENGTH]
    return _NOT_GSM7.sub("?", sms)


def _labelled(text: str, label: str, length: int) -> str:
    """Put the label in the place of `{}`, shortened if need be: the figures are the message."""
    room = length - len(text) + len("{}")
    return text.replace("{}", label if len(label) <= room else label[: max(room, SHORTEST_LABEL)])


def _link(alert: Alert, contact: Contact) -> str:
    if alert.kind is Kind.RECOVERY:
        return ""
    if alert.condition is Condition.CHECK_FAILING:
        return " Your mail says what to do."
    return f" {contact.top_up.removeprefix('https://')}"


def _chat(alert: Alert, contact: Contact) -> dict[str, object]:
    """The custom notification that AWS's chat applications show in Slack and Teams."""
    facts = "\n".join(f"*{name}*: {text}" for name, text in _facts(alert)) if alert.condition else ""
    title = _printable(_subject(alert, contact))
    context = {name: str(value) for name, value in as_json(alert).items() if isinstance(value, str)}
    return {
        "version": "1.0",
        "source": "custom",
        "id": alert.id,
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": f"{_headline(alert, contact)}\n{facts or TEST_TEXT}",
            "nextSteps": _steps(alert, contact) if alert.condition else [],
            "keywords": [alert.severity.word, alert.kind, str(alert.account)],
        },
        "metadata": {
            "threadId": alert.episode,
            "summary": title,
            "eventType": alert.condition or alert.kind,
            "relatedResources": [str(alert.account)],
            "additionalContext": context,
        },
    }


def _ends(alert: Alert) -> datetime | None:
    if alert.runway is None or alert.runway >= wording.LONGEST:
        return None
    return alert.observed_at + alert.runway


def _printable(text: str) -> str:
    return _PRINTABLE_ASCII.sub("?", text)
