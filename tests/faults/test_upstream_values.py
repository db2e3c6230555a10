"""What a 200 may hold: what isn't promised is unknown, and what is odd is understood."""

import json

import pytest

from guard.model import Failure
from providers import PROVIDERS
from providers.http import read
from tests.faults.guarded import OWN, guarded_at
from tests.faults.payloads import (
    BODIES,
    bad_bodies,
    bad_money_everywhere,
    good,
    with_member,
    with_money,
)
from tests.faults.upstream import answer

JSON = "Content-Type: application/json"


guarded = guarded_at("deepseek", "novita", "custom")


def with_row(currency, balance):
    """DeepSeek's answer with a row in one more currency."""
    body = json.loads(good("deepseek"))
    row = {**body["balance_infos"][0], "currency": currency, "total_balance": balance}
    return json.dumps({**body, "balance_infos": [*body["balance_infos"], row]})


FINE = "4.000000000000000000000000000001"
MOST = f"{'9' * 15}.{'9' * 30}"


def in_whole_units(provider):
    """Odd figures of a provider that counts in its currency, and not in parts of it."""
    return {
        "echo": (good(provider), "warning", "15.00"),
        "byte order mark": ("\ufeff" + good(provider), "warning", "15.00"),
        "minus zero": (with_money(provider, '"-0.00"'), "exhausted", "0.00"),
        "negative": (with_money(provider, '"-0.02"'), "exhausted", "-0.02"),
        "plain number": (with_money(provider, "15.00"), "warning", "15.00"),
        "twelve places": (with_money(provider, '"4.999999999999"'), "critical", "4.999999999999"),
        "fifteen digits": (with_money(provider, '"999999999999999.99"'), "ok", "999999999999999.99"),
        "sixteen places": (with_money(provider, '"65.7173316000000000"'), "ok", "65.7173316"),
        "noise of a float": (
            with_money(provider, "12.340000000000002"),
            "warning",
            "12.340000000000002",
        ),
        "thirty places": (with_money(provider, f'"{FINE}"'), "critical", FINE),
        "thirty places of a number": (with_money(provider, FINE), "critical", FINE),
        "exponent": (with_money(provider, "1.2e1"), "warning", "12.00"),
        "negative exponent": (with_money(provider, "5E-7"), "critical", "0.0000005"),
        "minus zero of a number": (with_money(provider, "-0"), "exhausted", "0.00"),
        "most digits": (with_money(provider, f'"{MOST}"'), "ok", MOST),
        "negative number": (with_money(provider, "-0.02"), "exhausted", "-0.02"),
    }


READ = {
    "deepseek": {
        **in_whole_units("deepseek"),
        "lower-case currency": (with_member("deepseek", "currency", '"usd"'), "warning", "15.00"),
        "mixed-case currency": (with_member("deepseek", "currency", '"Usd"'), "warning", "15.00"),
        "unknown currency that holds nothing": (with_row("xyz", "0.00"), "warning", "15.00", "0.00"),
        "unknown currency": (with_row("eur", "9.00"), "warning", "15.00", "9.00"),
        "refuses calls": (with_member("deepseek", "is_available", "false"), "exhausted", "15.00"),
    },
    "novita": {
        "echo": (good("novita"), "warning", "15.00"),
        "byte order mark": ("\ufeff" + good("novita"), "warning", "15.00"),
        "minus zero": (with_money("novita", '"-0"'), "exhausted", "0.00"),
        "negative": (with_money("novita", '"-200"'), "exhausted", "-0.02"),
        "plain number": (with_money("novita", "150000"), "warning", "15.00"),
        "one unit": (with_money("novita", '"1"'), "critical", "0.0001"),
        "fifteen digits": (with_money("novita", '"999999999999999"'), "ok", "99999999999.9999"),
        "thirty places": (
            with_money("novita", f'"{FINE}"'),
            "critical",
            "0.000" + FINE.replace(".", ""),
        ),
        "exponent": (with_money("novita", "1.2e5"), "warning", "12.00"),
        "no pending charges": (with_member("novita", "pendingCharges", ""), "warning", "15.00"),
    },
    "custom": in_whole_units("custom"),
}


def test_an_answer_that_is_not_what_was_promised_is_unknown(guarded):
    bodies = bad_bodies(guarded.provider)
    guarded.assert_fail(
        {case: (answer("200 OK", body, JSON), "bad_response") for case, body in bodies.items()}
    )


def test_an_answer_that_is_odd_is_understood(guarded):
    cases = READ[guarded.provider].items()
    guarded.assert_read({case: (answer("200 OK", body, JSON), *read) for case, (body, *read) in cases})


@pytest.mark.parametrize("provider", BODIES)
def test_every_figure_is_held_to_the_same_grammar(provider):
    asked = PROVIDERS[provider].of_entry(OWN) or PROVIDERS[provider]
    taken = [
        case
        for case, body in bad_money_everywhere(provider).items()
        if not isinstance(read(asked, 200, body, "available"), Failure)
    ]
    assert taken == []
