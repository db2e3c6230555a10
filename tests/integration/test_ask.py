"""`make ask` against providers on loopback."""

import json
from urllib.parse import quote

import pytest

from local import ask
from local.recorded import case, good
from local.sandbox import serving
from providers import PROVIDERS

KEY = "sk-made-up-7Vd2Rq9w"


@pytest.fixture
def sandbox():
    with serving() as running:
        yield running


@pytest.fixture
def asked(monkeypatch, capsys):
    """What `make ask` prints with these variables, in which no key may stand; and its exit code."""

    def once(**variables):
        for name in ("API_KEY", "REGION", "BALANCE", "PROVIDER", "URL", *variables):
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COLUMNS", "100")
        code = ask.main()
        printed = capsys.readouterr().out
        assert KEY[:8] not in printed
        return code, " ".join(printed.split())

    return once


def test_a_low_balance_is_shown_with_its_severity_its_mail_and_its_entry(asked, sandbox):
    body = b'{"code":0,"data":{"available_balance":3,"voucher_balance":1,"cash_balance":2}}'
    sandbox.record(PROVIDERS["moonshot"], KEY, 200, body)
    code, said = asked(PROVIDER="moonshot", REGION="cn", API_KEY=KEY, MOONSHOT_URL=sandbox.url)
    assert code == 0
    assert "3.00 CNY critical cash 2.00 CNY, voucher 1.00 CNY" in said
    assert "The severity is critical. The guard would send:" in said
    assert "[CRITICAL] Moonshot default: 3.00 CNY left" in said
    assert "https://platform.moonshot.cn/console/pay" in said
    assert said.endswith('{"moonshot": {"api_key": "<API key>", "region": "cn"}}')


def test_an_api_of_ones_own_is_tried_with_its_members(asked, sandbox):
    recorded = case("custom", "euro")
    sandbox.record(recorded.asked, KEY, recorded.status, recorded.body)
    members = {name.upper(): text for name, text in recorded.entry.items()}
    code, said = asked(PROVIDER="custom/sms", CUSTOM_URL=sandbox.url, CUSTOM_API_KEY=KEY, **members)
    assert code == 0
    assert "593.99 EUR ok -" in said
    assert "There is no budget in EUR, so only the runway counts." in said
    assert "The severity is ok. The guard would send nothing." in said
    entry = json.loads(said.partition("name): ")[2])
    assert entry == {"custom/sms": {"api_key": "<API key>", **recorded.entry}}


def test_a_key_that_stands_in_another_member_shows_there_neither(asked, sandbox):
    recorded = good("custom")
    sandbox.record(recorded.asked, KEY, recorded.status, recorded.body)
    members = {"BALANCE": "sum(map(&to_number(left), grants))", "CURRENCY": "USD"}
    url = f"https://api.example.com/v1/me?key={KEY}"
    code, said = asked(PROVIDER="custom", URL=url, API_KEY=KEY, CUSTOM_URL=sandbox.url, **members)
    assert code == 1  # another path
    assert "404" in said


def test_variables_of_the_environment_that_the_provider_does_not_take_are_not_used(asked, sandbox):
    sandbox.record(PROVIDERS["vercel"], KEY, 200, b'{"balance": "95.50", "total_used": "4.50"}')
    others = {"REGION": "us-east-1", "URL": "https://example.com", "VERCEL_URL": sandbox.url}
    code, said = asked(PROVIDER="vercel", API_KEY=KEY, **others)
    assert code == 0
    assert "Not used for this provider: REGION, URL." in said
    assert "95.50 USD ok" in said


def test_a_key_shows_in_no_form(asked, sandbox):
    key = 'sk-made-up-"7Vd2\\Rq9w/+='
    recorded = case("custom", "private_gateway")
    sandbox.record(recorded.asked, key, recorded.status, recorded.body)
    path = recorded.asked.path + f"&key={quote(key, safe='')}"
    shown = next(iter(sandbox.recorded))
    sandbox.recorded[shown] = (path, recorded.status, recorded.body)
    members = {name.upper(): text for name, text in recorded.entry.items()}
    members["URL"] = f"https://gateway.example.com{path}"
    code, said = asked(PROVIDER="custom", API_KEY=key, CUSTOM_URL=sandbox.url, **members)
    assert code == 0
    assert "7Vd2" not in said
    assert "key=<API key>" in said


def test_a_key_in_the_place_of_the_provider_is_not_repeated(asked):
    code, said = asked(PROVIDER=KEY)
    assert code == 1
    assert "There is no API key: set API_KEY in the environment." in said


@pytest.mark.parametrize(
    ("status", "error", "when"),
    [(401, "auth", "at once"), (404, "bad_response", "if 3 checks in a row fail")],
)
def test_a_failure_is_shown_with_what_would_be_told_and_when(asked, sandbox, status, error, when):
    sandbox.record(PROVIDERS["vercel"], KEY, status, b"{}")
    code, said = asked(PROVIDER="vercel", API_KEY=KEY, VERCEL_URL=sandbox.url)
    assert code == 1
    assert f"Vercel AI Gateway answered {status}" in said
    assert f"({error}) The guard would tell you {when}:" in said
    assert "What to do" in said


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({}, "Say which provider"),
        ({"PROVIDER": "vercel"}, "There is no API key: set API_KEY or VERCEL_API_KEY"),
        ({"PROVIDER": "vercl", "API_KEY": KEY}, "the nearest is vercel."),
        ({"PROVIDER": "custom", "API_KEY": KEY}, "it has no url; it needs url, balance and currency."),
        ({"PROVIDER": "vercel", "API_KEY": KEY, "BUDGET": "5"}, "budget can't be read."),
        ({"PROVIDER": "vercel", "API_KEY": KEY, "BUDGETS": "5"}, "BUDGETS can't be read."),
    ],
)
def test_what_cannot_be_asked_says_why(asked, variables, why):
    code, said = asked(**variables)
    assert code == 1
    assert why in said
