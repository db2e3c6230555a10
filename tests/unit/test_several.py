"""Several notifications as one message: its texts, and its size whatever stands in it."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.alert import Alert, CheckFailing, Condition, Kind, LowBalance
from guard.model import Account, CheckError, Contact, Failure, Severity
from messages.render import render
from messages.several import MOST, together

NOW = datetime(2026, 6, 10, 14, 15, tzinfo=UTC)
LONGEST = "x" * 64
TITLES = {"deepseek": "DeepSeek", "novita": "Novita AI"}
LARGEST = 256 * 1024  # https://docs.aws.amazon.com/sns/latest/api/API_Publish.html


def failing(provider, label, error=CheckError.SERVER_ERROR, since=NOW):
    facts = CheckFailing((), Failure(error, "It failed."), 3, since)
    alert = Alert(
        f"{provider}{label}".ljust(32, "0")[:32], "e", Kind.ALERT, Condition.CHECK_FAILING,
        Severity.WARNING, Account(provider, label), NOW, reasons=(error,), facts=facts, since=NOW,
        peak=Severity.WARNING,
    )  # fmt: skip
    return render(alert, Contact(TITLES[provider]))


def low(label, severity, **more):
    figures = {"balance": Decimal("4.20"), "currency": "USD", **more}
    alert = Alert(
        label.ljust(32, "0")[:32], "e", Kind.ALERT, Condition.LOW_BALANCE, severity,
        Account("deepseek", label), NOW, reasons=("balance",), facts=LowBalance(), since=NOW,
        peak=severity, **figures,
    )  # fmt: skip
    return render(alert, Contact("DeepSeek", "https://platform.deepseek.com/top_up"))


def text(message):
    return " ".join(message.mail.split())


def test_one_cause_is_said_first_with_its_number_and_time():
    since = NOW - timedelta(minutes=30)
    many = [failing("deepseek", f"{n:04}", since=since) for n in range(1000)]
    message = together(many, TITLES, ZoneInfo("Europe/Berlin"))
    opening = "DeepSeek: 1,000 balances can't be read (server_error) since Wed 10 Jun 2026, 15:45 CEST"
    assert text(message).startswith(f"{opening}.")
    assert message.subject == f"[WARNING] {opening}"[:99]
    assert message.sms.startswith("WARNING: DeepSeek: 1,000 balances can't be read (server_error)")
    assert message.mail.count("\n- ") == 50
    assert "And 950 more: DeepSeek: 950 balances can't be read (server_error)." in text(message)


def test_several_causes_are_counted_and_the_worst_come_first():
    many = [
        *(failing("novita", f"{n}") for n in range(3)),
        low("research", Severity.WARNING),
        low("product", Severity.EXHAUSTED),
        *(failing("deepseek", f"{n}", CheckError.TIMEOUT) for n in range(4)),
    ]
    message = together(many, TITLES, UTC)
    assert text(message).startswith(
        "9 alerts: DeepSeek: 4 balances can't be read (timeout); Novita AI: 3 balances can't be read "
        "(server_error); DeepSeek: 2 balances are low."
    )
    first = next(line for line in message.mail.splitlines() if line.startswith("- "))
    assert first == "- DeepSeek product: 4.20 USD left, used up"
    assert (message.severity, message.peak) == ("exhausted", "exhausted")
    assert (message.provider, message.account, message.condition) == ("several",) * 3
    data = json.loads(message.payload)
    assert data["alerts"][0]["account"] == "product"
    assert (data["count"], len(data["ids"])) == (9, 9)


def test_the_id_depends_on_the_members_alone():
    many = [failing("deepseek", f"{n}") for n in range(9)]
    assert together(many, TITLES, UTC).id == together(many[::-1], TITLES, UTC).id
    assert together(many, TITLES, UTC).id != together(many[1:], TITLES, UTC).id


def size(message):
    """Bytes as SNS counts them: texts and attributes."""
    attributes = sum(
        len(name) + len(value) + len("String") for name, value in message.attributes.items()
    )
    return len(json.dumps(message.texts).encode()) + attributes


@settings(max_examples=20, deadline=None)
@given(
    count=st.sampled_from([6, 51, MOST]),
    label=st.sampled_from([LONGEST, "a"]),
    digits=st.sampled_from([1, 15]),
    places=st.sampled_from([0, 30]),
    severity=st.sampled_from([Severity.WARNING, Severity.EXHAUSTED]),
)
def test_it_stays_below_what_sns_takes_and_within_every_channel(count, label, digits, places, severity):
    balance = Decimal("9" * digits + "." + "7" * places if places else "9" * digits)
    many = [
        low(
            f"{n}{label}"[:64],
            severity,
            balance=balance,
            burn_per_day=balance,
            runway=timedelta(days=3.123),
            runway_between=(timedelta(days=1.123), timedelta(days=9.123)),
        )
        for n in range(count)
    ]
    message = together(many, TITLES, UTC)
    assert size(message) < LARGEST * 0.95
    assert len(message.subject) <= 99
    assert len(message.sms) <= 146
    assert len(message.line) <= 99
    assert max(map(len, message.mail.splitlines())) <= 72 + 64
