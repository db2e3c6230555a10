"""One notification of each kind, as a real decision makes it: the texts of docs/notifications.md."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from config.settings import read
from guard.alert import Alert, Kind
from guard.decide import decide
from guard.memory import Memory
from guard.model import Account, Balance, CheckError, Failure, Reading, Severity
from guard.week import sum_up
from messages.message import Message
from messages.render import render, render_digest, render_test
from messages.several import together
from providers import PROVIDERS, TITLES

RULES = read(dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")).rules
START = datetime(2026, 6, 10, tzinfo=UTC)
DEEPSEEK, NOVITA = Account("deepseek", "default"), Account("novita", "default")
HOUR = timedelta(hours=1)

type Readings = Sequence[tuple[float, Reading | Failure]]
"""Each so many hours after the start."""


def usd(amount: str) -> Reading:
    """A reading of so many dollars."""
    return Reading((Balance("USD", Decimal(amount)),))


def lent(cash: str, spendable: str) -> Reading:
    """A reading of an account with a credit line."""
    balance = Balance("USD", Decimal(spendable), cash=Decimal(cash), spendable=Decimal(spendable))
    return Reading((balance,))


def lived(account: Account, readings: Readings) -> tuple[Memory, list[Alert]]:
    """What is remembered and said after readings, each so many hours after the start."""
    memory, alerts = Memory(), list[Alert]()
    for hours, reading in readings:
        decision = decide(memory, reading, RULES[account.provider], account, START + hours * HOUR)
        memory = decision.memory
        alerts += decision.alerts
    return memory, alerts


def said(account: Account, readings: Readings) -> list[Alert]:
    """What is said of an account over readings."""
    return lived(account, readings)[1]


def digested() -> Message:
    """The digest of two accounts after two weeks and eight hours."""
    weeks = range(14 * 24 + 9)
    spent = [hour * 0.31 + max(hour - 168, 0) * 0.06 for hour in weeks]
    deepseek = [usd(f"{150 - money + 100 * (hour > 250):.2f}") for hour, money in enumerate(spent)]
    novita = [usd(f"{61 - hour / 8:.2f}") for hour in weeks]
    down = Failure(CheckError.SERVER_ERROR, "Novita AI answered 503.")
    memories = {
        DEEPSEEK: lived(DEEPSEEK, list(enumerate(deepseek)))[0],
        NOVITA: lived(NOVITA, [(n, down if 300 < n < 304 else one) for n, one in enumerate(novita)])[0],
    }
    now = START + weeks[-1] * HOUR
    alert = Alert("0" * 32, "digest", Kind.DIGEST, None, Severity.OK, DEEPSEEK, now)
    return render_digest(alert, sum_up(memories.items(), now), TITLES, ())


def samples() -> dict[str, Message]:
    """The notifications by the heading under which docs/notifications.md shows them."""
    slow = [(hour, usd(f"{30 - hour / 5:.2f}")) for hour in range(129)]
    alert = next(a for a in said(DEEPSEEK, slow) if a.severity is Severity.CRITICAL)
    low = said(DEEPSEEK, [(0, usd("4.20")), (6, usd("3.80")), (7, usd("104.10"))])
    [drain] = said(DEEPSEEK, [(0, usd("80")), (0.25, usd("52.30"))])
    [credit] = said(NOVITA, [(0, lent("-0.40", "49.60"))])
    refused = Failure(CheckError.AUTH, "Novita AI answered 401 Unauthorized.")
    [failing] = said(NOVITA, [(0, refused)])
    test = Alert("0" * 32, "test", Kind.TEST, None, Severity.CRITICAL, DEEPSEEK, START)
    return {
        "Alert: a low balance": _rendered(alert),
        "Reminder": _rendered(low[1]),
        "Recovery": _rendered(low[2]),
        "Alert: a fast drain": _rendered(drain),
        "Alert: living on credit": _rendered(credit),
        "Alert: a check that fails": _rendered(failing),
        "Alert: many at once": together([_rendered(one) for one in _down(60)], TITLES, UTC),
        "Digest": digested(),
        "Test": render_test(test, ()),
    }


def _down(count: int) -> list[Alert]:
    """What is due of so many accounts when DeepSeek is down for the third time."""
    failed = Failure(CheckError.SERVER_ERROR, "DeepSeek answered 503.")
    readings = [(n / 4, failed) for n in range(3)]
    return [said(Account("deepseek", f"customer-{n:03}"), readings)[0] for n in range(count)]


def _rendered(alert: Alert) -> Message:
    return render(alert, PROVIDERS[alert.account.provider].contact)


def as_markdown() -> str:
    """The texts as docs/notifications.md shows them."""
    return "\n".join(
        f"**{heading}**\n\n```text\n{message.subject}\n\n{message.mail}\n"
        # The phone gets what is critical, and the test; a digest is neither.
        + ("" if heading == "Digest" else f"\nSMS: {message.sms}\n")
        + "```\n"
        for heading, message in samples().items()
    )


if __name__ == "__main__":
    print(as_markdown(), end="")
