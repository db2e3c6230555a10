"""Several notifications of one kind as one message: how many and why first, then the worst.

SNS takes 256 KB, and the texts for programs, mail and chat are in a message twice.
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo

from guard.alert import id_of
from guard.model import Severity
from messages.chat import SHOWN as SHOWN_IN_CHAT
from messages.chat import notification
from messages.format import clock, filled
from messages.line import subject_tag
from messages.mail import WIDTH
from messages.message import Message
from messages.payload import SCHEMA
from messages.render import SUBJECT_LENGTH
from messages.sms import one_part

SEVERAL = "several"
FEWEST = 6  # five are still told one by one
MOST = 1200  # in one message, so that the ids of all stay far below what SNS takes
SHOWN = 50
CAUSES = 3  # in the first line


def together(messages: Sequence[Message], titles: Mapping[str, str], zone: tzinfo) -> Message:
    """One message for several of one kind. `titles` are the providers' names as people know them."""
    ordered = sorted(
        messages, key=lambda one: (-_rank(one.severity), -_rank(one.peak), one.provider, one.account)
    )
    first, id = ordered[0], id_of(*sorted(one.id for one in messages))
    opening = _opening(ordered, titles, zone)
    peak = max((one.peak for one in ordered), key=_rank)
    providers = {one.provider for one in ordered}
    payload = {
        "schema": SCHEMA,
        "id": id,
        "episode": id,
        "kind": first.kind,
        "condition": SEVERAL,
        "severity": first.severity,
        "peak": peak,
        "provider": first.provider if len(providers) == 1 else SEVERAL,
        "account": SEVERAL,
        "observed_at": max(one.observed_at for one in ordered),
        "count": len(ordered),
        "ids": [one.id for one in ordered],
        "alerts": [json.loads(one.payload) for one in ordered[:SHOWN]],
    }
    how_bad = subject_tag(first.severity, first.kind)
    subject = f"[{how_bad}] {opening}"[:SUBJECT_LENGTH]
    about = SEVERAL if len(providers) > 1 else f"{first.provider}/{SEVERAL}"
    return Message(
        id=id,
        episode=id,
        kind=first.kind,
        condition=SEVERAL,
        severity=first.severity,
        peak=peak,
        provider=str(payload["provider"]),
        account=SEVERAL,
        currency=None,
        observed_at=str(payload["observed_at"]),
        since=min(one.since for one in ordered),
        line=opening[:SUBJECT_LENGTH],
        cause=first.cause,
        subject=subject,
        mail=_mail(opening, ordered, titles, id),
        sms=one_part(f"{how_bad.upper()}: {opening}. Your mail lists them."),
        chat=notification(payload, about, subject, _for_chat(opening, ordered), "Your mail lists them"),
        payload=json.dumps(payload),
    )


def _rank(word: str) -> int:
    return Severity.from_word(word)


def _opening(messages: Sequence[Message], titles: Mapping[str, str], zone: tzinfo) -> str:
    """How many and why: `DeepSeek: 1,000 balances can't be read (timeout) since ...`."""
    causes = _by_cause(messages, titles)
    if len(causes) == 1:
        since = datetime.fromisoformat(min(one.since for one in messages))
        return f"{causes[0]} since {clock(since, zone)}"
    more = [f"{len(causes) - CAUSES} more causes"] if len(causes) > CAUSES else []
    return f"{len(messages):,} {messages[0].kind}s: {'; '.join([*causes[:CAUSES], *more])}"


def _by_cause(messages: Sequence[Message], titles: Mapping[str, str]) -> list[str]:
    """How many by provider and cause, the most first."""
    counts = Counter((one.provider, one.cause) for one in messages)
    return [
        f"{titles.get(provider, provider)}: {cause.replace('{n}', f'{count:,}')}"
        for (provider, cause), count in counts.most_common()
    ]


def _mail(opening: str, messages: Sequence[Message], titles: Mapping[str, str], id: str) -> str:
    lines = [filled(f"- {one.line}", WIDTH, rest="  ") for one in messages[:SHOWN]]
    left = messages[SHOWN:]
    rest = (
        [filled(f"And {len(left):,} more: {'; '.join(_by_cause(left, titles))}.", WIDTH)]
        if left
        else []
    )
    return "\n\n".join((filled(f"{opening}.", WIDTH), "\n".join(lines), *rest, f"budget-guard {id}"))


def _for_chat(opening: str, messages: Sequence[Message]) -> str:
    left = len(messages) - SHOWN_IN_CHAT
    lines = [f"- {one.line}" for one in messages[:SHOWN_IN_CHAT]]
    return "\n".join((f"{opening}.", *lines, *[f"- and {left:,} more"] * (left > 0)))
