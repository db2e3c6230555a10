"""An API of an entry's own: what an entry may say, and what an expression finds in an answer."""

import json
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3.util import parse_url

from config import settings
from config.accounts import parse
from config.api_key import ApiKey
from guard.model import CheckError, Failure, Reading
from providers import PROVIDERS, own
from providers.http import read
from providers.provider import EntryError

RULES = settings.read(dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")).rules
KEY = "sk-0123456789abcdef"
CUSTOM = {"url": "https://api.example.com/v1/me", "balance": "data.left", "currency": "USD"}
NEWAPI = {"origin": "https://gateway.example.com"}


def entry(provider="custom", **members):
    """The account of an entry of this provider; a member that is None is left out."""
    said = {**{"custom": CUSTOM, "newapi": NEWAPI}.get(provider, {}), **members}
    said = {name: text for name, text in said.items() if text is not None}
    [account] = parse(json.dumps({provider: {"api_key": KEY, **said}}), RULES)
    return account


def why_not(account):
    """Why an entry can't be used."""
    assert account.key.error is CheckError.CONFIG
    assert account.own is None
    return account.key.detail.removeprefix("The account's entry in the secret can't be used: ")


def test_an_entry_says_where_to_ask_and_how_the_key_is_shown():
    provider = entry(url="https://Api.Example.com:8443/v1/me?x=%20a", header=" X-Api-Key: k {key}").own
    assert provider.region(None).origin + provider.path == "https://api.example.com:8443/v1/me?x=%20a"
    assert provider.headers("0123") == {"X-Api-Key": "k 0123"}
    assert entry().own.headers("0123") == {"Authorization": "Bearer 0123"}
    gateway = entry("newapi").own
    origin = "https://gateway.example.com"
    assert gateway.region(None).origin + gateway.path == f"{origin}/api/usage/token/"
    assert gateway.contact_in(None).top_up == origin


def test_an_entry_keeps_the_rules_that_any_other_may_have():
    account = entry(budget="50/10 USD", runway="off", currency=" usd ")
    assert account.rules.budgets["USD"].warning == Decimal(50)
    assert account.rules.runway is None
    assert account.own.region(None).currency == "USD"
    assert isinstance(account.key, ApiKey)


ADDRESS = "its url should have a public host name: no address, and no name of a private network."
NO_URL = (
    "its url should be like https://api.example.com/v1/me: https, a host name, no credentials, no "
    "fragment, and what is no plain character written with %."
)
CLIMBS = "its url has '.' or '..' in its path; write out where that leads."
BAD_URLS = {
    "http://api.example.com/": NO_URL,
    "ftp://api.example.com/": NO_URL,
    "api.example.com": NO_URL,
    "https://": NO_URL,
    "https:///v1": NO_URL,
    "https://user:test@api.example.com/": NO_URL,
    "https://user@api.example.com/": NO_URL,
    "https://api.example.com/#left": NO_URL,
    "https://api.example.com/a b": NO_URL,
    "https://api.example.com/a\\b": NO_URL,
    "https://api.example.com/%zz": NO_URL,
    "https://api.example.com/ü": NO_URL,
    "https://api.example.com/\u212a": NO_URL,
    "http\u017f://api.example.com/": NO_URL,
    "https://api.example.com/\n": None,
    "https://api.example.com\\@localhost/": NO_URL,
    "https://127.0.0.1/": ADDRESS,
    "https://127.1/": ADDRESS,
    "https://2130706433/": ADDRESS,
    "https://0x7f.0x1/": ADDRESS,
    "https://0177.0.0.1/": ADDRESS,
    "https://169.254.169.254/latest/meta-data": ADDRESS,
    "https://8.8.8.8/": ADDRESS,
    "https://[::1]/": ADDRESS,
    "https://[::ffff:127.0.0.1]:443/": ADDRESS,
    "https://localhost/": ADDRESS,
    "https://LOCALHOST:8443/": ADDRESS,
    "https://db.localhost/": ADDRESS,
    "https://localhost.localdomain/": ADDRESS,
    "https://gateway/": ADDRESS,
    "https://printer.local/": ADDRESS,
    "https://api.internal/": ADDRESS,
    "https://metadata.google.internal/": ADDRESS,
    "https://ip-10-0-0-1.eu-central-1.compute.internal/": ADDRESS,
    "https://api.intranet/": ADDRESS,
    "https://api.corp/": ADDRESS,
    "https://nas.home.arpa/": ADDRESS,
    "https://nas.lan/": ADDRESS,
    "https://kubernetes.default.svc/": ADDRESS,
    "https://host.docker/": ADDRESS,
    "https://db.consul:8500/": ADDRESS,
    "https://api.example.com./": ADDRESS,
    "https://api..example.com/": ADDRESS,
    "https://-api.example.com/": ADDRESS,
    "https://api_v1.example.com/": ADDRESS,
    "https://api.exämple.com/": ADDRESS,
    "https://api.example.com:0/": ADDRESS,
    "https://api.example.com:65536/": ADDRESS,
    "https://api.example.com:/": ADDRESS,
    "https://api.example.com/../admin": CLIMBS,
    "https://api.example.com/v1/..": CLIMBS,
    "https://api.example.com/./v1": CLIMBS,
    "https://api.example.com/%2e%2E/admin": CLIMBS,
    "https://api.example.com/v1/%252e%252e%252fadmin": CLIMBS,
    "https://api.example.com/..;x=1/admin": CLIMBS,
    "https://api.example.com/..%5cadmin": CLIMBS,
}


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_is_not_public_and_plain_is_a_config_error(url):
    if (why := BAD_URLS[url]) is None:
        assert entry(url=url).own.path == "/"  # white space around it is stripped
        return
    assert why_not(entry(url=url)) == why


@pytest.mark.parametrize("url", [url for url, why in BAD_URLS.items() if why])
def test_an_origin_is_held_to_the_same_and_has_no_path(url):
    assert why_not(entry("newapi", origin=url)).startswith("its origin ")


@pytest.mark.parametrize("path", ["/v1", "/?x=1", "?x=1", "//"])
def test_an_origin_with_a_path_is_a_config_error(path):
    why = "its origin should be https://host[:port], without a path."
    assert why_not(entry("newapi", origin=f"https://gateway.example.com{path}")) == why


@given(
    st.from_regex(
        r"https://[A-Za-z0-9.:@%\[\]\\-]{1,20}([/?#][A-Za-z0-9./?%#;@\\-]{0,20})?", fullmatch=True
    )
)
@example("https://a.b@c.d/")
@example("https://api.example.com/%2E%2e/")
def test_whatever_url_is_taken_leads_everybody_to_the_same_place(text):
    try:
        found = own.url("url", text)
    except EntryError:
        return
    for host in (parse_url(found.origin).host, urlsplit(text).hostname):
        assert host == found.origin.removeprefix("https://").partition(":")[0]
    whole = parse_url(found.origin + found.path)
    assert (whole.auth, whole.fragment, whole.scheme) == (None, None, "https")
    assert whole.path.lower() == found.path.partition("?")[0].lower()  # nothing was climbed


KNOWN = "api_key, url, balance, currency, unit, header, budget, runway, remind_every and fast_drain"
BAD_MEMBERS = {
    "no url": ({"url": None}, "it has no url; it needs url, balance and currency."),
    "no balance": ({"balance": " "}, "it has no balance; it needs url, balance and currency."),
    "no currency": ({"currency": None}, "it has no currency; it needs url, balance and currency."),
    "currency": ({"currency": "dollars"}, "its currency should be three letters, such as USD."),
    **{
        f"unit {unit}": (
            {"unit": unit},
            "its unit should be a plain decimal above zero, such as 0.01.",
        )
        for unit in ("0", "0.0", "-1", "1e-2", "NaN", "Infinity", "1/100", ".01", "", "1_000", "cents")
    },
    **{
        f"header {header}": (
            {"header": header},
            'its header should be a name, ":" and {key} once, such as X-Api-Key: {key}.',
        )
        for header in (
            *("X-Api-Key", "X-Api-Key: 0123", "{key}", ": {key}", "X Api: {key}", "X-Api-Key: {KEY}"),
            *(
                "X-A: {key}{key}",
                "Host: {key}",
                "content-length: {key}",
                "User-Agent: {key}",
                "X-A: {key}\r\nX-B: 1",
            ),
            *("X-Ä: {key}", "X-A: ä{key}", "", "X-{key}: {key}"),
        )
    },
    **{
        f"balance {balance}": (
            {"balance": balance},
            "its balance is not a JMESPath expression, such as data.left (https://jmespath.org).",
        )
        for balance in ("data..left", "data.", "[?", "a b", "$.data.left", "(" * 150)
    },
    "a function that is not known": (
        {"balance": "suum(data[].left)"},
        "its balance has a function that JMESPath doesn't know.",
    ),
    "a long balance": (
        {"balance": "a" * 201},
        "its balance should be a JMESPath expression of up to 200 characters.",
    ),
    "a key in the balance": (
        {"balance": f"accounts[?token=='{KEY}'].left"},
        "its balance has the API key in it; it should say where the balance is.",
    ),
    "origin": (
        {"origin": "https://api.example.com"},
        f"it has a member that isn't known; known are {KNOWN}.",
    ),
    "region": ({"region": "cn"}, "its provider has a single site, so it takes no region."),
}


@pytest.mark.parametrize(("members", "why"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_an_entry_that_cannot_be_used_says_why_in_a_sentence(members, why):
    assert why_not(entry(**members)) == why


def test_a_key_alone_is_not_enough_for_an_api_of_ones_own():
    for provider, needs in (("custom", "url, balance and currency"), ("newapi", "origin")):
        [account] = parse(json.dumps({provider: KEY}), RULES)
        assert why_not(account) == f"it has no {needs.partition(',')[0]}; it needs {needs}."


def test_another_provider_takes_no_url_and_no_origin():
    for name, text in (("url", CUSTOM["url"]), ("origin", NEWAPI["origin"])):
        assert why_not(entry("deepseek", **{name: text})).startswith("it has a member that isn't known")


def found(expression, body, unit="1"):
    """What an expression makes of an answer: an amount, or the end of the sentence about it."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    meant = read(entry(balance=expression, unit=unit).own, 200, text, None)
    if isinstance(meant, Reading):
        [balance] = meant.balances
        return balance.amount
    assert isinstance(meant, Failure)
    assert meant.error is CheckError.BAD_RESPONSE
    return meant.detail.partition("promises: ")[2]


WALLETS = {
    "wallets": [
        {"id": 1, "name": "research", "left": 0.1, "text": "0.1"},
        {"id": 2, "name": "sales", "left": 0.2, "text": "0.2"},
    ]
}


@pytest.mark.parametrize(
    ("expression", "amount"),
    [
        ("wallets[0].left", "0.1"),
        ("wallets[1].text", "0.2"),
        ("wallets[?name=='sales'].left", "0.2"),
        ("wallets[?name=='sales'].left | [0]", "0.2"),
        ("wallets[?id==`2`].text", "0.2"),
        ("wallets[?left>`0.15`].left", "0.2"),
        ("sum(wallets[].left)", "0.3"),
        ("sum(map(&to_number(text), wallets))", "0.3"),
        ("max(wallets[].left)", "0.2"),
        ("max_by(wallets, &id).text", "0.2"),
        ("sort_by(wallets, &left)[0].left", "0.1"),
        ("max([sum(wallets[].left), wallets[0].left])", "0.3"),
        ("not_null(nothing, wallets[0].left)", "0.1"),
        ("length(wallets)", "2"),
        ("wallets[?left!=`0.1`].left", "0.2"),
        ("wallets[?left==`0.2`].text", "0.2"),
        ("wallets[?type(left)=='number'] | [1].left", "0.2"),
        ("sum([wallets[0].left, `0.5`])", "0.6"),
        ("to_number(wallets[0].left)", "0.1"),
    ],
)
def test_an_expression_finds_exact_figures(expression, amount):
    assert found(expression, WALLETS) == Decimal(amount)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("wallet", "wallet finds nothing in it."),
        ("wallets[?name=='none'].left", "wallets[?name=='none'].left finds nothing in it."),
        ("wallets[].left", "wallets[].left finds something else in it than one figure."),
        ("wallets", "wallets finds something else in it than one figure."),
        ("wallets[0]", "wallets[0] finds something else in it than one figure."),
        ("[wallets[0].left]", "[wallets[0].left] finds something else in it than one figure."),
        ("wallets[0].name", "what wallets[0].name finds is no plain decimal."),
        ("wallets[0].id==`1`", "what wallets[0].id==`1` finds is no plain decimal."),
        ("sum(wallets[].nothing)", "sum(wallets[].nothing) finds nothing in it."),
        ("sum(map(&nothing, wallets))", "sum(map(&nothing, wallets)) can't be used on it."),
        ("sum(wallets[].text)", "sum(wallets[].text) can't be used on it."),
        ("sum(wallets)", "sum(wallets) can't be used on it."),
        ("to_number(wallets[0].name)", "to_number(wallets[0].name) can't be used on it."),
        ("sum(wallets[].to_number(name))", "sum(wallets[].to_number(name)) can't be used on it."),
        ("a1234567890abcdef.left", "its expression finds nothing in it."),
        ("wallets[?name=='sk-0123456789'].left", "its expression finds nothing in it."),
        ('"sk-zzzz0123456789abcdef"', "its expression finds nothing in it."),
        ("a.sk_012345678", "its expression finds nothing in it."),
    ],
)
def test_an_expression_that_does_not_find_one_figure_is_named(expression, why):
    assert found(expression, WALLETS) == why


@pytest.mark.parametrize(
    ("body", "expression", "why"),
    [
        (b'{"left": 1e999999999}', "ceil(left)", "ceil(left) can't be used on it."),
        (b'{"left": 1e999999999}', "left", "what left finds is no plain decimal."),
        (b'{"left": true}', "left", "what left finds is no plain decimal."),
        (b"[" * 2000 + b"]" * 2000, "left", "left can't be used on it."),
        (b'{"left": 1', "left", "it isn't JSON."),
    ],
)
def test_an_answer_that_is_odd_is_no_figure(body, expression, why):
    assert found(expression, body) == why


def test_a_unit_counts_to_the_last_digit():
    assert found("left", b'{"left": 12345}', "0.01") == Decimal("123.45")
    assert found("left", b'{"left": "0.1"}', f"0.{'0' * 29}1") == Decimal(f"0.{'0' * 30}1")
    most = f"{'9' * 15}.{'9' * 30}"
    assert (
        f"{found('left', json.dumps({'left': most}).encode(), '0.5'):f}" == f"4{'9' * 14}.{'9' * 30}5"
    )
    assert found("left", b'{"left": 2}', "999999999999999") == "what left finds is no plain decimal."


def test_a_provider_that_needs_an_entry_is_not_asked_without_one():
    for name in ("custom", "newapi"):
        assert PROVIDERS[name].region(None).origin == ""
        assert PROVIDERS[name].contact.title


def test_a_label_may_say_the_same_as_the_expression_or_the_url():
    sid = "AC0123456789abcdef0123456789abcdef"
    secret = {
        "custom/credits_left": {"api_key": KEY, **CUSTOM, "balance": "credits_left"},
        "deepseek/credits_left": KEY,
        f"custom/{sid}": {
            "api_key": KEY,
            **CUSTOM,
            "url": f"https://api.example.com/{sid}/Balance.json",
        },
    }
    found = parse(json.dumps(secret), RULES)
    assert [str(one.account) for one in found] == [*secret]
    assert all(isinstance(one.key, ApiKey) for one in found)


def test_a_gateway_that_does_not_say_whether_a_key_has_a_limit_tells_no_balance():
    gateway = entry("newapi").own
    for said in (None, "false", 0):
        data = {"total_available": 5, "unlimited_quota": said}
        meant = read(gateway, 200, json.dumps({"code": True, "data": data}).encode(), None)
        assert meant.error is CheckError.BAD_RESPONSE
