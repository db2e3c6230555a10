"""A decision becomes a message: the one place where all channels come together.

The limit of the subject: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from guard.alert import Alert, CheckFailing
from guard.figures import timestamp
from guard.model import Contact
from guard.record import dumps_episode
from guard.week import AccountWeek
from messages import digest, digest_chat
from messages.chat import notification
from messages.line import cause, headline, labelled, subject_tag, summed_up
from messages.mail import TEST_HEADLINE, TEST_TEXT, facts, mail, steps, test_mail
from messages.message import Message
from messages.payload import as_json
from messages.sms import one_part, sms

SUBJECT_LENGTH = 99

_NOT_PRINTABLE_ASCII = re.compile(r"[^\x20-\x7e]")


def render(alert: Alert, contact: Contact, zone: tzinfo = UTC) -> Message:
    """Write an alert about an account; what a person reads has its times in `zone`."""
    line = f"{contact.title} {{}}: {summed_up(alert, contact)}"
    table = "\n".join(f"*{name}*: {text}" for name, text in facts(alert, zone))
    return _message(
        alert,
        as_json(alert),
        line=labelled(line, alert.account.label, SUBJECT_LENGTH)[:SUBJECT_LENGTH],
        subject=labelled(
            f"[{subject_tag(alert.severity.word, alert.kind)}] {line}",
            alert.account.label,
            SUBJECT_LENGTH,
        ),
        mail=mail(alert, contact, zone),
        sms=sms(alert, contact),
        chat=(f"{headline(alert, contact)}\n{table}", *steps(alert, contact)),
    )


def render_test(alert: Alert, notes: Sequence[str], zone: tzinfo = UTC) -> Message:
    """Write a test; `notes` say whom it does not reach."""
    return _message(
        alert,
        as_json(alert),
        line="budget-guard: a test",
        subject="[test] budget-guard: alerts reach you here",
        mail=test_mail(alert, notes, zone),
        sms=f"budget-guard: this is a test. {TEST_TEXT}",
        chat=(f"{TEST_HEADLINE}\n{TEST_TEXT}",),
    )


def render_digest(
    alert: Alert,
    weeks: Sequence[AccountWeek],
    titles: Mapping[str, str],
    notes: Sequence[str],
    zone: tzinfo = UTC,
) -> Message:
    """Write a digest.

    `titles` are the providers' names as people know them, `notes` what else is to be told.
    """
    text = digest.text(weeks, titles, alert.observed_at, notes, alert.id, zone)
    subject = digest.subject(weeks)
    line = f"budget-guard: {subject.removeprefix('[digest] ')}."
    return _message(
        alert,
        {**as_json(alert), "accounts": digest.data(weeks)},
        line=line,
        subject=subject,
        mail=text,
        sms=one_part(line),
        chat=(digest_chat.text(weeks, titles, alert.observed_at, notes, zone), digest_chat.STEP),
    )


def _message(
    alert: Alert,
    payload: Mapping[str, object],
    *,
    line: str,
    subject: str,
    mail: str,
    sms: str,
    chat: tuple[str, ...],
) -> Message:
    # `chat` is what it says, then what to do.
    printable = _NOT_PRINTABLE_ASCII.sub("?", subject)
    return Message(
        id=alert.id,
        episode=alert.episode,
        kind=alert.kind,
        condition=alert.condition,
        severity=alert.severity.word,
        peak=alert.peak.word,
        provider=alert.account.provider,
        account=alert.account.label,
        currency=alert.currency,
        observed_at=timestamp(alert.observed_at),
        since=timestamp(_since(alert)),
        line=line,
        cause=cause(alert) if alert.condition else alert.kind,
        subject=printable[:SUBJECT_LENGTH],
        mail=mail,
        sms=sms,
        chat=notification(payload, str(alert.account), printable, *chat),
        payload=json.dumps(payload),
        before=dumps_episode(alert.before) if alert.before else "",
    )


def _since(alert: Alert) -> datetime:
    """When what it is about began."""
    failing = alert.facts.since if isinstance(alert.facts, CheckFailing) else None
    return failing or alert.since or alert.observed_at
