"""Thousands of bodies: each is a sane balance, or is unknown, and none is a crash."""

import json
import re
from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.model import CheckError, Failure, Reading
from providers import PROVIDERS
from providers.http import read
from providers.strict_json import NotStrictJsonError, loads
from tests.faults.json_texts import BROKEN, EITHER, REFUSED, TAKEN
from tests.faults.payloads import GOOD, MONEY, NO_MONEY, good
from tests.faults.upstream import MARKER

LARGEST = Decimal(10) ** 15
STATUSES = (200, 200, 200, 201, 301, 400, 401, 402, 403, 404, 418, 429, 500, 503, 999)

# Three tests for each of two providers: 12,000 payloads, the same ones every time.
settings.register_profile(
    "faults",
    max_examples=2000,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
faults = settings.get_profile("faults")
providers = pytest.mark.parametrize("provider", GOOD)


def assert_sane(found):
    """A failure in the guard's own words, or money that can be reckoned with."""
    if isinstance(found, Failure):
        assert found.error in CheckError
        assert MARKER not in found.detail
        return
    assert isinstance(found, Reading)
    assert isinstance(found.available, bool)
    assert found.balances
    assert len({balance.currency for balance in found.balances}) == len(found.balances)
    for balance in found.balances:
        assert re.fullmatch("[A-Z]{3}", balance.currency)
        for figure in (balance.amount, *balance.components.values()):
            assert type(figure) is Decimal
            assert figure.is_finite()
            assert abs(figure) < LARGEST
            assert not (figure == 0 and figure.is_signed())


def assert_always_sane(provider, body):
    for watch in PROVIDERS[provider].watch or (None,):
        for status in (200, 500):
            assert_sane(read(PROVIDERS[provider], status, body, watch))


@providers
@faults
@given(data=st.data())
def test_any_bytes_with_any_status(provider, data):
    body = data.draw(st.binary(max_size=200))
    status = data.draw(st.sampled_from(STATUSES) | st.integers(100, 999))
    found = read(PROVIDERS[provider], status, body, "available")
    assert_sane(found)
    assert isinstance(found, Failure)


NAMES = sorted(
    {"code", "reason", "message", "data", "currency", "is_available", "balance_infos", "error"}
    | set(chain.from_iterable(MONEY.values()))
)
WORDS = ("USD", "CNY", "EUR", "15.00", "-0.00", "NaN", "1e9", "FAILED_TO_AUTH", "BILLING_X", "", MARKER)
atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(WORDS)
    | st.decimals().map(str)
)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5)
    ),
    max_leaves=12,
)
literals = st.sampled_from(sorted(NO_MONEY.values())) | values.map(json.dumps)


@st.composite
def almost_right(draw, provider):
    """A right answer, or a row of one, in which some members are replaced, renamed or left out."""
    body = json.loads(good(provider))
    rows = body.get("balance_infos", [])
    if rows and draw(st.booleans()):
        rows.append({**rows[0], "currency": draw(st.sampled_from(("CNY", "USD", "usd", "EUR", "", 5)))})
    for target in draw(st.lists(st.sampled_from([body, *rows]), min_size=1, max_size=3)):
        name = draw(st.sampled_from(sorted(target) or NAMES))
        match draw(st.integers(0, 3)):
            case 0:
                target.pop(name, None)
            case 1:
                target[draw(st.sampled_from(NAMES))] = target.pop(name, None)
            case _:
                target[name] = draw(values)
    return json.dumps(body).encode()


@providers
@faults
@given(data=st.data())
def test_any_answer_that_is_almost_right(provider, data):
    assert_always_sane(provider, data.draw(almost_right(provider)))


@st.composite
def mangled(draw, provider):
    """A right answer with bytes changed, cut out, doubled or moved, or a literal put in."""
    body = bytearray(good(provider).encode())
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted(draw(st.tuples(st.integers(0, len(body)), st.integers(0, len(body)))))
        piece = draw(
            st.binary(max_size=4)
            | literals.map(str.encode)
            | st.sampled_from((b",", b'"', b"{", b"}", b"-", b"0", b"\\", b"e9", b":"))
            | st.just(bytes(body[start:end]))
        )
        body[start : draw(st.sampled_from((start, min(start + 1, len(body)), end)))] = piece
    return bytes(body)


@providers
@faults
@given(data=st.data())
def test_any_answer_that_was_mangled(provider, data):
    assert_always_sane(provider, data.draw(mangled(provider)))


def test_there_are_more_texts_than_the_suite_that_they_follow_has_files():
    assert len({*TAKEN}) > 95
    assert len({*REFUSED, *BROKEN}) > 188
    assert len({*EITHER}) > 35


def outcome(text):
    try:
        loads(text)
    except NotStrictJsonError as error:
        return "refused" if error.__context__ is None else "refused with a trace of it"
    return "taken"


@pytest.mark.parametrize("encoded", [False, True], ids=["text", "bytes"])
def test_texts_that_are_json_are_taken_and_all_others_refused(encoded):
    def found(texts):
        return {text[:80] for text in texts if outcome(text.encode() if encoded else text) == "taken"}

    assert found(TAKEN) == {text[:80] for text in TAKEN}
    assert found(REFUSED) == set()
    assert {outcome(text) for text in (*REFUSED, *BROKEN)} == {"refused"}
    assert {outcome(text) for text in EITHER} <= {"taken", "refused"}


@providers
def test_no_text_of_the_suite_is_a_balance(provider):
    for text in (*TAKEN, *REFUSED, *EITHER, *BROKEN):
        body = text if isinstance(text, bytes) else text.encode()
        found = read(PROVIDERS[provider], 200, body, "available")
        assert isinstance(found, Failure), text[:80]
        assert found.error is CheckError.BAD_RESPONSE


@providers
def test_a_balance_beside_any_json_is_a_balance(provider):
    members = json.dumps(GOOD[provider])[1:]
    for text in TAKEN:
        body = f'{{"more":{text},{members}'.encode()
        assert isinstance(read(PROVIDERS[provider], 200, body, "available"), Reading), text[:80]
