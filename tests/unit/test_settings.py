"""Every grammar of the settings, the defaults, and what is said of a value that can't be read."""

from datetime import timedelta
from decimal import Decimal

import pytest

from config import grammar, settings
from config.grammar import SettingsError
from guard.model import Budget, DrainRule, Spans
from providers import PROVIDERS

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
RESOURCES = {"API_KEYS_SECRET": "secret", "STATE_TABLE": "table", "ALERTS_TOPIC": "topic"}


def read(**env):
    return settings.read({**RESOURCES, **env})


def budget(warning, critical):
    return Budget(Decimal(warning), Decimal(critical))


def test_the_defaults_are_those_that_are_promised():
    parsed = read()
    deepseek, novita = parsed.rules["deepseek"], parsed.rules["novita"]
    assert deepseek.budgets == {"USD": budget(20, 5), "CNY": budget(150, 35)}
    assert novita.budgets == {"USD": budget(20, 5)}
    assert (deepseek.watch, novita.watch) == (None, "available")
    for rules in deepseek, novita:
        assert rules.runway == Spans(7 * DAY, 2 * DAY)
        assert rules.remind_every == Spans(24 * HOUR, 6 * HOUR)
        assert rules.fast_drain == DrainRule(Decimal("0.25"), HOUR)
    assert parsed.origins == {}
    assert (parsed.secret, parsed.table, parsed.topic) == ("secret", "table", "topic")
    assert parsed.detailed_metrics is False
    assert parsed.per_account_metrics == 10


def test_the_settings_of_a_run_are_those_of_its_environment(monkeypatch):
    for name, value in {**RESOURCES, "RUNWAY": "off"}.items():
        monkeypatch.setenv(name, value)
    assert settings.from_environment().rules["novita"].runway is None


GOOD = [
    ("DEEPSEEK_BUDGET", "20/5 USD", {"USD": budget(20, 5)}),
    ("DEEPSEEK_BUDGET", " 1.5 / 1  USD , 7/7 CNY ", {"USD": budget("1.5", 1), "CNY": budget(7, 7)}),
    ("NOVITA_BUDGET", "0/0 EUR", {"EUR": budget(0, 0)}),
    ("NOVITA_WATCH", "cash", "cash"),
    ("NOVITA_WATCH", " available ", "available"),
    ("RUNWAY", "7d/2d", Spans(7 * DAY, 2 * DAY)),
    ("RUNWAY", " 36h / 90m ", Spans(36 * HOUR, 90 * MINUTE)),
    ("RUNWAY", "2d/2d", Spans(2 * DAY, 2 * DAY)),
    ("RUNWAY", " off ", None),
    ("REMIND_EVERY", "1h/7d", Spans(HOUR, 7 * DAY)),
    ("REMIND_EVERY", "365d/1m", Spans(365 * DAY, MINUTE)),
    ("FAST_DRAIN", "12.5%/30m", DrainRule(Decimal("0.125"), 30 * MINUTE)),
    ("FAST_DRAIN", " 100% / 2d ", DrainRule(Decimal(1), 2 * DAY)),
    ("FAST_DRAIN", "off", None),
    ("DETAILED_METRICS", "true", True),
    ("PER_ACCOUNT_METRICS", "0", 0),
    ("PER_ACCOUNT_METRICS", " 250 ", 250),
    ("PER_ACCOUNT_METRICS", "10000", 10_000),
    ("NOVITA_URL", "https://example.com", "https://example.com"),
    ("NOVITA_URL", "https://example.com:8443/", "https://example.com:8443"),
    ("NOVITA_URL", "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ("NOVITA_URL", "http://localhost", "http://localhost"),
    ("NOVITA_URL", "http://[::1]:8080", "http://[::1]:8080"),
    ("NOVITA_URL", "", None),
    ("OPENROUTER_URL", "https://example.com", "https://example.com"),
]  # fmt: skip


@pytest.mark.parametrize(("variable", "text", "value"), GOOD)
def test_a_good_value_is_read(variable, text, value):
    parsed = read(**{variable: text})
    provider, _, name = variable.partition("_")
    rules = parsed.rules[provider.lower() if provider.lower() in PROVIDERS else "novita"]
    found = {
        "BUDGET": rules.budgets,
        "WATCH": rules.watch,
        "URL": parsed.origins.get(provider.lower()),
        "RUNWAY": rules.runway,
        "REMIND_EVERY": rules.remind_every,
        "FAST_DRAIN": rules.fast_drain,
        "DETAILED_METRICS": parsed.detailed_metrics,
        "PER_ACCOUNT_METRICS": parsed.per_account_metrics,
    }
    assert found[name if name in found else variable] == value


BAD = {
    ("DEEPSEEK_BUDGET", "20/5 USD, 150/35 CNY"): [
        "", "20", "20/5", "20/5USD", "20/5 usd", "20/5 DOLLAR", "5/20 USD", "-20/5 USD", "20/5 USD,",
        "20/5 USD 150/35 CNY", "20/5 USD, 10/1 USD", "1e3/5 USD", "20/NaN USD", "2_0/5 USD", "٢٠/5 USD",
    ],
    ("NOVITA_WATCH", "available or cash"): ["", "credit", "CASH", "available, cash"],
    ("RUNWAY", "7d/2d; or off"): [
        "", "7d", "7/2", "2d/7d", "7d/0d", "7w/2w", "-7d/2d", "7d/2d/1d", "OFF", "366d/1d", "7 d/2d",
    ],
    ("REMIND_EVERY", "24h/6h"): ["", "off", "24h", "0h/6h", "24h/0m", "24h/6s", "999999d/6h"],
    ("FAST_DRAIN", "25%/1h; or off"): [
        "", "25/1h", "25%", "0%/1h", "101%/1h", "25%/0h", "25 %/1h", "-25%/1h", "25%/1w", "25%/1000d",
    ],
    ("DETAILED_METRICS", "true or false"): ["", "yes", "1", "True"],
    ("PER_ACCOUNT_METRICS", "a whole number from 0 to 10000"): [
        "", "many", "-1", "1.5", "10001", "100000", "1e3", "1_0", "off", "٢٣",
    ],
    ("DEEPSEEK_URL", "https unless the host is loopback"): [
        "example.com", "http://example.com", "ftp://example.com", "https://", "https://example.com/v1",
        "https://example.com?a=1", "https://example.com#a", "https://me@example.com", "https://[::1",
        "https://example.com:99999", "http://localhost.example.com", "http://10.0.0.1", "https://a\nb",
    ],
}  # fmt: skip
BAD_CASES = [(variable, text, says) for (variable, says), texts in BAD.items() for text in texts]


@pytest.mark.parametrize(("variable", "text", "says"), BAD_CASES)
def test_a_bad_value_is_named_with_its_variable_and_the_grammar(variable, text, says):
    with pytest.raises(SettingsError) as caught:
        read(**{variable: text})
    message = str(caught.value)
    assert message.startswith(f"{variable} can't be read. It should be ")
    assert says in message
    assert message.endswith(f"It is {text!r}.")
    assert caught.value.__cause__ is None


def test_a_url_whose_host_can_not_be_one_is_refused():
    with pytest.raises(SettingsError):
        read(NOVITA_URL="https://exa mple.com")


def test_a_value_of_any_length_is_named_by_its_beginning():
    with pytest.raises(SettingsError) as caught:
        read(RUNWAY="x" * 5000)
    assert str(caught.value).endswith(f"It is {'x' * 80!r}.")


@pytest.mark.parametrize("variable", RESOURCES)
def test_a_missing_resource_is_named(variable):
    without = {name: text for name, text in RESOURCES.items() if name != variable}
    for env in without, {**without, variable: ""}, {**without, variable: "  "}:
        with pytest.raises(SettingsError, match=f"^{variable} is not set"):
            settings.read(env)


def test_an_account_overrides_what_it_names_and_keeps_the_rest():
    rules = read().rules["novita"]
    texts = {"budget": "100/25 USD", "runway": "3d/1d", "remind_every": "2h/1h", "fast_drain": "off"}
    changed = grammar.override(rules, {**texts, "watch": "cash"}, PROVIDERS["novita"])
    assert changed.budgets == {"USD": budget(100, 25)}
    assert (changed.runway, changed.remind_every) == (Spans(3 * DAY, DAY), Spans(2 * HOUR, HOUR))
    assert (changed.fast_drain, changed.watch) == (None, "cash")
    assert grammar.override(rules, {}, PROVIDERS["novita"]) == rules


PASTED = "sk-0123456789abcdef"


@pytest.mark.parametrize(
    ("provider", "name", "should_be"),
    [
        ("novita", "budget", f"budget can't be read. It should be {grammar.BUDGET_GRAMMAR}."),
        ("novita", "runway", f"runway can't be read. It should be {grammar.RUNWAY_GRAMMAR}."),
        ("novita", "remind_every", f"It should be {grammar.REMIND_GRAMMAR}."),
        ("novita", "fast_drain", f"It should be {grammar.DRAIN_GRAMMAR}."),
        ("novita", "watch", "watch can't be read. It should be available or cash."),
        ("deepseek", "watch", "it has a member that isn't known"),
        ("deepseek", PASTED, "it has a member that isn't known"),
    ],
)
def test_what_is_said_of_an_override_beside_a_key_shows_no_value(provider, name, should_be):
    with pytest.raises(SettingsError) as caught:
        grammar.override(read().rules[provider], {name: PASTED}, PROVIDERS[provider])
    assert should_be in caught.value.hint
    assert PASTED not in caught.value.hint
