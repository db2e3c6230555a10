"""A notification in the words of each channel: mail, SMS, chat, and JSON for programs.

Limits: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html (subject),
https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html (GSM-7), and
https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html (chat).
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guard import digest
from guard.digest import Summed
from guard.figures import days, money, pace, timestamp
from guard.headlines import TEST_TEXT, Contact, ends, headline, labelled, summed_up
from guard.mail import facts, mail, steps
from guard.model import Alert, Condition, Kind

SCHEMA = "budget-guard.alert.v1"
SUBJECT_LENGTH = 99
SMS_LENGTH = 160

_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")
# ASCII without the characters that GSM-7 lacks or counts double.
_NOT_GSM7 = re.compile(r"[^A-Za-z0-9 @$_!\"#%&'()*+,\-./:;<=>?]")


@dataclass(frozen=True, slots=True)
class Message:
    """What SNS is given: a subject, a text for each protocol, and attributes for filters."""

    subject: str
    texts: Mapping[str, str]
    attributes: Mapping[str, str]


def render(alert: Alert, contact: Contact) -> Message:
    """Write one alert for every channel."""
    lines = "\n".join(f"*{name}*: {text}" for name, text in facts(alert)) if alert.condition else ""
    return _message(
        alert,
        as_json(alert),
        subject=_subject(alert, contact),
        text=mail(alert, contact),
        sms=_sms(alert, contact),
        chat=f"{headline(alert, contact)}\n{lines or TEST_TEXT}",
        steps=steps(alert, contact) if alert.condition else [],
    )


def render_digest(
    alert: Alert, summed: Sequence[Summed], titles: Mapping[str, str], delivery: Sequence[str]
) -> Message:
    """Write a digest for every channel.

    `titles` are the providers' names as people know them, `delivery` what is to be said of it.
    """
    text = digest.text(summed, titles, alert.observed_at, delivery, alert.id)
    subject = digest.subject(summed)
    return _message(
        alert,
        {**as_json(alert), "accounts": digest.data(summed)},
        subject=subject,
        text=text,
        sms=f"budget-guard: {subject.removeprefix('[digest] ')}."[:SMS_LENGTH],
        chat=f"```\n{text}\n```",
        steps=[],
    )


def _message(
    alert: Alert,
    data: Mapping[str, object],
    *,
    subject: str,
    text: str,
    sms: str,
    chat: str,
    steps: Sequence[str],
) -> Message:
    subject = _printable(subject)
    notification = json.dumps(_chat(alert, subject, chat, steps))
    return Message(
        subject=subject[:SUBJECT_LENGTH],
        texts={
            "default": text,
            "email": text,
            "sms": _NOT_GSM7.sub("?", sms),
            "lambda": json.dumps(data),
            "sqs": json.dumps(data),
            "http": notification,
            "https": notification,
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
    end = ends(alert)
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
        "runs_out_at": None if end is None else timestamp(end),
        "reasons": list(alert.reasons),
        "observed_at": timestamp(alert.observed_at),
    }


def _subject(alert: Alert, contact: Contact) -> str:
    if alert.condition is None:
        return "[test] budget-guard: alerts reach you here"
    tag = "ok" if alert.kind is Kind.RECOVERY else alert.severity.word.upper()
    again = ", reminder" if alert.kind is Kind.REMINDER else ""
    text = f"[{tag}{again}] {contact.title} {{}}: {summed_up(alert, contact)}"
    return labelled(text, alert.account.label, SUBJECT_LENGTH)


def _sms(alert: Alert, contact: Contact) -> str:
    if alert.condition is None:
        return f"budget-guard: this is a test. {TEST_TEXT}"
    tag = "OK" if alert.kind is Kind.RECOVERY else alert.severity.word.upper()
    text = f"{tag}: {contact.title} {{}}: {summed_up(alert, contact)}."
    link = _link(alert, contact)
    sms = labelled(text + link, alert.account.label, SMS_LENGTH)
    if len(sms) > SMS_LENGTH:  # the link gives way next: it stands in the mail as well
        sms = labelled(text, alert.account.label, SMS_LENGTH)[:SMS_LENGTH]
    return sms


def _link(alert: Alert, contact: Contact) -> str:
    if alert.kind is Kind.RECOVERY:
        return ""
    if alert.condition is Condition.CHECK_FAILING:
        return " Your mail says what to do."
    return f" {contact.top_up.removeprefix('https://')}"


def _chat(alert: Alert, title: str, description: str, steps: Sequence[str]) -> dict[str, object]:
    """The custom notification that AWS's chat applications show in Slack and Teams."""
    context = {name: str(value) for name, value in as_json(alert).items() if isinstance(value, str)}
    return {
        "version": "1.0",
        "source": "custom",
        "id": alert.id,
        "content": {
            "textType": "client-markdown",
            "title": title,
            "description": description,
            "nextSteps": list(steps),
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


def _printable(text: str) -> str:
    return _PRINTABLE_ASCII.sub("?", text)
