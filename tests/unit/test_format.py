"""Money, time and causes, as programs and as people get them."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from guard import figures
from guard.alert import Alert, Condition, FastDrain, Kind
from guard.conditions import low_balance
from guard.drain import Drain
from guard.model import Account, Balance, Budget, CheckError, DrainRule, Judged, Rules, Severity, Spans
from messages import format as wording
from messages.mail import ADVICE
from messages.reasons import why

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON_IN_TOKYO = datetime(2026, 6, 10, 12, tzinfo=timezone(9 * HOUR))


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("12.3", "12.30"),
        ("12.30", "12.30"),
        ("12", "12.00"),
        ("0.0034", "0.0034"),
        ("0.003400", "0.0034"),
        ("1E+3", "1000.00"),
        ("1E-7", "0.0000001"),
        ("-0.02", "-0.02"),
        ("-0.00", "0.00"),
        ("123456789012345.123456789012", "123456789012345.123456789012"),
    ],
)
def test_money_is_plain_with_two_places_at_least(amount, text):
    assert figures.money(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("burn", "text"),
    [("3.855", "3.86"), ("0", "0.00"), ("0.1", "0.10"), ("0.09996", "0.10"), ("0.00123", "0.0012")],
)
def test_a_burn_is_given_to_the_cent_or_finer_below_a_dime(burn, text):
    assert figures.burn(Decimal(burn)) == text


def test_days_and_timestamps_are_for_programs():
    assert figures.days(3 * DAY + 4.8 * HOUR) == 3.2
    assert figures.timestamp(datetime(2026, 6, 10, tzinfo=UTC)) == "2026-06-10T00:00:00Z"
    assert figures.timestamp(NOON_IN_TOKYO) == "2026-06-10T03:00:00Z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("4.2", "4.20 USD"),
        ("4.205", "4.21 USD"),
        ("0.0999", "0.0999 USD"),
        ("0.1049", "0.10 USD"),
        ("12.340000000000002", "12.34 USD"),
        ("0.012345678", "0.012346 USD"),
        (f"0.0{'9' * 29}", "0.10 USD"),
        ("-0.000000000000000000000000000001", "0.00 USD"),
        (f"-{'9' * 15}.{'9' * 30}", f"-1{'0' * 15}.00 USD"),
        ("-0.02", "-0.02 USD"),
        ("-12.345", "-12.35 USD"),
    ],
)
def test_an_amount_is_rounded_to_the_cent_but_for_the_smallest(value, text):
    assert wording.amount(Decimal(value), "USD") == text


def alert(facts, severity=Severity.CRITICAL, currency="USD"):
    return Alert(
        "i",
        "e",
        Kind.ALERT,
        Condition.LOW_BALANCE,
        severity,
        Account("deepseek", "default"),
        NOON_IN_TOKYO,
        currency=currency,
        facts=facts,
    )


def test_a_drain_says_how_much_went_and_how_long_the_rest_lasts():
    drain = DrainRule(Decimal("0.25"), HOUR)
    assert why(alert(FastDrain(Drain(Decimal(40), HOUR, Decimal(60), None), drain))) == (
        "40.00 USD went within 1 hour: 40% of what was there",
        "more than 25% within 1 hour is taken as a drain",
    )
    assert why(alert(FastDrain(Drain(Decimal(40), HOUR, Decimal(-1), None), drain))) == (
        "40.00 USD went within 1 hour: 100% of what was there",
        "more than 25% within 1 hour is taken as a drain",
    )


@pytest.mark.parametrize(
    ("runway", "ends", "said"),
    [
        (3 * DAY, (2 * DAY, 6 * DAY), " (between 2 and 6)"),
        (47 * HOUR, (43 * HOUR, 53 * HOUR), " (between 43 and 53)"),
        (90 * MINUTE, (40 * MINUTE, 300 * MINUTE), " (between 40 and 300)"),
        (3 * DAY, (12 * HOUR, 6 * DAY), " (between 0.5 and 6)"),
        (200 * DAY, (100 * DAY, 365 * DAY), " (at least 100 days)"),
        (3 * DAY, (3 * DAY, 3 * DAY), ""),
        (timedelta(0), (timedelta(0), timedelta(0)), ""),
        (365 * DAY, (365 * DAY, 365 * DAY), ""),
        (None, None, ""),
    ],
)
def test_how_sure_a_runway_is_is_told_in_its_own_unit(runway, ends, said):
    assert wording.between(runway, ends) == said


def test_a_sudden_pace_is_told_against_the_usual_one():
    drain = DrainRule(Decimal("0.25"), HOUR)
    found = Drain(Decimal("2.5"), HOUR / 4, Decimal("97.5"), 10.0)
    assert why(alert(FastDrain(found, drain))) == (
        "2.50 USD went within 15 minutes: 2% of what was there",
        "that is 10 times the usual pace",
        "nothing stood out as much for weeks, as a leaked key does",
    )


@pytest.mark.parametrize(("value", "text"), [("20", "20 USD"), ("20.50", "20.5 USD"), ("0", "0 USD")])
def test_a_figure_is_said_as_its_owner_wrote_it(value, text):
    assert wording.figure(Decimal(value), "USD") == text


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (MINUTE, "1 minute"),
        (40 * MINUTE, "40 minutes"),
        (HOUR, "1 hour"),
        (22 * HOUR, "22 hours"),
        (47 * HOUR, "47 hours"),
        (2 * DAY, "2 days"),
        (3.2 * DAY, "3.2 days"),
        (9.96 * DAY, "10 days"),
        (12.4 * DAY, "12 days"),
    ],
)
def test_a_length_is_short(span, text):
    assert wording.length(span) == text


@pytest.mark.parametrize(
    ("runway", "text"),
    [
        (None, "not known yet"),
        (365 * DAY, "a year or more"),
        (364 * DAY, "about 364 days"),
        (timedelta(0), "used up"),
    ],
)
def test_how_long_a_balance_lasts(runway, text):
    assert wording.lasts(runway) == text


def test_a_clock_time_names_the_day_and_utc():
    assert wording.clock(datetime(2026, 6, 9, 4, 5, tzinfo=UTC)) == "Tue 9 Jun 2026, 04:05 UTC"
    assert wording.clock(NOON_IN_TOKYO) == "Wed 10 Jun 2026, 03:00 UTC"


def test_a_clock_time_of_another_zone_has_the_day_of_utc():
    assert wording.clock(NOON_IN_TOKYO - 6 * HOUR) == "Tue 9 Jun 2026, 21:00 UTC"


RULES = Rules(
    {"USD": Budget(Decimal(20), Decimal(5))}, Spans(7 * DAY, 2 * DAY), Spans(DAY, DAY / 4), None
)


@pytest.mark.parametrize(
    ("amount", "currency", "severity", "reasons", "sentences"),
    [
        ("30", "USD", 0, (), ["the balance is above every figure that was set for it, with a margin"]),
        ("19", "USD", 1, ("balance",), ["the balance is at or below 20 USD, its warning figure"]),
        ("21", "USD", 1, ("balance",),
         ["the balance is still within a tenth of 20 USD, its warning figure"]),
        ("5", "USD", 2, ("balance",), ["the balance is at or below 5 USD, its critical figure"]),
        ("0", "USD", 3, ("balance",), ["the balance is used up"]),
        ("-1", "CNY", 3, ("balance",), ["the balance is used up"]),
        ("9", "CNY", 3, ("unavailable",), ["the provider says that it will refuse calls"]),
        ("9", "CNY", 2, ("runway",),
         ["it is expected to last no longer than 2 days, the critical figure for the runway"]),
        ("4", "USD", 1, ("balance", "runway"),
         ["the balance is at or below 20 USD, its warning figure",
          "it is expected to last no longer than 7 days, the warning figure for the runway"]),
    ],
)  # fmt: skip
def test_every_reason_is_said_with_the_figure_that_it_comes_from(
    amount, currency, severity, reasons, sentences
):
    one = Judged(Balance(currency, Decimal(amount)), Severity(severity), None, None, reasons)
    assert why(alert(low_balance(one, RULES).facts, one.severity, currency)) == tuple(sentences)


def test_a_runway_held_by_its_margin_is_not_said_to_be_at_its_figure():
    one = Judged(Balance("USD", Decimal(99)), Severity(1), Decimal(12), 8 * DAY, ("runway",))
    [sentence] = why(alert(low_balance(one, RULES).facts, one.severity))
    assert sentence == "it is not yet sure to last longer than 7 days, the warning figure"


def test_every_error_has_advice():
    assert set(ADVICE) == set(CheckError)


def test_a_severity_is_known_by_its_word():
    assert [Severity.from_word(severity.word) for severity in Severity] == list(Severity)
    with pytest.raises(KeyError):
        Severity.from_word("fine")
