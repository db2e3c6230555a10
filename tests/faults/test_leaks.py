"""No key, no part of one, and nothing that an upstream said leaves the guard.

The whole matrix of faults is searched in the tests of the upstream; here is what else could leak.
"""

import copy
import http.client
import json
import logging
import pickle  # nosec B403 # to see that a key stays out of it
from dataclasses import replace

import boto3
import pytest
import requests

from config.accounts import SecretError, parse
from config.api_key import ApiKey
from config.settings import read
from jobs.errors import GuardError
from providers import PROVIDERS
from tests.faults.guarded import KEYS, OWN
from tests.faults.payloads import GOOD, good
from tests.faults.upstream import MARKER, answer
from tests.world import account

KEY = KEYS["deepseek"]


@pytest.fixture
def run(world, emitted):
    """A run whose every trace is searched, whether it returns or raises."""

    def once(raises=None):
        with emitted:
            try:
                summary = world.tick()
            except Exception as error:
                if not isinstance(error, raises or ()):
                    raise
                emitted.raised(error)
                summary = None
            else:
                assert raises is None
        emitted.returned(summary)
        emitted.assert_clean(world, *KEYS.values())
        return summary

    return once


@pytest.mark.parametrize("white", ["\n", "\r\n", " ", "\t", "\n\n  \n"], ids=repr)
def test_a_key_in_white_space_is_stripped_and_works(world, run, white):
    world.keys({"deepseek": f"{white}{KEY}{white}", "novita": KEYS["novita"]})
    assert account(run())["status"] == "ok"


ENTRIES = {
    "key in two lines": {"deepseek": f"{KEY[:12]}\n{KEY[12:]}"},
    "key with a header behind it": {"deepseek": f"{KEY}\r\nX-Evil: 1"},
    "key with a null": {"deepseek": f"{KEY}\x00"},
    "key with a letter of no header": {"deepseek": f"{KEY}ü"},
    "key with a no-break space": {"deepseek": f"{KEY[:9]}\u00a0{KEY[9:]}"},
    "key with its header": {"deepseek": f"Bearer {KEY}"},
    "key in quotes": {"deepseek": f'"{KEY}"'},
    "key in single quotes": {"deepseek": {"api_key": f"'{KEY}'"}},
    "key as in an .env file": {"deepseek": f"DEEPSEEK_API_KEY={KEY}"},
    "key in half an object": {"deepseek": f'{{"api_key":"{KEY}"'},
    "key in an object as a string in an object": {
        "deepseek": {"api_key": json.dumps({"api_key": KEY}, separators=(",", ":"))}
    },
    "key in a list as a string": {"deepseek": f'["{KEY}"]'},
    "key in an object as a string, and as a label": {f"deepseek/{KEY}": json.dumps({"api_key": KEY})},
    "key of a variable": {"DEEPSEEK_API_KEY": KEY},
    "key of a provider with a letter too few": {"deepsek": KEY},
    "key a hundred times": {"deepseek": KEY * 100},
    "key as the name": {KEY: "deepseek"},
    "key as the name of itself": {KEY: KEY},
    "key as a label": {f"deepseek/{KEY}": KEY},
    "key in a label": {f"deepseek/my-{KEY}-key": {"api_key": KEY}},
    "key as a provider": {f"{KEY}/default": KEY},
    "key as a member": {"deepseek": {KEY: "api_key"}},
    "key as a member beside itself": {"deepseek": {"api_key": KEY, KEY: KEY}},
    "key as a budget": {"deepseek": {"api_key": KEY, "budget": KEY}},
    "key as a runway": {"deepseek": {"api_key": KEY, "runway": KEY}},
    "key as what is watched": {"novita": {"api_key": KEY, "watch": KEY}},
    "key in a list": {"deepseek": [KEY]},
    "key in an object in an object": {"deepseek": {"api_key": {"api_key": KEY}}},
    "key of a provider nobody knows": {"openai": KEY},
    "key as an API of one's own": {"custom": KEY},
    "key as its own URL": {"custom": {"api_key": KEY, **OWN, "url": KEY}},
    "key as credentials": {"custom": {"api_key": KEY, **OWN, "url": f"https://{KEY}@api.example.com/"}},
    "key as a host": {"newapi": {"api_key": KEY, "origin": f"https://{KEY}"}},
    "key as a header": {"custom": {"api_key": KEY, **OWN, "header": f"X-Api-Key: {KEY}"}},
    "key as a currency": {"custom": {"api_key": KEY, **OWN, "currency": KEY}},
    "key as a unit": {"custom": {"api_key": KEY, **OWN, "unit": KEY}},
    "key in an expression": {"custom": {"api_key": KEY, **OWN, "balance": f"a[?b=='{KEY}'].c"}},
    "key as an expression": {"custom": {"api_key": "testing", **OWN, "balance": KEY}},
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_that_cannot_be_used_shows_nothing_of_its_key(world, run, entry):
    world.keys({"deepseek/well": KEY, **entry})
    summary = run()
    assert summary["accounts"][0]["status"] == "ok"
    assert summary["accounts"][1]["error"] == "config"
    assert world.sandbox.asked == ["deepseek"]  # for the good entry alone


def test_an_object_as_a_string_works_and_only_its_key_is_sent(world, run, upstream):
    world.setenv("DEEPSEEK_URL", upstream.url)
    upstream.scripts[KEY] = answer("200 OK", good("deepseek"))
    world.keys({"DeepSeek": json.dumps({"api_key": KEY}), "novita": KEYS["novita"]})
    assert account(run())["severity"] == "warning"
    assert [key for _, key in upstream.asked] == [KEY]


def test_a_key_that_reads_as_an_expression_is_not_shown(world, run, upstream):
    world.setenv("CUSTOM_URL", upstream.url)
    upstream.script = answer("200 OK", good("custom"))
    world.keys({"custom": {**OWN, "api_key": "testing", "balance": KEYS["novita"]}})
    for _ in range(3):
        found = account(run(), "custom")
    assert found["error"] == "bad_response"


def test_a_key_in_a_url_is_sent_to_that_origin_alone_and_shown_nowhere(
    world, run, upstream, monkeypatch
):
    # The library under moto logs URLs; nothing of the guard's does.
    monkeypatch.setattr(logging.getLogger("responses"), "disabled", True)
    world.setenv("CUSTOM_URL", upstream.url)
    upstream.script = answer("302 Found", b"", f"Location: {world.sandbox.url}/elsewhere?key=%KEY%")
    entry = {"api_key": KEY, **OWN, "url": f"https://api.example.com/v1/{KEY}?key={KEY}"}
    world.keys({"custom": entry, "deepseek": KEYS["deepseek"]})
    for _ in range(3):
        found = account(run(), "custom")
    assert found["error"] == "redirected"
    assert upstream.asked == [(f"/v1/{KEY}?key={KEY}", KEY)] * 3
    assert world.sandbox.asked == ["deepseek"] * 3


def test_the_key_of_a_gateway_goes_to_its_origin_and_a_refusal_is_told_without_it(world, run, upstream):
    world.setenv("NEWAPI_URL", upstream.url)
    world.keys({"newapi": {"api_key": KEY, "origin": "https://gateway.example.com"}})
    upstream.script = answer("200 OK", b'{"success": false, "message": "%MARKER% %KEY%"}')
    assert account(run(), "newapi")["error"] == "auth"
    assert upstream.asked == [("/api/usage/token/", KEY)]
    [mail] = world.mail()
    assert "the gateway does not know the key" in " ".join(mail.texts["email"].split())
    assert "https://gateway.example.com" in mail.texts["email"]


SECRETS = {
    "the key alone": KEY,
    "the key as JSON": json.dumps(KEY),
    "a list": json.dumps([KEY]),
    "half of it": json.dumps({"deepseek": KEY})[:-2],
    "as in a shell": f"deepseek={KEY}",
    "as in YAML": f"deepseek: {KEY}",
    "single quotes": f"{{'deepseek': '{KEY}'}}",
    "a tail": json.dumps({"deepseek": KEY}) + KEY,
    "a line break in it": f'{{"deepseek": "{KEY}\n"}}',
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_that_cannot_be_read_is_not_shown(world, run, text):
    world.keys(text)
    run(raises=SecretError)


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.InvalidHeader(f"Header value: 'Bearer {KEY}\\n'"),
        requests.exceptions.ConnectionError(KEY, MARKER),
        requests.exceptions.SSLError(MARKER),
        requests.exceptions.ReadTimeout(KEY),
        UnicodeEncodeError("latin-1", KEY, 0, 1, MARKER),
        RuntimeError(KEY),
        RecursionError(MARKER),
        MemoryError(MARKER),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_client_raises_is_not_told(run, monkeypatch, error):
    def send(*_args, **_more):
        raise error

    monkeypatch.setattr(requests.Session, "send", send)
    assert {one["status"] for one in run()["accounts"]} == {"failed"}


@pytest.mark.parametrize("provider", GOOD)
def test_what_a_parser_raises_is_not_told(world, run, upstream, monkeypatch, provider):
    def parse(body, _watch, _currency):
        raise KeyError(body["echo"], KEYS[provider])

    world.setenv(f"{provider.upper()}_URL", upstream.url)
    upstream.script = answer(200, good(provider))
    monkeypatch.setitem(PROVIDERS, provider, replace(PROVIDERS[provider], parse=parse))
    assert account(run(), provider)["status"] == "failed"


def test_a_table_that_is_gone_is_told_without_a_key(world, run):
    world.setenv("STATE_TABLE", "gone")
    run(raises=GuardError)


def test_a_topic_that_is_gone_is_told_without_a_key(world, run):
    world.sandbox.fund(KEY, USD="1")
    boto3.client("sns").delete_topic(TopicArn=world.topic)
    world.topic = boto3.client("sns").create_topic(Name="another")["TopicArn"]
    run(raises=GuardError)


def test_a_secret_that_must_not_be_read_is_told_without_a_key(world, run):
    world.secrets.delete_secret(SecretId=world.secret)
    run(raises=SecretError)


def test_nothing_leaks_with_every_switch_for_logging_on(world, run, upstream, monkeypatch):
    for name in ("POWERTOOLS_LOGGER_LOG_EVENT", "POWERTOOLS_DEBUG", "POWERTOOLS_DEV"):
        world.setenv(name, "true")
    world.setenv("POWERTOOLS_LOG_LEVEL", "DEBUG")
    world.setenv("DETAILED_METRICS", "true")
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 2)
    for provider in GOOD:
        world.setenv(f"{provider.upper()}_URL", upstream.url)
        upstream.scripts[KEYS[provider]] = answer("200 OK", good(provider))
    assert {one["severity"] for one in run()["accounts"]} == {"warning"}
    upstream.scripts.clear()
    upstream.script = answer(503, "%MARKER% %KEY%")
    assert {one["error"] for one in run()["accounts"]} == {"server_error"}


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(repr, id="repr"),
        pytest.param(str, id="str"),
        pytest.param("{}".format, id="format"),
        pytest.param(lambda key: "%s %r" % (key, key), id="percent"),  # noqa: UP031 - the old way
        pytest.param(lambda key: json.dumps(key, default=str), id="json"),
        pytest.param(lambda key: repr([key]), id="in-a-list"),
        pytest.param(lambda key: repr(getattr(key, "__dict__", "")), id="dict"),
    ],
)
def test_a_key_does_not_show_itself(shown):
    assert KEY[:8] not in shown(ApiKey(KEY))


def test_an_account_with_a_key_does_not_show_it():
    rules = read({"API_KEYS_SECRET": "s", "STATE_TABLE": "t", "ALERTS_TOPIC": "a"}).rules
    [watched] = parse(json.dumps({"deepseek": KEY}), rules)
    assert watched.key.reveal() == KEY
    assert KEY[:8] not in repr(watched)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_key_is_not_stored(copied):
    with pytest.raises(TypeError) as caught:
        copied(ApiKey(KEY))
    assert KEY[:8] not in str(caught.value)
