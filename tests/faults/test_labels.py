"""Five hundred hostile account labels, in every channel that repeats them."""

import json
import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import batched

import pytest

from aws.metrics import blobs
from guard.alert import (
    Alert,
    CheckFailing,
    Condition,
    FastDrain,
    Kind,
    Known,
    LowBalance,
    OnCredit,
    Threshold,
)
from guard.drain import Drain
from guard.model import Account, Balance, CheckError, DrainRule, Failure, Judged, Severity
from messages.render import render, render_test
from providers import PROVIDERS
from tests.faults.guarded import KEYS

# https://docs.aws.amazon.com/sns/latest/dg/sms_sending-overview.html: what one part of 160 may hold.
GSM7 = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
LARGEST_MESSAGE = 256 * 1024
LABEL = re.compile(r"[A-Za-z0-9._-]{1,64}")
# What some reader takes for more than text: of mail, chat, JSON, EMF, templates, shells, screens.
HOSTILE = (
    *("{balance}", "{}", "{{", "{0.__class__}", "{who!r:>9999}", "%s", "%(who)s", "%n", "${jndi:x}"),
    *("\n", "\r\nBcc: a@b.example", "\t", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u2029", "\x0b"),
    *("<!channel>", "<@U1>", "<https://evil.example|Top up>", "[x](https://evil.example)"),
    *("*", "_", "`"),
    *('"', "\\", "'", '","severity":"ok', '"}', "\\u0000", "\\", "_aws", "CloudWatchMetrics", "NaN"),
    *(
        "€",
        "[",
        "]",
        "~",
        "^",
        "|",
        "\u201c",
        "￥",
        "→",
        "\U0001f4a9",
        "é",
        "ß",
        "日本",
        "\uff41",
        "\uff11",
    ),
    *("\u202e", "\u200b", "\ufeff", "e\u0301" * 9, "\ud800", "\udfff", "\uffff", "\u0430dmin"),
    *("'; DROP TABLE state;--", "$(reboot)", "`id`", "../../etc", "|", "<script>", "&amp;", "%00"),
    *("default", "entry-0", "test", "None", "null", "unknown", ".", "-", "--", "..", "_", "0", "1e9"),
    *("#damaged-0", ":", "/", "deepseek", " ", "  ", "", "a" * 64, "A" * 65, "x" * 300, "-" * 64),
)


def labels(count=500):
    """The hostile pieces alone, then put together at random, always the same ones."""
    chance, found = random.Random(4), dict.fromkeys(HOSTILE)  # nosec B311 # noqa: S311 - the same
    while len(found) < count:
        found["".join(chance.choices(HOSTILE, k=chance.randint(2, 4)))[:400]] = None
    return list(found)[:count]


LABELS = labels()
NOW = datetime(2026, 6, 10, tzinfo=UTC)


MOST = Decimal("-999999999999999.123456789012345678901234567890")
FACTS = {
    Condition.LOW_BALANCE: LowBalance((Threshold("balance", Severity.CRITICAL, -MOST),)),
    Condition.FAST_DRAIN: FastDrain(
        Drain(-MOST, timedelta(days=7), -MOST, Decimal(999)), DrainRule(Decimal("0.123"), timedelta(7))
    ),
    Condition.ON_CREDIT: OnCredit(MOST, -MOST),
    Condition.CHECK_FAILING: CheckFailing(
        (Known("USD", MOST, Severity.OK),), Failure(CheckError.RATE_LIMITED, "why"), 999, NOW
    ),
}


def alerts(account):
    """One alert of every kind and condition, with every figure at its longest."""
    for condition in (None, *Condition):
        kinds = (Kind.TEST,) if condition is None else (Kind.ALERT, Kind.REMINDER, Kind.RECOVERY)
        for kind in kinds:
            yield Alert(
                id="0" * 32,
                episode="1" * 32,
                kind=kind,
                condition=condition,
                severity=Severity.OK if kind is Kind.RECOVERY else Severity.CRITICAL,
                account=account,
                observed_at=NOW,
                currency="USD",
                balance=MOST,
                burn_per_day=Decimal("123456789012345.123456"),
                runway=timedelta(days=360, minutes=1),
                reasons=("rate_limited",),
                since=NOW - timedelta(days=400),
                facts=FACTS.get(condition),
                next_reminder=timedelta(hours=6),
            )


def assert_deliverable(subject, texts, label):
    """What SNS takes, and what a telephone, a chat and a program can show."""
    assert re.fullmatch(r"[\x21-\x7e][\x20-\x7e]{0,98}", subject)
    assert len(texts["sms"]) <= 146
    assert set(texts["sms"]) <= GSM7
    assert all(isinstance(text, str) for text in texts.values())
    assert len(json.dumps(texts)) <= LARGEST_MESSAGE
    for protocol in ("lambda", "sqs"):
        data = json.loads(texts[protocol])
        assert data["schema"] == "budget-guard.alert.v1"
        assert data["account"] == label
    for protocol in ("http", "https"):
        chat = json.loads(texts[protocol])
        assert (chat["version"], chat["source"]) == ("1.0", "custom")
        assert set(chat) == {"version", "source", "id", "content", "metadata"}
        assert not re.search(r"[\x00-\x1f\x7f]", chat["content"]["title"])


@pytest.mark.parametrize("provider", ["deepseek", "novita"])
def test_every_channel_takes_a_hostile_label(provider):
    for label in LABELS:
        for alert in alerts(Account(provider, label)):
            contact = PROVIDERS[provider].contact
            message = render(alert, contact) if alert.condition else render_test(alert, ())
            assert_deliverable(message.subject, message.texts, label)


def test_the_figures_of_an_sms_survive_a_hostile_label():
    for label in LABELS:
        alert = Alert(
            id="0" * 32,
            episode="1" * 32,
            kind=Kind.ALERT,
            condition=Condition.LOW_BALANCE,
            severity=Severity.WARNING,
            account=Account("deepseek", label),
            observed_at=NOW,
            currency="USD",
            balance=Decimal("12.34"),
            runway=timedelta(days=3),
            facts=FACTS[Condition.LOW_BALANCE],
        )
        sms = render(alert, PROVIDERS["deepseek"].contact).texts["sms"]
        assert sms.startswith("WARNING: DeepSeek ")
        assert "12.34 USD left, about 3 days" in sms


def test_every_metric_blob_takes_a_hostile_label():
    balance = Balance("USD", Decimal(15), {"granted": Decimal(5), "topped_up": Decimal(10)})
    judged = (Judged(balance, Severity.WARNING, Decimal(1), timedelta(days=15)),)
    for label in filter(str.strip, LABELS):  # without a value there is no dimension to speak of
        for blob in blobs(
            "BudgetGuard", Account("deepseek", label), judged, ok=True, now=NOW, detailed=True
        ):
            text = json.dumps(blob, allow_nan=False)
            assert "\n" not in text
            assert json.loads(text)["Balance"] == 15
            assert blob["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "BudgetGuard"


def test_a_secret_of_hostile_labels_reaches_every_channel_as_harmless_ones(world, capsys):
    world.setenv("PER_ACCOUNT_METRICS", "1000")
    world.sandbox.fund(KEYS["deepseek"], USD="15")
    mails = []
    for few in batched(LABELS, 5, strict=False):  # so few are told one by one
        world.keys({f"deepseek/{label}": KEYS["deepseek"] for label in few})
        world.tick(timedelta(minutes=1))
        mails += world.mail()
    capsys.readouterr()
    world.keys({f"deepseek/{label}": KEYS["deepseek"] for label in LABELS})
    summary = world.tick(timedelta(days=2))
    assert world.mail() == []
    named = [one["account"] for one in summary["accounts"]]
    assert len(set(named)) == len(LABELS)
    assert all(map(LABEL.fullmatch, named))
    allowed = {label for label in LABELS if LABEL.fullmatch(label)}
    assert {one["account"] for one in summary["accounts"] if one["status"] == "ok"} == allowed
    assert {one.get("error") for one in summary["accounts"]} == {None, "config"}
    lines = capsys.readouterr().out.splitlines()
    counted = {blob["Account"] for blob in map(json.loads, lines) if "_aws" in blob}
    assert counted == set(named)
    assert {mail.data["account"] for mail in mails} == set(named)
    for mail in mails:
        assert_deliverable(mail.subject, mail.texts, mail.data["account"])
        assert LABEL.fullmatch(mail.attributes["account"]["Value"])
    world.tick()
    [reminders] = world.mail()
    assert reminders.data["count"] == len(LABELS)
    assert_deliverable(reminders.subject, reminders.texts, "several")
