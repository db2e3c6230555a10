"""A notification as it is read: mail, subject, SMS, chat, and JSON for programs."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from textwrap import dedent

import pytest

from guard.alert import (
    Alert,
    CheckFailing,
    Condition,
    FastDrain,
    Kind,
    Known,
    LowBalance,
    OnCredit,
    Spending,
    Threshold,
)
from guard.drain import Drain
from guard.model import Account, CheckError, Contact, DrainRule, Failure, Severity
from messages.mail import facts
from messages.payload import as_json
from messages.render import SUBJECT_LENGTH, render, render_test
from messages.sms import SMS_LENGTH
from providers import PROVIDERS

NOW = datetime(2026, 6, 10, 14, 15, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPENDING = Spending(Decimal("3.86"), Decimal("27.02"), 30 * DAY)
SAYS = (Kind.ALERT, Kind.REMINDER, Kind.RECOVERY)
REASONS = {"low_balance": "balance", "fast_drain": "drain", "on_credit": "credit"}
BALANCE = LowBalance((Threshold("balance", Severity.CRITICAL, Decimal(5)),))
DRAIN = FastDrain(Drain(Decimal(40), HOUR, Decimal(60), None), DrainRule(Decimal("0.25"), HOUR))
FACTS = {
    Condition.LOW_BALANCE: BALANCE,
    Condition.FAST_DRAIN: DRAIN,
    Condition.ON_CREDIT: OnCredit(Decimal(-20), Decimal(30)),
    Condition.CHECK_FAILING: CheckFailing((), Failure(CheckError.TIMEOUT, "It took too long.")),
}
OVER = {
    Condition.LOW_BALANCE: LowBalance(),
    Condition.FAST_DRAIN: FastDrain(None, DRAIN.rule),
    Condition.ON_CREDIT: OnCredit(Decimal(20), Decimal(70)),
    Condition.CHECK_FAILING: CheckFailing((Known("USD", Decimal("4.2"), Severity.CRITICAL),)),
}


def an_alert(condition, kind=Kind.ALERT, severity=Severity.CRITICAL, **more) -> Alert:
    """A notification with every figure known, or for a failing check none."""
    over = kind is Kind.RECOVERY
    unknown = condition in {None, Condition.CHECK_FAILING}
    given = {
        "id": "0123456789abcdef0123456789abcdef",
        "episode": "fedcba9876543210fedcba9876543210",
        "account": Account("deepseek", "default"),
        "observed_at": NOW,
        "currency": None if unknown else "USD",
        "balance": None if unknown else Decimal("4.20"),
        "burn_per_day": None if unknown else Decimal("3.855"),
        "runway": None if unknown else timedelta(days=1.25),
        "spending": None if unknown else SPENDING,
        "reasons": () if over else (REASONS.get(condition, "timeout"),),
        "since": NOW - 7 * HOUR,
        "facts": (OVER if over else FACTS).get(condition),
        "peak": severity,
        "drain": DRAIN.drain if condition is Condition.FAST_DRAIN and not over else None,
        "next_reminder": None if over else 6 * HOUR,
    }
    shown = Severity.OK if over else severity
    return Alert(kind=kind, condition=condition, severity=shown, **{**given, **more})


def mail(alert, provider="deepseek"):
    return render(alert, PROVIDERS[provider].contact).texts["email"]


def test_the_mail_of_a_low_balance():
    alert = an_alert(Condition.LOW_BALANCE)
    assert mail(alert) == dedent("""\
        DeepSeek account "default" is critically low: 4.20 USD left.

        Balance   4.20 USD
        Spent     3.86 USD in the last 24 hours, 27.02 USD in the last 7 days
        Lasts     about 30 hours at 3.86 USD a day, until Thu 11 Jun 2026, 20:15
                  UTC
        Since     Wed 10 Jun 2026, 07:15 UTC, for 7 hours
        Why       the balance is at or below 5 USD, its critical figure.

        What to do
        - Top up: https://platform.deepseek.com/top_up
        - Without credit, calls to DeepSeek fail; it already slows down accounts
          that run low

        You hear of this again when it gets worse or is over. While it lasts, a
        reminder comes after 6 hours (REMIND_EVERY). Each further one waits
        twice as long.

        Checked Wed 10 Jun 2026, 14:15 UTC
        budget-guard 0123456789abcdef0123456789abcdef""")


def test_the_mail_of_a_fast_drain_while_the_runway_is_unknown():
    alert = an_alert(Condition.FAST_DRAIN, burn_per_day=None, runway=None, since=NOW)
    assert mail(alert) == dedent("""\
        Money is leaving DeepSeek account "default" unusually fast.

        Balance   4.20 USD
        Spent     3.86 USD in the last 24 hours, 27.02 USD in the last 7 days
        Lasts     about 90 minutes at this pace, until Wed 10 Jun 2026, 15:45
                  UTC
        Since     Wed 10 Jun 2026, 14:15 UTC
        Why       40.00 USD went within 1 hour: 40% of what was there;
        and       more than 25% within 1 hour is taken as a drain.

        What to do
        - If this isn't you, delete the key at the provider now: it may have
          leaked
        - Top up: https://platform.deepseek.com/top_up

        You hear of this again when it gets worse or is over. While it lasts, a
        reminder comes after 6 hours (REMIND_EVERY). Each further one waits
        twice as long.

        Checked Wed 10 Jun 2026, 14:15 UTC
        budget-guard 0123456789abcdef0123456789abcdef""")


def facts_of(alert):
    """The lines of a mail by their names."""
    return dict(facts(alert))


@pytest.mark.parametrize(
    ("spending", "sentence"),
    [
        (Spending(Decimal(0), Decimal(0), 0 * DAY), "not known before the second check"),
        (Spending(Decimal(2), Decimal(2), 6 * HOUR), "2.00 USD in the 6 hours since the first check"),
        (
            Spending(Decimal(2), Decimal(9), 4 * DAY),
            "2.00 USD in the last 24 hours, 9.00 USD in the 4 days since the first check",
        ),
        (
            Spending(Decimal(2), Decimal(9), 9 * DAY, day_hidden=True, week_hidden=True),
            "at least 2.00 USD in the last 24 hours, at least 9.00 USD in the last 7 days",
        ),
    ],
)
def test_what_was_spent_is_told_for_as_long_as_the_account_was_watched(spending, sentence):
    assert facts_of(an_alert(Condition.LOW_BALANCE, spending=spending))["Spent"] == sentence


def test_a_runway_under_a_day_is_told_in_hours_and_by_the_hour():
    alert = an_alert(
        Condition.LOW_BALANCE,
        balance=Decimal(18),
        burn_per_day=Decimal(48),
        runway=9 * HOUR,
        runway_between=(7 * HOUR, 12 * HOUR),
    )
    lasts = "about 9 hours (between 7 and 12) at 2.00 USD an hour, until Wed 10 Jun 2026, 23:15 UTC"
    assert facts_of(alert)["Lasts"] == lasts


@pytest.mark.parametrize(
    ("watched", "doubt"),
    [(3 * DAY, "the account is known for only 3 days"), (20 * DAY, "it is spent in bursts")],
)
def test_a_range_that_is_too_wide_to_be_of_use_is_told_with_its_cause(watched, doubt):
    alert = an_alert(
        Condition.LOW_BALANCE,
        runway=4 * DAY,
        runway_between=(12 * HOUR, 30 * DAY),
        spending=Spending(Decimal(2), Decimal(9), watched),
    )
    lasts = f"can't be told: {doubt}, so 12 hours or 30 days is possible"
    assert facts_of(alert)["Lasts"] == lasts
    subject = render(alert, PROVIDERS["deepseek"].contact).subject
    assert subject == "[CRITICAL] DeepSeek default: 4.20 USD left, how long can't be told"


def test_the_mail_of_an_account_that_begins_to_live_on_credit():
    alert = an_alert(
        Condition.ON_CREDIT,
        severity=Severity.WARNING,
        account=Account("novita", "default"),
        balance=Decimal(30),
        runway=timedelta(days=400),
        next_reminder=24 * HOUR,
    )
    assert mail(alert, "novita") == dedent("""\
        Novita AI account "default" has begun to live on credit.

        Balance   30.00 USD
        Spent     3.86 USD in the last 24 hours, 27.02 USD in the last 7 days
        Lasts     a year or more at 3.86 USD a day
        Since     Wed 10 Jun 2026, 07:15 UTC, for 7 hours
        Why       the account's own cash is -20.00 USD; what is spent now will
                  be billed;
        and       with the credit line 30.00 USD can still be spent.

        What to do
        - Top up: https://novita.ai/billing
        - Or set the watched figure to cash, to be warned before it is used up

        You hear of this again when it gets worse or is over. While it lasts, a
        reminder comes after 24 hours (REMIND_EVERY). Each further one waits
        twice as long.

        Checked Wed 10 Jun 2026, 14:15 UTC
        budget-guard 0123456789abcdef0123456789abcdef""")


def test_the_mail_of_a_failing_check():
    alert = an_alert(
        Condition.CHECK_FAILING,
        severity=Severity.WARNING,
        account=Account("novita", "default"),
        reasons=("auth",),
        facts=CheckFailing((), Failure(CheckError.AUTH, "Novita AI answered 401 Unauthorized.")),
    )
    assert mail(alert, "novita") == dedent("""\
        The balance of Novita AI account "default" can't be read.

        Since     Wed 10 Jun 2026, 07:15 UTC, for 7 hours
        Why       Novita AI answered 401 Unauthorized.

        What to do
        - The key needs the team permission "Balance": the key of a Developer or
          Basic member runs inference, but is refused here. Check it at
          https://novita.ai/settings/key-management
        - Put a valid key into the secret; it is read anew in every run, so
          nothing else needs a restart
        - See for yourself: https://novita.ai/billing

        You hear of this again when it gets worse or is over. While it lasts, a
        reminder comes after 6 hours (REMIND_EVERY). Each further one waits
        twice as long.

        Checked Wed 10 Jun 2026, 14:15 UTC
        budget-guard 0123456789abcdef0123456789abcdef""")


def test_the_mail_of_a_test_says_that_nothing_is_wrong():
    assert render_test(an_alert(None, Kind.TEST), ()).mail == dedent("""\
        This is a test of budget-guard. Nothing is wrong.

        If you can read this, its alerts reach you here.

        Checked Wed 10 Jun 2026, 14:15 UTC
        budget-guard 0123456789abcdef0123456789abcdef""")


def test_the_mail_of_a_test_says_whom_it_does_not_reach():
    text = render_test(an_alert(None, Kind.TEST), ("Nobody is subscribed.",)).mail
    assert "reach you here.\n\nNobody is subscribed.\n\nChecked" in text


@pytest.mark.parametrize("condition", Condition)
def test_the_mail_of_a_recovery_asks_for_nothing(condition):
    text = mail(an_alert(condition, Kind.RECOVERY))
    assert "What to do" not in text
    assert "You get this" not in text


@pytest.mark.parametrize("error", CheckError)
def test_a_failing_check_of_a_provider_nobody_knows_has_advice_too(error):
    alert = an_alert(Condition.CHECK_FAILING, reasons=(error,))
    assert "What to do\n- " in render(alert, Contact("acme")).texts["email"]


EVERYTHING = [(condition, kind) for condition in Condition for kind in SAYS] + [(None, Kind.TEST)]
LONGEST = "x" * 64
MOST = Decimal("-123456789012345.12")
JSON_KEYS = [
    "schema", "id", "episode", "kind", "condition", "severity", "peak", "provider", "account",
    "currency", "balance", "burn_per_day", "runway_days", "runway_between", "lasts_at_present_pace",
    "runs_out_at", "reasons", "observed_at",
]  # fmt: skip
GSM7_AND_ASCII = set(
    "@$_ !\"#%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)


# The two whose texts are the longest, and two that are as the most.
WIDEST = sorted(
    {
        "deepseek",
        "novita",
        max(PROVIDERS, key=lambda name: len(PROVIDERS[name].contact.title)),
        max(PROVIDERS, key=lambda name: len(PROVIDERS[name].contact.top_up)),
    }
)


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.CRITICAL, Severity.EXHAUSTED])
@pytest.mark.parametrize("provider", WIDEST)
@pytest.mark.parametrize(("condition", "kind"), EVERYTHING)
@pytest.mark.parametrize("label", ["default", LONGEST])
def test_every_notification_keeps_the_limits_of_every_channel(
    condition, kind, provider, severity, label
):
    varied = {"balance": MOST}, {"burn_per_day": None, "runway": None}, {"since": None}
    for more in {}, *varied:
        alert = an_alert(condition, kind, severity, account=Account(provider, label), **more)
        test = kind is Kind.TEST
        message = render_test(alert, ()) if test else render(alert, PROVIDERS[provider].contact)
        assert 0 < len(message.subject) <= 99 == SUBJECT_LENGTH
        assert message.subject.isascii()
        assert message.subject.isprintable()
        assert 0 < len(message.line) <= SUBJECT_LENGTH
        assert 0 < len(message.texts["sms"]) <= 146 == SMS_LENGTH
        assert set(message.texts["sms"]) <= GSM7_AND_ASCII
        assert max(map(len, message.texts["email"].splitlines())) <= 72 + len(label)
        assert message.texts["default"] == message.texts["email"]
        assert set(message.texts) == {"default", "email", "sms", "lambda", "sqs", "http", "https"}
        assert json.loads(message.texts["lambda"]) == json.loads(message.texts["sqs"]) == as_json(alert)
        assert list(as_json(alert)) == JSON_KEYS
        assert is_a_chat_notification(json.loads(message.texts["https"]))
        assert message.texts["http"] == message.texts["https"]
        assert all(value and isinstance(value, str) for value in message.attributes.values())


def is_a_chat_notification(chat) -> bool:
    """Only documented keys, with values of their documented types, and titles that aren't cut."""
    content, about = chat["content"], chat["metadata"]
    texts = [chat["id"], content["title"], content["description"], about["threadId"], about["summary"]]
    lists = [*content["nextSteps"], *content["keywords"], *about["relatedResources"]]
    return (
        chat.keys() == {"version", "source", "id", "content", "metadata"}
        and (chat["version"], chat["source"], content["textType"])
        == ("1.0", "custom", "client-markdown")
        and content.keys() == {"textType", "title", "description", "nextSteps", "keywords"}
        and about.keys()
        == {"threadId", "summary", "eventType", "relatedResources", "additionalContext"}
        and all(isinstance(t, str) and t for t in (*texts, *lists, about["eventType"]))
        and all(isinstance(value, str) for value in about["additionalContext"].values())
        and len(content["title"]) <= 250
    )


def test_programs_get_every_figure_and_null_for_what_is_unknown():
    ends = (timedelta(days=0.75), timedelta(days=2))
    assert as_json(an_alert(Condition.LOW_BALANCE, runway_between=ends)) == {
        "schema": "budget-guard.alert.v1",
        "id": "0123456789abcdef0123456789abcdef",
        "episode": "fedcba9876543210fedcba9876543210",
        "kind": "alert",
        "condition": "low_balance",
        "severity": "critical",
        "peak": "critical",
        "provider": "deepseek",
        "account": "default",
        "currency": "USD",
        "balance": "4.20",
        "burn_per_day": "3.86",
        "runway_days": 1.25,
        "runway_between": [0.75, 2.0],
        "lasts_at_present_pace": None,
        "runs_out_at": "2026-06-11T20:15:00Z",
        "reasons": ["balance"],
        "observed_at": "2026-06-10T14:15:00Z",
    }
    unknown = as_json(an_alert(Condition.CHECK_FAILING))
    assert [name for name, value in unknown.items() if value is None] == [
        "currency", "balance", "burn_per_day", "runway_days", "runway_between", "lasts_at_present_pace",
        "runs_out_at",
    ]  # fmt: skip


def test_a_balance_that_lasts_a_year_or_more_runs_out_at_no_time():
    far = as_json(an_alert(Condition.LOW_BALANCE, runway=timedelta(days=365)))
    assert (far["runway_days"], far["runs_out_at"]) == (365, None)


def test_subject_sms_and_chat_hold_the_figures():
    message = render(an_alert(Condition.LOW_BALANCE), PROVIDERS["deepseek"].contact)
    assert message.subject == "[CRITICAL] DeepSeek default: 4.20 USD left, about 30 hours"
    assert message.texts["sms"] == (
        "CRITICAL: DeepSeek default: 4.20 USD left, about 30 hours. platform.deepseek.com/top_up"
    )
    chat = json.loads(message.texts["https"])["content"]["description"]
    assert "\n*Balance*: 4.20 USD\n*Spent*: 3.86 USD in the last 24 hours" in chat


def test_an_sms_shortens_the_label_before_the_figures_or_the_link():
    account, balance = Account("deepseek", LONGEST), Decimal(10**14)
    alert = an_alert(Condition.LOW_BALANCE, account=account, balance=balance, runway=None)
    sms = render(alert, PROVIDERS["deepseek"].contact).texts["sms"]
    assert ": 100000000000000.00 USD left, runway not known yet. platform.deepseek.com/top_up" in sms
    assert len(sms) == 146


def test_a_subject_shortens_the_label_before_the_figures():
    account = Account("deepseek", LONGEST)
    alert = an_alert(Condition.LOW_BALANCE, Kind.REMINDER, Severity.EXHAUSTED, account=account)
    assert "4.20 USD left" in render(alert, PROVIDERS["deepseek"].contact).subject


def test_attributes_are_for_filter_policies():
    attributes = render(an_alert(Condition.ON_CREDIT), PROVIDERS["novita"].contact).attributes
    assert attributes == {
        "AWS.SNS.SMS.SMSType": "Transactional",
        "severity": "critical",
        "peak": "critical",
        "kind": "alert",
        "condition": "on_credit",
        "provider": "deepseek",
        "account": "default",
        "id": "0123456789abcdef0123456789abcdef",
    }
    assert render_test(an_alert(None, Kind.TEST), ()).attributes["condition"] == "none"


def test_money_that_is_refused_is_not_said_to_be_used_up():
    alert = replace(
        an_alert(Condition.LOW_BALANCE, severity=Severity.EXHAUSTED), reasons=("unavailable",)
    )
    message = render(alert, PROVIDERS["deepseek"].contact)
    assert message.subject == "[EXHAUSTED] DeepSeek default: 4.20 USD left, calls are refused"
    assert message.texts["email"].startswith(
        'DeepSeek account "default" is refused by its provider: 4.20 USD left.'
    )
