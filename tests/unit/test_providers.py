"""What the providers' answers mean, on responses as they were recorded."""

import json
from decimal import Context, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import settings
from guard import figures
from guard.model import Balance, Budget, CheckError, Contact, Failure, Reading
from providers import PROVIDERS
from providers.http import read
from providers.provider import Provider, member, money

RESPONSES = Path(__file__).parent.parent / "responses"
DEEPSEEK, NOVITA = PROVIDERS["deepseek"], PROVIDERS["novita"]


def recorded(name: str) -> bytes:
    return (RESPONSES / name).read_bytes()


def deepseek_row(currency, total, granted, topped_up):
    components = {"granted": Decimal(granted), "topped_up": Decimal(topped_up)}
    return Balance(currency, Decimal(total), components, expiring=Decimal(granted))


CNY, USD = (
    deepseek_row("CNY", "0.00", "0.00", "0.00"),
    deepseek_row("USD", "12.34", "2.34", "10.00"),
)


@pytest.mark.parametrize(
    ("response", "reading"),
    [
        ("deepseek_cny.json", Reading((deepseek_row("CNY", "110", "10", "100"),))),
        ("deepseek_cny_usd.json", Reading((CNY, USD))),
        ("deepseek_usd_cny.json", Reading((USD, CNY))),
        (
            "deepseek_negative.json",
            Reading((deepseek_row("USD", "-0.02", "0", "-0.02"),), available=False),
        ),
        ("deepseek_numbers.json", Reading((deepseek_row("USD", "12.34", "0", "12.34"),))),
    ],
)
def test_every_currency_row_of_deepseek_is_read_in_any_order(response, reading):
    assert read(DEEPSEEK, 200, recorded(response), None) == reading


@pytest.mark.parametrize(("written", "currency"), [("usd", "USD"), ("Usd", "USD"), ("eur", "EUR")])
def test_a_row_in_another_currency_or_case_hides_no_other(written, currency):
    row = ROW.replace("USD", written)
    body = f'{{"is_available": true, "balance_infos": [{row}, {ROW.replace("USD", "CNY")}]}}'
    found = [balance.currency for balance in read(DEEPSEEK, 200, body.encode(), None).balances]
    assert found == [currency, "CNY"]


def test_minus_nothing_is_nothing():
    reading = read(DEEPSEEK, 200, recorded("deepseek_negative.json"), None)
    assert str(reading.balances[0].components["granted"]) == "0.00"


@pytest.mark.parametrize(
    ("response", "watch", "amount", "cash", "spendable", "invoices"),
    [
        ("novita.json", "available", "100", "80", "100", "0"),
        ("novita.json", "cash", "80", "80", "100", "0"),
        ("novita_on_credit.json", "available", "12.3456", "-7.6544", "12.3456", "7.6544"),
        ("novita_on_credit.json", "cash", "-7.6544", "-7.6544", "12.3456", "7.6544"),
    ],
)
def test_novita_counts_in_units_of_a_hundredth_of_a_cent(
    response, watch, amount, cash, spendable, invoices
):
    [balance] = read(NOVITA, 200, recorded(response), watch).balances
    assert (balance.currency, balance.amount) == ("USD", Decimal(amount))
    assert (balance.cash, balance.spendable) == (Decimal(cash), Decimal(spendable))
    assert balance.components == {
        "cash": Decimal(cash),
        "credit_limit": Decimal(20),
        "outstanding_invoices": Decimal(invoices),
    }


def envelope(reason):
    return json.dumps({"code": 1, "reason": reason, "message": "sk_secret", "metadata": {}}).encode()


FAILURES = [
    ("deepseek", 401, recorded("deepseek_401.txt"), "auth"),
    ("deepseek", 401, recorded("deepseek_401.json"), "auth"),
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
    ("deepseek", 201, recorded("deepseek_cny.json"), "bad_response"),
    ("novita", 401, recorded("novita_401.json"), "auth"),
    ("novita", 403, recorded("novita_403.json"), "billing"),
    ("novita", 403, envelope("INVALID_API_KEY"), "auth"),
    ("novita", 400, envelope("MISSING_API_KEY"), "auth"),
    ("novita", 403, envelope("ACCESS_DENY"), "permission"),
    ("novita", 400, envelope("NEED_REAL_NAME_VERIFY"), "permission"),
    ("novita", 403, envelope("SOMETHING_NEW"), "permission"),
    ("novita", 500, envelope("BILLING_FAILED"), "billing"),
    ("novita", 403, envelope("BILLING_AUTH_FAILED"), "billing"),
    ("novita", 400, envelope("BILLING_BALANCE_NOT_ENOUGH"), "billing"),
    ("novita", 400, envelope("RATE_LIMIT_EXCEEDED"), "rate_limited"),
    ("novita", 503, envelope("SERVICE_NOT_AVAILABLE"), "server_error"),
    ("novita", 200, envelope("FAILED_TO_AUTH"), "auth"),
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
    body = json.loads(recorded("novita.json"))
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
    body = json.dumps(dict.fromkeys(json.loads(recorded("novita.json")), "%")).replace('"%"', literal)
    [balance] = read(NOVITA, 200, body.encode(), "available").balances
    assert figures.money(balance.amount) == f"{'9' * 11}.{'9' * 34}"


def acme(body, _watch):
    credits_left = member(body, "credits")
    return Reading((Balance(str(member(credits_left, "currency")), money(credits_left, "remaining")),))


ACME = Provider(
    origin="https://api.acme.example",
    path="/credits",
    budget="50/10 EUR",
    parse=acme,
    contact=Contact("Acme", "https://acme.example/billing"),
)


def test_a_new_provider_is_one_value_one_entry_one_response_and_one_setting(monkeypatch):
    monkeypatch.setitem(PROVIDERS, "acme", ACME)
    env = dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")
    default = settings.read(env)
    assert default.rules["acme"].budgets == {"EUR": Budget(Decimal(50), Decimal(10))}
    assert default.origins["acme"] == "https://api.acme.example"
    changed = settings.read({**env, "ACME_BUDGET": "9/3 EUR", "ACME_URL": "http://127.0.0.1:8080"})
    assert changed.rules["acme"].budgets == {"EUR": Budget(Decimal(9), Decimal(3))}
    assert changed.origins["acme"] == "http://127.0.0.1:8080"
    assert changed.rules["deepseek"] == default.rules["deepseek"]
    assert read(ACME, 200, recorded("acme.json"), changed.rules["acme"].watch) == Reading(
        (Balance("EUR", Decimal("41.50")),)
    )
    assert read(ACME, 403, b"", None) == Failure(CheckError.PERMISSION, "Acme answered 403 Forbidden.")
