"""What the digest makes of what is remembered."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guard.alert import Alert, Kind
from guard.history import SpendingHistory
from guard.memory import Failing, Memory, Row
from guard.model import Account, Severity
from guard.tally import Entry, Tally
from guard.week import sum_up
from messages import digest
from messages.render import render_digest

NOW = datetime(2026, 6, 15, tzinfo=UTC)
DAY = timedelta(days=1)
DEFAULT = Account("deepseek", "default")
LARGEST_MESSAGE = 256 * 1024
TITLES = {"deepseek": "DeepSeek", "novita": "Novita AI"}


def spending(*by_day, ended=NOW) -> SpendingHistory:
    """A history that ends now, with so much spent in each 24 hours before, the oldest first."""
    at = ended - len(by_day) * DAY
    history = SpendingHistory().reading(at, None)
    for money in by_day:
        for _ in range(24):
            at += DAY / 24
            history = history.reading(at, Decimal(str(money)) / 24)
    return history


def memory(*by_day, balance="100", severity=Severity.OK, added=(), **more) -> Memory:
    tally = Tally(tuple(Entry(at, Decimal(amount)) for at, amount in added))
    return Memory(NOW, {"USD": Row(Decimal(balance), severity, spending(*by_day), tally)}, **more)


def told(*memories, now=NOW) -> str:
    accounts = {Account("deepseek", f"n{n}"): one for n, one in enumerate(memories)}
    text = digest.text(sum_up(accounts.items(), now), TITLES, now, (), "0" * 32)
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("by_day", "sentence"),
    [
        ([4] * 7 + [5] * 7, "Week 35.00 USD spent, 25% more than in the week before"),
        ([5] * 7 + [4] * 7, "Week 28.00 USD spent, 20% less than in the week before"),
        ([5] * 14, "Week 35.00 USD spent, as much as in the week before"),
        ([0] * 7 + [5] * 7, "Week 35.00 USD spent; nothing in the week before"),
        ([4] * 3 + [5] * 7, "Week 35.00 USD spent, 25% more a day than in the 3 days before"),
        ([5] * 7, "Week 35.00 USD spent Lasts"),
        ([5] * 3, "Week 15.00 USD spent in 3 days Lasts"),
        ([0] * 14, "Week 0.00 USD spent; nothing in the week before"),
        ([], "Week not known yet"),
    ],
)
def test_the_week_is_told_against_as_much_as_is_known_of_the_one_before(by_day, sentence):
    assert sentence in told(memory(*by_day))


def test_a_row_without_history_says_so():
    row = Row(Decimal(10), Severity.OK, SpendingHistory())
    assert "Week not known yet Lasts not known yet" in told(Memory(NOW, {"USD": row}))


def test_top_ups_of_the_week_are_summed_and_others_left_out():
    top_ups = [(NOW - 7.5 * DAY, "70"), (NOW - 3 * DAY, "20"), (NOW - DAY, "0.50")]
    assert "Top-ups at least 20.50 USD" in told(memory(1, added=top_ups))


def test_two_currencies_are_told_one_after_the_other_each_with_its_severity():
    rows = {
        "USD": Row(Decimal(3), Severity.CRITICAL, spending(1, 1)),
        "CNY": Row(Decimal(500), Severity.OK, spending(7, 7)),
    }
    text = told(Memory(NOW, rows))
    assert 'DeepSeek "n0": critical' in text
    assert text.index("500.00 CNY (ok)") < text.index("3.00 USD (critical)")
    assert "It cost 14.00 CNY and 2.00 USD." in text


def test_whoever_is_in_most_need_comes_first():
    critical = memory(1, severity=Severity.CRITICAL)
    unreadable = Memory(NOW, failing=Failing(3, NOW - DAY, NOW))
    well = memory(1)
    accounts = dict(
        zip((Account("deepseek", n) for n in "abc"), (well, unreadable, critical), strict=True)
    )
    summed = sum_up(accounts.items(), NOW)
    assert [one.account.label for one in summed] == ["c", "b", "a"]
    assert digest.standing(summed) == "1 critical, 1 unreadable, 1 ok"
    assert [one.well for one in summed] == [False, False, True]


def test_of_two_in_the_same_need_the_one_that_ends_first_comes_first_and_an_unknown_end_last():
    accounts = {
        Account("deepseek", "a"): memory(),
        Account("deepseek", "b"): memory(*[5] * 14, balance="100"),
        Account("deepseek", "c"): memory(*[5] * 14, balance="50"),
    }
    assert [one.account.label for one in sum_up(accounts.items(), NOW)] == ["c", "b", "a"]


def test_an_account_with_several_balances_ends_with_the_first_of_them():
    rows = {
        "CNY": Row(Decimal(70), Severity.OK, spending(*[7] * 14)),
        "USD": Row(Decimal(5), Severity.OK, spending(*[2] * 14)),
    }
    [summed] = sum_up({DEFAULT: Memory(NOW, rows)}.items(), NOW)
    assert summed.runway == summed.weeks[1].forecast.runway < summed.weeks[0].forecast.runway


def test_more_accounts_than_fit_in_a_mail_are_counted_and_it_says_where_they_are_listed():
    text = told(*[memory(1)] * 73)
    assert text.count("Balance") == 50
    assert "And 23 more, none of them in greater need: 'make accounts' lists them all." in text
    assert "73 accounts, all well. It cost 73.00 USD." in text


def test_of_a_thousand_accounts_a_mail_shows_those_in_most_need_and_sns_takes_it():
    low = memory(*[5] * 14, balance="20", severity=Severity.CRITICAL)
    lower = memory(*[5] * 14, balance="10", severity=Severity.CRITICAL)
    well = memory(*[5] * 14)
    accounts = {Account("novita", f"customer-{n}"): well for n in range(998)}
    accounts |= {Account("novita", "z-low"): low, Account("novita", "z-lower"): lower}
    summed = sum_up(accounts.items(), NOW)
    assert [one.account.label for one in summed[:2]] == ["z-lower", "z-low"]
    alert = Alert("0" * 32, "digest", Kind.DIGEST, None, Severity.OK, DEFAULT, NOW)
    message = render_digest(alert, summed, TITLES, ())
    assert message.subject == "[digest] 2 critical, 998 ok; the week cost 35000.00 USD"
    assert len(json.dumps(message.texts)) < LARGEST_MESSAGE
    text = " ".join(message.texts["email"].split())
    assert "2 of 1,000 accounts should be seen to" in text
    assert "And 950 more" in text


def test_the_subject_fits_however_many_accounts_and_currencies_there_are():
    severities = [memory(99_999, severity=severity) for severity in Severity] * 250
    accounts = {Account("deepseek", str(n)): one for n, one in enumerate(severities)}
    assert len(digest.subject(sum_up(accounts.items(), NOW))) <= 99


def test_programs_get_the_same_figures():
    [account] = digest.data(sum_up({DEFAULT: memory(*[5] * 14)}.items(), NOW))
    assert account == {
        "provider": "deepseek",
        "account": "default",
        "severity": "ok",
        "checked_at": "2026-06-15T00:00:00Z",
        "failed_checks": 0,
        "balances": [
            {
                "currency": "USD",
                "balance": "100.00",
                "severity": "ok",
                "spent": "35.00",
                "spent_the_week_before": "35.00",
                "topped_up": "0.00",
                "burn_per_day": "5.00",
                "runway_days": pytest.approx(20, rel=0.01),
            }
        ],
    }


def test_an_account_that_was_not_checked_for_long_is_told_of_only_where_that_is_asked_for():
    accounts = {DEFAULT: memory(1)}
    later = NOW + 40 * DAY
    assert sum_up(accounts.items(), later) == ()
    [summed] = sum_up(accounts.items(), later, timedelta.max)
    assert digest.state(summed) == "not checked"


def test_an_account_that_was_never_checked_is_not_told_of():
    assert sum_up({DEFAULT: Memory()}.items(), NOW) == ()


def in_chat(count):
    """The digest of so many accounts as a channel shows it."""
    accounts = {
        Account("deepseek", f"n{n:02}"): memory(*[1] * 14, balance=f"{count - n}.50")
        for n in range(count)
    }
    weeks = sum_up(accounts.items(), NOW)
    alert = Alert("0" * 32, "digest", Kind.DIGEST, None, Severity.OK, Account("*", "*"), NOW)
    message = render_digest(alert, weeks, TITLES, ["Nobody has confirmed."])
    return json.loads(message.texts["https"])["content"]


def test_in_chat_the_digest_is_short_the_ten_accounts_in_most_need_and_how_many_more():
    content = in_chat(12)
    opening, *lines, more, alive, note = content["description"].split("\n")
    assert opening.startswith("The week until Mon 15 Jun 2026, 00:00 UTC: 12 accounts, all well.")
    assert len(lines) == 10
    assert lines[0] == '- DeepSeek "n11": ok, 1.50 USD, about 36 hours'
    assert lines[-1].startswith('- DeepSeek "n02": ok, 10.50 USD')
    assert more == "- and 2 more, none of them in greater need"
    assert alive == "The guard last checked on Mon 15 Jun 2026, 00:00 UTC, just now."
    assert note == "Nobody has confirmed."
    assert content["nextSteps"] == ["The mail has the week of each"]


def test_in_chat_ten_accounts_are_all_of_them():
    assert "more, none" not in in_chat(10)["description"]
    assert in_chat(0)["description"].count("\n") == 2
