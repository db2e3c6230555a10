"""What the providers' answers mean, on responses as they were recorded."""

import json
import subprocess
import sys
from dataclasses import replace
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import settings
from guard import figures
from guard.model import Balance, Budget, CheckError, Contact, Failure, Reading
from local.recorded import case
from providers import PROVIDERS
from providers.http import read
from providers.provider import Provider, Region, member, money

DEEPSEEK, NOVITA = PROVIDERS["deepseek"], PROVIDERS["novita"]


@pytest.mark.parametrize(("written", "currency"), [("usd", "USD"), ("Usd", "USD"), ("eur", "EUR")])
def test_a_row_in_another_currency_or_case_hides_no_other(written, currency):
    row = ROW.replace("USD", written)
    body = f'{{"is_available": true, "balance_infos": [{row}, {ROW.replace("USD", "CNY")}]}}'
    found = [balance.currency for balance in read(DEEPSEEK, 200, body.encode(), None).balances]
    assert found == [currency, "CNY"]


def test_minus_nothing_is_nothing():
    reading = read(DEEPSEEK, 200, case("deepseek", "refuses_calls").body, None)
    assert str(reading.balances[0].components["granted"]) == "0.00"


def envelope(reason):
    return json.dumps({"code": 1, "reason": reason, "message": "sk_secret", "metadata": {}}).encode()


FAILURES = [
    ("deepseek", 402, b"", "billing"),
    ("deepseek", 403, b"", "permission"),
    ("deepseek", 403, envelope("NOT_ENOUGH_BALANCE"), "permission"),  # a reason of Novita's alone
    ("deepseek", 429, b"{}", "rate_limited"),
    ("deepseek", 500, b"<html>sk-secret</html>", "server_error"),
    ("deepseek", 503, b"{}", "server_error"),
    ("deepseek", 599, b"{}", "server_error"),
    ("deepseek", 301, b"", "redirected"),
    ("deepseek", 304, b"", "redirected"),
    ("deepseek", 400, b"{}", "bad_response"),
    ("deepseek", 404, b"{}", "bad_response"),
    ("deepseek", 418, b"{}", "bad_response"),
    ("deepseek", 204, b"", "bad_response"),
    ("deepseek", 201, case("deepseek", "cny").body, "bad_response"),
    ("novita", 403, envelope("SOMETHING_NEW"), "permission"),
    ("novita", 200, envelope("SOMETHING_NEW"), "bad_response"),
    ("novita", 401, envelope(["FAILED_TO_AUTH"]), "auth"),
    ("novita", 200, b"[]", "bad_response"),
]


@pytest.mark.parametrize(("provider", "status", "body", "error"), FAILURES)
def test_a_refusal_is_classed_by_its_reason_first_and_its_status_second(provider, status, body, error):
    failure = read(PROVIDERS[provider], status, body, None)
    assert isinstance(failure, Failure)
    assert failure.error == error
    assert failure.detail.startswith(f"{PROVIDERS[provider].contact.title} answered {status}")
    assert not any(text in failure.detail for text in ("15b", "sk-", "sk_", "governor"))


PAGE = b"<!DOCTYPE html><title>Just a moment...</title>sk-secret"
REASON = envelope("NEED_REAL_NAME_VERIFY")


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (PAGE, "text/html; charset=UTF-8"),
        (PAGE, ""),
        (PAGE, "application/json"),
        (b" \r\n\t" + PAGE, ""),
        (b"\xef\xbb\xbf" + PAGE, ""),
        (b"<?xml version='1.0'?><Error/>", "application/xml"),
        (b"Attention required", "Text/HTML"),
        (b"", "text/html"),
    ],
)
def test_a_page_in_place_of_a_refusal_is_a_firewall_and_says_nothing_of_the_key(
    status, body, content_type
):
    failure = read(NOVITA, status, body, "available", content_type)
    assert failure.error == "bad_response"
    assert failure.detail.startswith(f"Novita AI answered {status} ")
    assert failure.detail.endswith(" with a web page: a firewall answered, not the API.")


@pytest.mark.parametrize(
    ("status", "body", "content_type", "error"),
    [
        (403, REASON, "text/html", "permission"),
        (401, envelope("NOT_ENOUGH_BALANCE"), "text/html", "billing"),
        (401, envelope("SOMETHING_NEW"), "text/html", "auth"),
        (401, b"Authentication Fails (governor)", "text/plain", "auth"),
        (403, b"forbidden <b>", "", "permission"),
        (402, PAGE, "text/html", "billing"),
        (429, PAGE, "text/html", "rate_limited"),
        (503, PAGE, "text/html", "server_error"),
    ],
)
def test_a_refusal_in_json_or_plain_text_keeps_its_class(status, body, content_type, error):
    failure = read(NOVITA, status, body, "available", content_type)
    assert failure.error == error
    assert "firewall" not in failure.detail


ROW = '{"currency": "USD", "total_balance": "1", "granted_balance": "1", "topped_up_balance": "1"}'
BAD_BODIES = {
    "it isn't JSON": ["", "balance: 5", f'{{"is_available": true, "balance_infos": [{ROW}]', "NaN"],
    "an object was promised": ["[]", "5", '"5"', '{"is_available": true, "balance_infos": [5]}'],
    "is_available is missing": ["{}"],
    "is_available is no boolean": ['{"is_available": "true", "balance_infos": []}'],
    "balance_infos is missing": ['{"is_available": true}'],
    "balance_infos is no list of balances": [
        '{"is_available": true, "balance_infos": []}',
        f'{{"is_available": true, "balance_infos": {ROW}}}',
    ],
    "a currency stands there twice": [
        f'{{"is_available": true, "balance_infos": [{ROW}, {ROW}]}}',
        f'{{"is_available": true, "balance_infos": [{ROW}, {ROW.replace("USD", "Usd")}]}}',
    ],
    "a currency is not three letters": [
        f'{{"is_available": true, "balance_infos": [{ROW}, {ROW.replace('"USD"', bad)}]}}'
        for bad in (
            "[]",
            "null",
            "123",
            '"123"',
            '"US"',
            '"USDT"',
            '"USD "',
            '"U5D"',
            '"\uff35SD"',
            '""',
        )
    ],
    "granted_balance is missing": [
        f'{{"is_available": true, "balance_infos": [{ROW.replace("granted", "given")}]}}'
    ],
}
BAD_CASES = [(why, body) for why, bodies in BAD_BODIES.items() for body in bodies]


@pytest.mark.parametrize(("why", "body"), BAD_CASES)
def test_a_200_that_is_not_what_was_promised_is_never_a_balance(why, body):
    assert read(DEEPSEEK, 200, body.encode(), None) == Failure(
        CheckError.BAD_RESPONSE,
        f"DeepSeek answered 200 OK, but its answer isn't what it promises: {why}.",
    )


def without(body, name):
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize(
    "name", ["availableBalance", "cashBalance", "creditLimit", "outstandingInvoices"]
)
def test_novita_has_to_give_its_four_figures(name):
    body = json.loads(case("novita", "available").body)
    failure = read(NOVITA, 200, json.dumps({**body, name: None}).encode(), "available")
    assert failure.error == "bad_response"
    del body[name]
    assert read(NOVITA, 200, json.dumps(body).encode(), "available").detail.endswith(
        f"{name} is missing."
    )


@pytest.mark.parametrize(
    "value",
    ["NaN", "Infinity", "1e3", "1_000", "1,000", "+1", ".5", "5.", "", " 1", "1\n", "٣", "0x1"],
)  # fmt: skip
def test_money_in_a_string_is_plain_digits_only(value):
    failure = with_total(json.dumps(value))
    assert failure.detail.endswith("total_balance is no plain decimal.")
    assert failure.error == "bad_response"


def with_total(literal):
    """What is read of a DeepSeek answer with this JSON literal as its balance."""
    row = ROW.replace('"total_balance": "1"', f'"total_balance": {literal}')
    return read(DEEPSEEK, 200, f'{{"is_available": true, "balance_infos": [{row}]}}'.encode(), None)


MOST = f"{'9' * 15}.{'9' * 30}"


@pytest.mark.parametrize(
    ("literal", "amount"),
    [
        ('"65.7173316000000000"', "65.7173316"),
        (f'"{MOST}"', MOST),
        (f'"-{MOST}"', f"-{MOST}"),
        (MOST, MOST),
        ("12.340000000000002", "12.340000000000002"),
        ("1.2e1", "12.00"),
        ("1.2E+1", "12.00"),
        ("5E-7", "0.0000005"),
        ("5e-07", "0.0000005"),
        ("1e-30", f"0.{'0' * 29}1"),
        ("-1.5e-30", f"-0.{'0' * 29}15"),
        ("1e14", "100000000000000.00"),
        ("0e15", "0.00"),
        ("0.001e15", "1000000000000.00"),
        (f"{'9' * 45}e-30", MOST),
        ("-0", "0.00"),
        ("-0.0", "0.00"),
        ("-0e-30", f"0.{'0' * 2}"),
    ],
)
def test_money_is_read_and_shown_to_its_last_digit(literal, amount):
    [balance] = with_total(literal).balances
    assert balance.amount == Decimal(amount)
    assert figures.money(balance.amount) == amount


@pytest.mark.parametrize(
    "literal",
    [
        *(
            '"1e3"',
            '"1E-7"',
            "1e16",
            "1e-31",
            "1e15",
            "10e14",
            "9999999999999999",
            "1000000000000000.0",
        ),
        *(f'"1.{"1" * 31}"', f"1.{'1' * 31}", f"0.{'1' * 31}e1", f"1.{'1' * 31}e-1"),
        *("1E+1000000000", "1E-1000000000", "-1e1000000000", "0e1000000000", f"1e-{'0' * 60_000}1"),
        *("9" * 40, f'"{"9" * 40}"', f'"{"0" * 15}1"', f"{'9' * 46}e-30", f"{'9' * 60_000}e-30"),
    ],
)
def test_money_of_another_size_is_refused(literal):
    assert with_total(literal).detail.endswith("total_balance is no plain decimal.")


@given(
    st.decimals(-(10**15) + 1, 10**15 - 1, allow_nan=False, allow_infinity=False, places=30),
    st.integers(-30, 15),
)
def test_any_amount_is_read_exactly_as_a_string_and_as_a_number(amount, exponent):
    plain = f"{amount:f}"
    assert with_total(f'"{plain}"').balances == with_total(plain).balances
    found = with_total(f"{plain}e{exponent}")
    exact = Context(prec=80).multiply(amount, Decimal(10).scaleb(exponent - 1))
    if abs(exact) < 10**15:
        assert found.balances[0].amount == exact
    else:
        assert found.error == "bad_response"


def test_novita_loses_no_digit_to_its_unit():
    literal = f'"{MOST}"'
    body = json.dumps(dict.fromkeys(json.loads(case("novita", "available").body), "%")).replace(
        '"%"', literal
    )
    [balance] = read(NOVITA, 200, body.encode(), "available").balances
    assert figures.money(balance.amount) == f"{'9' * 11}.{'9' * 34}"


def acme(body, _watch, currency):
    return Reading((Balance(currency, money(member(body, "credits"), "remaining")),))


ACME = Provider(
    regions={
        "eu": Region("https://api.acme.example", "EUR"),
        "us": Region("https://us.acme.example", "USD", "https://us.acme.example/billing"),
    },
    path="/credits",
    parse=acme,
    contact=Contact("Acme", "https://acme.example/billing"),
)
ANSWER = b'{"credits": {"remaining": 41.50, "expires": "never"}}'


def test_a_new_provider_is_one_value_and_brings_no_setting_but_another_origin(monkeypatch):
    monkeypatch.setitem(PROVIDERS, "acme", ACME)
    env = dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")
    default = settings.read({**env, "BUDGETS": "50/10 EUR"})
    assert default.rules["acme"].budgets == {"EUR": Budget(Decimal(50), Decimal(10))}
    assert default.rules["deepseek"] == settings.read(env).rules["deepseek"]
    assert default.origins == {}
    changed = settings.read({**env, "ACME_URL": "http://127.0.0.1:8080"})
    assert changed.origins == {"acme": "http://127.0.0.1:8080"}
    assert read(ACME, 403, b"", None) == Failure(CheckError.PERMISSION, "Acme answered 403 Forbidden.")


@pytest.mark.parametrize(
    ("region", "origin", "currency", "top_up"),
    [
        (None, "https://api.acme.example", "EUR", "https://acme.example/billing"),
        ("eu", "https://api.acme.example", "EUR", "https://acme.example/billing"),
        ("us", "https://us.acme.example", "USD", "https://us.acme.example/billing"),
    ],
)
def test_a_region_says_where_to_ask_what_is_counted_and_where_to_top_up(
    region, origin, currency, top_up
):
    assert ACME.region(region).origin == origin
    assert read(ACME, 200, ANSWER, None, region=region) == Reading(
        (Balance(currency, Decimal("41.5")),)
    )
    assert ACME.contact_in(region) == replace(ACME.contact, top_up=top_up)
    assert ACME.region_names() == ("eu", "us")


def test_only_the_providers_that_the_secret_names_are_imported():
    code = (
        "import sys; from providers import PROVIDERS; from config import accounts, settings;"
        "env = dict.fromkeys(('API_KEYS_SECRET', 'STATE_TABLE', 'ALERTS_TOPIC'), 'x');"
        'accounts.parse(\'{"vercel": "0123456789", "nobody": "0123"}\', settings.read(env).rules);'
        "print(*(name for name in PROVIDERS if f'providers.{name}' in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["vercel"]
