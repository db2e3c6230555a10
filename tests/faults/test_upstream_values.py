"""What a 200 may hold: what isn't promised is unknown, and what is odd is understood."""

import pytest

from guard.model import Failure
from providers import PROVIDERS
from providers.http import read
from tests.faults.payloads import bad_bodies, bad_money_everywhere, good, with_member, with_money
from tests.faults.upstream import answer

JSON = "Content-Type: application/json"

READ = {
    "deepseek": {
        "echo": (good("deepseek"), "warning", "15.00"),
        "minus zero": (with_money("deepseek", '"-0.00"'), "exhausted", "0.00"),
        "negative": (with_money("deepseek", '"-0.02"'), "exhausted", "-0.02"),
        "plain number": (with_money("deepseek", "15.00"), "warning", "15.00"),
        "twelve places": (with_money("deepseek", '"4.999999999999"'), "critical", "4.999999999999"),
        "fifteen digits": (with_money("deepseek", '"999999999999999.99"'), "ok", "999999999999999.99"),
        "refuses calls": (with_member("deepseek", "is_available", "false"), "exhausted", "15.00"),
    },
    "novita": {
        "echo": (good("novita"), "warning", "15.00"),
        "minus zero": (with_money("novita", '"-0"'), "exhausted", "0.00"),
        "negative": (with_money("novita", '"-200"'), "exhausted", "-0.02"),
        "plain number": (with_money("novita", "150000"), "warning", "15.00"),
        "one unit": (with_money("novita", '"1"'), "critical", "0.0001"),
        "fifteen digits": (with_money("novita", '"999999999999999"'), "ok", "99999999999.9999"),
        "no pending charges": (with_member("novita", "pendingCharges", ""), "warning", "15.00"),
    },
}


def test_an_answer_that_is_not_what_was_promised_is_unknown(guarded):
    bodies = bad_bodies(guarded.provider)
    guarded.assert_fail(
        {case: (answer("200 OK", body, JSON), "bad_response") for case, body in bodies.items()}
    )


def test_an_answer_that_is_odd_is_understood(guarded):
    cases = READ[guarded.provider].items()
    guarded.assert_read({case: (answer("200 OK", body, JSON), *read) for case, (body, *read) in cases})


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_figure_is_held_to_the_same_grammar(provider):
    taken = [
        case
        for case, body in bad_money_everywhere(provider).items()
        if not isinstance(read(PROVIDERS[provider], 200, body, "available"), Failure)
    ]
    assert taken == []
