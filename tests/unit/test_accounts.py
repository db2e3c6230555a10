"""The accounts of a secret: which entries can be used, and that nothing of a key is ever shown."""

import copy
import json
import pickle  # nosec B403 # to see that a key stays out of it
import traceback
from dataclasses import replace
from decimal import Decimal

import pytest

from config import settings
from config.accounts import SecretError, parse
from config.api_key import ApiKey
from guard.model import Budget, CheckError, Failure

RULES = settings.read(dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")).rules
KEY = "sk-0123456789abcdef"
BARE = "abcd-efgh-ijkl"  # a key that looks like a label
OTHER = "sk_fedcba9876543210"


def accounts(secret):
    """Each account's key, or the sentence that its entry is answered with."""
    text = secret if isinstance(secret, str) else json.dumps(secret)
    return {str(one.account): revealed(one.key) for one in parse(text, RULES)}


def revealed(key):
    if isinstance(key, ApiKey):
        return key.reveal()
    assert key.error is CheckError.CONFIG
    return key.detail.removeprefix("The account's entry in the secret can't be used: ")


def test_an_entry_is_a_provider_or_a_provider_with_a_label():
    secret = {"novita": OTHER, "deepseek": KEY, "deepseek/a-B_9.z": OTHER, f"novita/{'x' * 64}": KEY}
    assert accounts(secret) == {
        "novita/default": OTHER,
        "deepseek/default": KEY,
        "deepseek/a-B_9.z": OTHER,
        f"novita/{'x' * 64}": KEY,
    }


def test_the_name_of_a_provider_may_be_in_any_case_and_its_label_keeps_its_own():
    secret = {"DeepSeek": KEY, "DEEPSEEK/Team": OTHER, "deepseek/team": KEY, "NoVita/A.b": OTHER}
    assert accounts(secret) == {
        "deepseek/default": KEY,
        "deepseek/Team": OTHER,
        "deepseek/team": KEY,
        "novita/A.b": OTHER,
    }


def test_an_object_as_a_string_is_the_same_object():
    entry = {"api_key": f" {KEY}\n", "budget": "100/25 USD"}
    for text in (json.dumps(entry), f" \n{json.dumps(entry, indent=2)}\n"):
        assert parse(json.dumps({"deepseek": text}), RULES)[0].key.reveal() == KEY
        assert parse(json.dumps({"deepseek": text}), RULES)[0].rules.budgets == {
            "USD": Budget(Decimal(100), Decimal(25))
        }


def test_a_byte_order_mark_before_the_secret_is_no_error():
    assert accounts("\ufeff" + json.dumps({"deepseek": KEY})) == {"deepseek/default": KEY}


def test_the_message_names_every_provider_and_the_nearest_of_many():
    nearest = (
        ("OPENROUTER_API_KEY", "openrouter"),
        ("deepsek", "deepseek"),
        ("DEEPINFRA_TOKEN", "deepinfra"),
        ("fal-key", "fal"),
    )
    for name, provider in nearest:
        [said] = accounts({name: KEY}).values()
        assert said == f"{UNKNOWN}; the nearest is {provider}."


def test_a_region_is_chosen_in_the_entry_and_is_the_first_unless_it_says_otherwise():
    entries = {
        "moonshot": KEY,
        "moonshot/cn": {"api_key": KEY, "region": " CN "},
        "stepfun": {"api_key": KEY},
        "deepseek": KEY,
    }
    found = parse(json.dumps(entries), RULES)
    assert [one.account.region for one in found] == ["ai", "cn", "com", None]


@pytest.mark.parametrize(
    ("name", "region", "said"),
    [
        ("moonshot", "eu", "its region should be ai or cn"),
        ("moonshot", "", "its region should be ai or cn"),
        ("moonshot", "https://api.example.com", "its region should be ai or cn"),
        ("deepseek", "cn", "its provider has a single site, so it takes no region"),
    ],
)
def test_a_region_that_the_provider_does_not_have_is_refused(name, region, said):
    [found] = parse(json.dumps({name: {"api_key": KEY, "region": region}}), RULES)
    assert found.key.error == "config"
    assert said in found.key.detail
    assert found.account.region is None  # so that nothing that is remembered is taken for another's


def test_blanks_around_a_key_are_stripped():
    secret = {"deepseek": f" \n{KEY}\t", "novita": {"api_key": f"{OTHER}\r\n"}}
    assert accounts(secret) == {"deepseek/default": KEY, "novita/default": OTHER}


def test_an_object_overrides_the_settings_of_its_account_alone():
    entry = {"api_key": KEY, "budget": "100/25 USD", "fast_drain": "off"}
    changed, plain = parse(json.dumps({"deepseek/research": entry, "deepseek": OTHER}), RULES)
    assert changed.rules == replace(
        RULES["deepseek"], budgets={"USD": Budget(Decimal(100), Decimal(25))}, fast_drain=None
    )
    assert plain.rules == RULES["deepseek"]


NO_KEY = 'it has no API key; it should be a key, or an object with "api_key".'
SHAPE = "it should be a key, or an object of strings."
STRAY = "its API key has a blank, a line break or another stray character in it; copy the key again."
QUOTED = "its API key has quotes of its own around it; take them away."
NAMED = 'its API key has a name and "=" before it; put in only what follows them.'
BEARER = 'its API key has "Bearer" before it; put in only what follows it.'
TOO_LONG = "its API key is longer than 512 characters; copy the key alone."
NO_OBJECT = 'it is neither a key nor an object; it should be a key, or {"api_key": "<API key>"}.'
UNKNOWN = (
    "its provider isn't known; known are deepseek, novita, openrouter, moonshot, vercel, ppio, "
    "stepfun, siliconflow, deepinfra, fal, newapi and custom"
)
NAME = "the name of its entry should be provider/label"
BAD_VALUES = {
    "empty": ("", NO_KEY),
    "blank": ("  ", NO_KEY),
    "no api_key": ({"budget": "1/1 USD"}, NO_KEY),
    "empty api_key": ({"api_key": " "}, NO_KEY),
    "empty object": ({}, NO_KEY),
    "null": (None, SHAPE),
    "number": (12345678901234567890, SHAPE),
    "boolean": (True, SHAPE),
    "list": ([KEY], SHAPE),
    "number in the object": ({"api_key": KEY, "budget": 100}, SHAPE),
    "object in the object": ({"api_key": {"api_key": KEY}}, SHAPE),
    "blank inside": (f"{KEY} {KEY}", STRAY),
    "line break inside": (f"{KEY}\n{KEY}", STRAY),
    "not ASCII": (f"{KEY}é", STRAY),
    "not ASCII, but a quotation mark": (f"\u201c{KEY}\u201d", STRAY),
    "a placeholder": ("sk-\u2026", STRAY),
    "a shell's line": (f"export DEEPSEEK_API_KEY={KEY}", STRAY),
    "too long": (KEY * 50, TOO_LONG),
    "double quotes": (f'"{KEY}"', QUOTED),
    "single quotes": (f" '{KEY}' ", QUOTED),
    "back quotes": (f"`{KEY}`", QUOTED),
    "a quote before it": (f'"{KEY}', QUOTED),
    "a quote after it": (f'{KEY}"', QUOTED),
    "quotes and a comma": (f'"{KEY}",', QUOTED),
    "quotes in an object": ({"api_key": f'"{KEY}"'}, QUOTED),
    "quotes alone": ('""', QUOTED),
    "a name": (f"DEEPSEEK_API_KEY={KEY}", NAMED),
    "a name in an object": ({"api_key": f"key={KEY}"}, NAMED),
    "a name and quotes": (f'KEY="{KEY}"', NAMED),
    "Bearer": (f"Bearer {KEY}", BEARER),
    "bearer": (f"bearer  {KEY}", BEARER),
    "half an object": (f'{{"api_key":"{KEY}"', NO_OBJECT),
    "an object with single quotes": (f"{{'api_key':'{KEY}'}}", NO_OBJECT),
    "an object with a comma too many": (f'{{"api_key":"{KEY}",}}', NO_OBJECT),
    "a list as a string": (f'["{KEY}"]', NO_OBJECT),
    "an object as a string in an object": ({"api_key": json.dumps({"api_key": KEY})}, NO_OBJECT),
    "an object as a string without a key": (json.dumps({"budget": "1/1 USD"}), NO_KEY),
    "an object as a string of a number": ('{"api_key": 12345678}', SHAPE),
    "an object as a string with a quoted key": (json.dumps({"api_key": f"'{KEY}'"}), QUOTED),
    "an object as a string with a member twice": (
        f'{{"api_key": "{KEY}", "api_key": "{KEY}"}}', "its object names a member twice."
    ),
    "unknown member": ({"api_key": KEY, KEY: "x"}, "it has a member that isn't known; known are"),
    "watch of one figure": ({"api_key": KEY, "watch": "cash"}, "it has a member that isn't known"),
    "bad budget": ({"api_key": KEY, "budget": KEY}, "budget can't be read. It should be"),
    "bad runway": ({"api_key": KEY, "runway": KEY}, "runway can't be read. It should be"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "why"), BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_bad_value_fails_its_account_alone_and_shows_no_key(value, why):
    found = accounts({"deepseek/bad": value, "novita": OTHER})
    assert found["deepseek/bad"].startswith(why)
    assert KEY not in found["deepseek/bad"]
    assert found["novita/default"] == OTHER
    assert len(found) == 2


def test_a_member_that_stands_twice_in_an_entry_fails_its_account():
    found = accounts(f'{{"deepseek": {{"api_key": "{KEY}", "api_key": "{OTHER}"}}, "novita": "{KEY}"}}')
    assert found == {"deepseek/default": "its object names a member twice.", "novita/default": KEY}


@pytest.mark.parametrize(
    ("name", "account", "why"),
    [
        ("openai", "openai/default", f"{UNKNOWN}."),
        ("openai/team", "openai/team", UNKNOWN),
        ("deepsek", "deepsek/default", f"{UNKNOWN}; the nearest is deepseek."),
        ("DEEPSEEK_API_KEY", None, f"{UNKNOWN}; the nearest is deepseek."),
        ("deepseek-key/work", None, f"{UNKNOWN}; the nearest is deepseek."),
        ("my_novita_key", None, f"{UNKNOWN}; the nearest is novita."),
        ("NOVITAAI", None, f"{UNKNOWN}; the nearest is novita."),
        ("prod/novita", "prod/novita", f"{UNKNOWN}; the nearest is novita."),
        ("\uff24eepSeek", None, f"{UNKNOWN}; the nearest is deepseek."),
        ("API_KEY", None, f"{UNKNOWN}."),
        (" deepseek", None, f"{UNKNOWN}; the nearest is deepseek."),
        ("", None, f"{UNKNOWN}."),
        ("deepseek/", None, NAME),
        ("deepseek/a b", None, NAME),
        ("deepseek/a/b", None, NAME),
        ("deepseek/é", None, NAME),
        (f"deepseek/{'x' * 65}", None, NAME),
        ("\ud800", None, UNKNOWN),
    ],
)
def test_a_bad_name_fails_its_account_alone_and_is_not_repeated(name, account, why):
    found = accounts({name: KEY, "novita": OTHER})
    assert found.pop("novita/default") == OTHER
    [(shown, said)] = found.items()
    assert shown == account or (account is None and not {name} & set(shown.split("/")))
    assert said.startswith(why)


@pytest.mark.parametrize(
    "secret",
    [
        {KEY: "deepseek", "novita": OTHER},
        {f"deepseek/{KEY}": KEY, "novita": OTHER},
        {f"{KEY}/deepseek": OTHER, "novita": OTHER},
        {f"deepseek/{KEY} ": "", "novita": OTHER},
        {KEY: {"api_key": KEY}, "novita": OTHER},
        {f"deepseek/{KEY}": "", "novita": OTHER},
        {f"DeepSeek/{KEY}": "", "novita": OTHER},
        {f"deepseek/x-{BARE}": f"'{BARE}'", "novita": OTHER},
        {f"deepseek/x-{BARE}": f'DEEPSEEK_API_KEY="{BARE}"', "novita": OTHER},
        {f"deepseek/x-{BARE}": f"Bearer {BARE}", "novita": OTHER},
        {f"deepseek/x-{BARE}": json.dumps({"api_key": BARE}), "novita": OTHER},
        {BARE: f'"{BARE}"', "novita": OTHER},
    ],
)
def test_a_key_in_the_place_of_a_name_is_never_repeated(secret):
    first, second = parse(json.dumps(secret), RULES)
    assert isinstance(first.key, Failure)
    shown = f"{first!r}{first.account}{first.key.detail}"
    assert not any(key in shown for key in (KEY, BARE))
    assert second.key.reveal() == OTHER


@pytest.mark.parametrize(
    "names", [("deepseek", "deepseek"), ("deepseek", "deepseek/default"), ("deepseek", "DeepSeek")]
)
def test_two_entries_for_one_account_fail_it_rather_than_pick_one(names):
    first, second = names
    found = accounts(f'{{"{first}": "{KEY}", "{second}": "{OTHER}", "novita": "{OTHER}"}}')
    assert found == {
        "deepseek/default": "two entries of the secret name this account.",
        "novita/default": OTHER,
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The secret is empty."),
        (" \n", "The secret is empty."),
        (KEY, "The secret is not JSON."),
        (f'{{"deepseek": "{KEY}"', "The secret is not JSON."),
        (f'{{"deepseek": "{KEY}", "novita": NaN}}', "The secret is not JSON."),
        (f'"{KEY}"', "The secret is JSON, but no object."),
        (f'["{KEY}"]', "The secret is JSON, but no object."),
        ("null", "The secret is JSON, but no object."),
        ("{}", "The secret names no account."),
    ],
)
def test_a_secret_without_an_account_says_what_to_do_and_shows_nothing(text, says):
    with pytest.raises(SecretError) as caught:
        parse(text, RULES)
    assert str(caught.value) == f'{says} Set it to {{"deepseek": "<API key>", "novita": "<API key>"}}.'
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_a_key_is_shown_to_nobody_who_does_not_ask_for_it():
    key = ApiKey(KEY)
    [watched] = parse(json.dumps({"deepseek": KEY}), RULES)
    for shown in (repr(key), str(key), f"{key}", f"{key!r:>40}", f"{[key]}", repr(watched)):
        assert KEY not in shown
        assert "hidden" in shown
    for store in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError) as caught:
            store(key)
        assert KEY not in str(caught.value)
    with pytest.raises(TypeError):
        vars(key)


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("research", "sk-research-0123456789abcdef"),
        ("production-eu-1", "sk-production-eu-1-0123456789"),
        ("risk-assessment-model", KEY),
        ("task_force_production", KEY),
    ],
)
def test_a_fair_label_is_kept_though_its_key_is_named_after_it(label, key):
    [one] = parse(json.dumps({f"deepseek/{label}": key}), RULES)
    assert (str(one.account), one.key.reveal()) == (f"deepseek/{label}", key)


@pytest.mark.parametrize(
    "label",
    # pragma: allowlist nextline secret - made up
    ["sk-Qz7Xw3Kp9VtLm2RbYc8N0000", "my-sk-Qz7Xw3Kp9VtLm2RbYc8N", "0123456789abcdef"],
)
def test_a_label_that_is_a_key_or_a_part_of_one_is_never_repeated(label):
    secret = {f"deepseek/{label}": "sk-deepseek-0123456789abcdef"}
    [one] = parse(json.dumps(secret), RULES)
    assert isinstance(one.key, Failure)
    assert label not in f"{one.account}{one.key.detail}"
