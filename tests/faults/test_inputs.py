"""What comes from our own side: a secret, an event, a setting. One clear sentence, nothing lost."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest

from config.accounts import SecretError, parse
from config.grammar import SettingsError
from config.settings import read as read_settings
from guard.model import Failure
from tests.faults.guarded import KEYS
from tests.world import account

LARGEST_SECRET = 65_536  # bytes
RULES = read_settings({"API_KEYS_SECRET": "s", "STATE_TABLE": "t", "ALERTS_TOPIC": "a"}).rules


def assert_sentence(text):
    """Short enough to be read in a log, and whole."""
    assert text == " ".join(text.split())
    assert text.endswith(".")
    assert len(text) <= 300


@pytest.fixture
def low(world, emitted):
    """A guard that has announced a low account, an hour before the clock."""
    world.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    world.sandbox.fund(KEYS["deepseek"], USD="15")
    assert account(world.tick())["severity"] == "warning"
    assert world.said() == [("alert", "low_balance", "warning")]
    return world


def assert_nothing_lost(world):
    """The next run goes on where the last one was: as low as before, and nothing is said again."""
    world.keys(KEYS)
    summary = world.tick()
    assert account(summary)["severity"] == "warning"
    assert account(summary, "novita")["severity"] == "ok"
    assert [kind for kind in world.said() if kind[1] != "check_failing"] == []


SECRETS = {
    "blank": " \n",
    "a list": json.dumps([KEYS]),
    "an empty list": "[]",
    "an empty object": "{}",
    "null": "null",
    "true": "true",
    "a number": "5",
    "NaN": "NaN",
    "text": '"deepseek"',
    "the key alone": KEYS["deepseek"],
    "truncated": json.dumps(KEYS)[:-1],
    "with a tail": json.dumps(KEYS) * 2,
    "single quotes": str(KEYS),
    "two byte order marks": "\ufeff\ufeff" + json.dumps(KEYS),
    "a byte order mark alone": "\ufeff",
    "deep lists": "[" * 20_000 + "]" * 20_000,
    "64 KB of blanks": " " * LARGEST_SECRET,
    "64 KB of text": json.dumps("x" * (LARGEST_SECRET - 2)),
}


@pytest.mark.parametrize("text", SECRETS.values(), ids=SECRETS)
def test_a_secret_without_accounts_fails_the_run_and_says_what_to_do(low, text):
    low.keys(text)
    with pytest.raises(SecretError) as caught:
        low.tick()
    assert_sentence(str(caught.value))
    assert 'Set it to {"deepseek": "<API key>", "novita": "<API key>"}.' in str(caught.value)
    assert_nothing_lost(low)


def test_a_byte_order_mark_before_the_secret_is_no_error(low):
    low.keys("\ufeff" + json.dumps(KEYS))
    assert [one["status"] for one in low.tick()["accounts"]] == ["ok", "ok"]


def test_an_empty_secret_says_what_to_do():
    with pytest.raises(SecretError, match="Set it to"):
        parse("", RULES)


def test_a_binary_secret_says_what_to_do(low):
    low.secrets.put_secret_value(SecretId=low.secret, SecretBinary=b"\x00\xff")
    with pytest.raises(SecretError, match="is binary") as caught:
        low.tick()
    assert_sentence(str(caught.value))
    assert_nothing_lost(low)


def test_before_the_first_value_of_the_secret_a_run_is_no_failure_and_says_what_to_do(low, capfd):
    low.setenv("API_KEYS_SECRET", low.secrets.create_secret(Name="new")["ARN"])
    capfd.readouterr()
    summary = low.tick()
    assert (summary["accounts"], summary["alerts"]) == ([], [])
    printed = capfd.readouterr().out
    assert "The secret has no value yet. Set it to" in printed
    assert "_aws" not in printed
    low.setenv("API_KEYS_SECRET", low.secret)
    assert_nothing_lost(low)


def test_a_secret_that_is_not_there_says_what_to_do(low):
    low.setenv("API_KEYS_SECRET", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:no-1")
    with pytest.raises(SecretError, match="is not there") as caught:
        low.tick()
    assert_sentence(str(caught.value))
    low.setenv("API_KEYS_SECRET", low.secret)
    assert_nothing_lost(low)


def deep(levels):
    return '{"a":' * levels + '"x"' + "}" * levels


# Name and JSON of the bad entry, which stands between good ones.
ENTRIES = {
    "unknown provider": ("openai", '"sk-123456789"'),
    "unknown provider with a label": ("openai/work", '"sk-123456789"'),
    "the name twice, in another case": ("DeepSeek", '"sk-123456789"'),
    "the name of a variable": ("DEEPSEEK_API_KEY", '"sk-123456789"'),
    "a name with more than the provider": ("deepseek-key", '"sk-123456789"'),
    "a name with a letter too few": ("deepsek", '"sk-123456789"'),
    "a key in quotes": ("deepseek/x", '"\\"sk-123456789\\""'),
    "a key with a name": ("deepseek/x", '"DEEPSEEK_API_KEY=sk-123456789"'),
    "a key with its header": ("deepseek/x", '"Bearer sk-123456789"'),
    "half an object as a string": ("deepseek/x", '"{\\"api_key\\":\\"sk-123456789\\""'),
    "an object as a string, deep inside": ("deepseek/x", json.dumps('{"a":' * 5000 + "1" + "}" * 5000)),
    "blanks around the name": (" deepseek/x ", '"sk-123456789"'),
    "no name": ("", '"sk-123456789"'),
    "a slash": ("/", '"sk-123456789"'),
    "no label": ("deepseek/", '"sk-123456789"'),
    "a label with a slash": ("deepseek/a/b", '"sk-123456789"'),
    "a label with a blank": ("deepseek/a b", '"sk-123456789"'),
    "a label with a line break": ("deepseek/a\\nb", '"sk-123456789"'),
    "a label of 65": ("deepseek/" + "a" * 65, '"sk-123456789"'),
    "a label in full width": ("deepseek/\uff41", '"sk-123456789"'),
    "half a surrogate": ("deepseek/\\ud800", '"sk-123456789"'),
    "empty key": ("deepseek/x", '""'),
    "blank key": ("deepseek/x", '" \\n"'),
    "null": ("deepseek/x", "null"),
    "number": ("deepseek/x", "123456789"),
    "true": ("deepseek/x", "true"),
    "list": ("deepseek/x", '["sk-123456789"]'),
    "empty object": ("deepseek/x", "{}"),
    "object without a key": ("deepseek/x", '{"budget": "1/1 USD"}'),
    "object with an empty key": ("deepseek/x", '{"api_key": ""}'),
    "object with a number for a key": ("deepseek/x", '{"api_key": 123456789}'),
    "member nobody knows": ("deepseek/x", '{"api_key": "sk-123456789", "budgte": "1/1 USD"}'),
    "member twice": ("deepseek/x", '{"api_key": "sk-123456789", "api_key": "sk-987654321"}'),
    "budget out of its grammar": ("deepseek/x", '{"api_key": "sk-123456789", "budget": "cheap"}'),
    "budget of a number": ("deepseek/x", '{"api_key": "sk-123456789", "budget": 20}'),
    "runway out of its grammar": ("deepseek/x", '{"api_key": "sk-123456789", "runway": "2d/7d"}'),
    "watch where there is one figure": ("deepseek/x", '{"api_key": "sk-1234567", "watch": "cash"}'),
    "watch nobody knows": ("novita/x", '{"api_key": "sk-123456789", "watch": "money"}'),
    "the name twice": ("deepseek", '"sk-123456789"'),
    "the default account twice": ("deepseek/default", '"sk-123456789"'),
    "nested": ("deepseek/x", '{"api_key": {"api_key": "sk-123456789"}}'),
    "nested a hundred times": ("deepseek/x", deep(100)),
    "nested two thousand times": ("deepseek/x", deep(2000)),
    "nested five thousand times": ("deepseek/x", deep(5000)),
    "key of 60 KB": ("deepseek/x", f'"{"k" * 60_000}"'),
    "label of 60 KB": ("deepseek/" + "k" * 60_000, '"sk-123456789"'),
}
# Entries that name an account which stands in the secret already: neither of the two is to be trusted.
TWICE = {"the name twice", "the name twice, in another case", "the default account twice"}


@pytest.mark.parametrize("case", ENTRIES)
def test_a_bad_entry_fails_its_own_account_and_no_other(low, case):
    name, value = ENTRIES[case]
    first, last = f'"deepseek": "{KEYS["deepseek"]}"', f'"novita": "{KEYS["novita"]}"'
    low.keys(f'{{{first}, "{name}": {value}, {last}}}')
    summary = low.tick()
    by_error = {(a["provider"], a["account"]): a.get("error") for a in summary["accounts"]}
    assert by_error["novita", "default"] is None
    assert list(by_error.values()).count("config") == 1
    [mail] = low.mail()
    assert mail.data["reasons"] == ["config"]
    assert "in the secret" in " ".join(mail.texts["email"].split())
    if case not in TWICE:
        assert by_error["deepseek", "default"] is None
        assert_nothing_lost(low)


@pytest.mark.parametrize("case", ENTRIES)
def test_a_bad_entry_is_told_in_one_sentence(case):
    name, value = ENTRIES[case]
    for one in parse(f'{{"deepseek": "sk-987654321", "{name}": {value}}}', RULES):
        if isinstance(one.key, Failure):
            assert_sentence(one.key.detail)


@pytest.mark.parametrize("word", ["deepseek", "deepseek/default", "novita/default"])
def test_a_name_that_stands_where_a_key_should_fails_no_other_account(low, word):
    low.keys({"deepseek/x": word, **KEYS})
    summary = low.tick()
    errors = [account.get("error") for account in summary["accounts"]]
    assert errors[0] in {"config", "auth"}
    assert errors[1:] == [None, None]


def test_a_secret_of_64_kilobytes_of_accounts_is_checked_whole(world):
    key = "k" * 200
    entries = {f"deepseek/{n}": f"{key}{n}" for n in range(280)}
    assert LARGEST_SECRET * 0.9 < len(json.dumps(entries)) <= LARGEST_SECRET
    for one in entries.values():
        world.sandbox.fund(one, USD="100")
    world.keys(entries)
    summary = world.tick()
    assert [a["account"] for a in summary["accounts"]] == [str(n) for n in range(280)]
    assert {a["status"] for a in summary["accounts"]} == {"ok"}


def test_a_secret_of_64_kilobytes_of_bad_entries_leaves_the_good_one_alone(world):
    bad = {f"deepseek/ {n:160}": "" for n in range(365)}
    entries = {**bad, "novita": KEYS["novita"]}
    assert LARGEST_SECRET * 0.9 < len(json.dumps(entries)) <= LARGEST_SECRET
    world.sandbox.lend(KEYS["novita"], "100")
    world.keys(entries)
    summary = world.tick()
    assert account(summary, "novita")["status"] == "ok"
    assert [a["error"] for a in summary["accounts"] if a["status"] == "failed"] == ["config"] * 365
    assert len(world.said()) == 365


EVENTS = {
    "nothing": None,
    "empty": {},
    "a list": [{"time": "2026-06-10T00:00:00Z"}],
    "an empty list": [],
    "text": "2026-06-10T00:00:00Z",
    "a number": 5,
    "no time": {"time": None},
    "a number for a time": {"time": 1_780_000_000},
    "a list for a time": {"time": ["2026-06-10T00:00:00Z"]},
    "an empty time": {"time": ""},
    "garbage": {"time": "half past nine"},
    "a day": {"time": "2026-06-10"},
    "no zone": {"time": "2026-06-10T00:00:00"},
    "a day that isn't": {"time": "2026-02-30T00:00:00Z"},
    "full width": {"time": "\uff12\uff10\uff12\uff16-06-10T00:00:00Z"},
    "long": {"time": "9" * 100_000},
    "the year 9999": {"time": "9999-12-31T23:59:59Z"},
    "the end of time": {"time": "9999-12-31T23:59:59-23:59"},
    "the year 10000": {"time": "10000-01-01T00:00:00Z"},
    "the year 1": {"time": "0001-01-01T00:00:00+23:59"},
    "before the last observation": {"time": "2026-06-10T00:00:00Z"},
    "a command that is none": {"command": ["test-alert"]},
    "a command nobody knows": {"command": "delete-everything"},
    "a template": {"time": "<aws.scheduler.scheduled-time>"},
}


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_an_event_that_gives_no_time_of_use_is_taken_as_now(low, event):
    before = datetime.now(UTC).replace(microsecond=0)
    summary = low.run(event)
    assert before <= datetime.fromisoformat(summary["observed_at"]) <= datetime.now(UTC)
    assert account(summary)["severity"] == "warning"
    assert account(summary, "novita")["severity"] == "ok"
    assert low.said() == []
    low.now = datetime.now(UTC).replace(microsecond=0)
    assert_nothing_lost(low)


def test_an_event_that_gives_no_time_of_use_is_logged_in_one_sentence(low, emitted):
    sentences = {}
    for case, event in EVENTS.items():
        emitted.forget_printed()
        with emitted:
            low.run(event)
        lines = [json.loads(line) for line in emitted.printed().splitlines() if '"message"' in line]
        sentences[case] = [line["message"] for line in lines if "clock" in line["message"]]
    assert {case: len(told) for case, told in sentences.items()} == dict.fromkeys(EVENTS, 1)
    for told in sentences.values():
        assert_sentence(*told)


SETTINGS = {
    "DEEPSEEK_BUDGET": (
        *("", " ", "20", "20/5", "20 USD", "5/20 USD", "20/5 usd", "20/5 US", "20/5USD", "20/5 USD,"),
        *("20/5 USD, 30/10 USD", "20/5 USD; 150/35 CNY", "20/5 USD 150/35 CNY", "-1/-2 USD"),
        *(
            "1e3/5 USD",
            "1_000/5 USD",
            "1,000/5 USD",
            "\uff12\uff10/5 USD",
            "NaN/5 USD",
            "20/5/1 USD",
            "off",
        ),
        "9" * 10_000,
    ),
    "NOVITA_BUDGET": ("", "20/5", "$20/$5", "20/5 usd", "1/2 USD"),
    "NOVITA_WATCH": ("", "Cash", "credit", "available,cash", "both"),
    "RUNWAY": (
        *("", "7d", "7/2", "2d/7d", "0d/0d", "7d/0d", "7w/2w", "OFF", "-7d/2d", "1.5d/1d", "366d/2d"),
        *("7d/2d/1d", "7d,2d", "999999d/1d", "\uff17d/2d", "7 d/2 d", "none"),
    ),
    "REMIND_EVERY": ("", "off", "24h", "24/6", "0h/0h", "24h/6x", "forever/6h", "999999d/6h"),
    "FAST_DRAIN": ("", "25/1h", "25%", "0%/1h", "101%/1h", "-5%/1h", "25%/0h", "%/1h", "OFF", "25%/1"),
    "DETAILED_METRICS": ("", "yes", "TRUE", "1", "on"),
    "DEEPSEEK_URL": (
        *("api.deepseek.com", "https://", "ftp://api.deepseek.com", "file:///etc/hosts", "//host"),
        *("http://api.deepseek.com", "http://127.0.0.1.evil.example", "http://localhost.evil.example"),
        *("http://[::1", "http://[::2]", "http://2130706433", "http://0.0.0.0", "https://h:99999"),
        *("https://h:x", "https://u:p@h", "https://u@h", "https://h/v1", "https://h?x", "https://h#x"),
        *("https://h\nx", "https://h/..", "javascript:alert(1)", "https://h\\@evil.example"),
        *("https://a b", "https://a,b", "https://h\x7f", "https://%31"),
    ),
    "NOVITA_URL": ("http://api.novita.ai", "https://u:p@h", "nonsense"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_out_of_its_grammar_is_named_with_its_value_and_the_grammar(low, emitted, name):
    low.sandbox.asked.clear()
    emitted.forget_printed()
    item, right = low.item(), os.environ.get(name)
    taken = [value for value in SETTINGS[name] if not says_what_is_wrong(low, name, value)]
    assert taken == []
    assert (low.sandbox.asked, low.item(), emitted.metrics()) == ([], item, {})
    low.delenv(name)
    if right:
        low.setenv(name, right)
    assert_nothing_lost(low)


def says_what_is_wrong(world, name, value):
    """Whether a run refuses the value; in one sentence, if it does."""
    world.setenv(name, value)
    try:
        read_settings(os.environ)
    except SettingsError:
        with pytest.raises(SettingsError) as caught:
            world.tick()
        text = str(caught.value)
        assert_sentence(text)
        assert text.startswith(f"{name} can't be read. It should be ")
        assert f" It is {value[:80]!r}." in text
        return True
    return False


@pytest.mark.parametrize("value", ["", "  ", None])
@pytest.mark.parametrize("name", ["API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"])
def test_a_resource_that_is_not_set_is_named(low, name, value):
    if value is None:
        low.delenv(name)
    else:
        low.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} is not set") as caught:
        low.tick()
    assert_sentence(str(caught.value))
