"""Every recorded answer over the wire, and through the whole guard."""

import json

import pytest

from guard.model import Failure
from local.recorded import cases, good
from providers import NAMES, PROVIDERS
from providers.http import check
from tests.faults.guarded import KEYS
from tests.faults.upstream import MARKER, answer

KEY = KEYS["deepseek"]
SECONDS = 8


def headers(case):
    return [f"{name}: {value}" for name, value in case.headers.items()]


@pytest.mark.parametrize("name", NAMES)
def test_an_answer_over_the_wire_means_what_is_recorded_with_it(upstream, name):
    for case in cases(name):
        if case.status >= 500:
            continue  # these are asked for again, which takes its time
        upstream.script = answer(case.status, case.body, *headers(case))
        found = check(case.asked, upstream.url, KEY, case.watch, SECONDS, case.region)
        if case.reads:
            assert found == case.reads, case
        else:
            assert isinstance(found, Failure)
            assert found.error == case.error, case
            assert KEY not in found.detail
            assert MARKER not in found.detail


@pytest.fixture
def all_providers(world):
    """An account at each provider, which answers as it was recorded."""
    keys = {name: f"{KEY}{n}" for n, name in enumerate(NAMES)}
    for name, key in keys.items():
        case = good(name)
        world.sandbox.record(case.asked, key, case.status, case.body)
        world.setenv(f"{name.upper()}_URL", world.sandbox.url)
    world.keys({name: {"api_key": key, **good(name).entry} for name, key in keys.items()})
    return world


def test_one_run_reads_an_account_at_each_provider_and_shows_no_key(all_providers, capsys):
    summary = all_providers.tick()
    found = {one["provider"]: one for one in summary["accounts"]}
    assert {*found} == {*NAMES}
    for name, account in found.items():
        assert account["status"] == "ok", name
        shown = [(row["currency"], float(row["balance"])) for row in account["balances"]]
        assert shown == [(row.currency, float(row.amount)) for row in good(name).reads.balances]
    assert KEY not in capsys.readouterr().out + json.dumps(summary)


def test_the_digest_names_each_provider_by_its_title(all_providers):
    all_providers.tick()
    all_providers.digest()
    [mail] = [one for one in all_providers.mail() if one.data["kind"] == "digest"]
    for provider in PROVIDERS.values():
        assert f'{provider.contact.title} "default"' in mail.texts["email"]


def test_an_alert_knows_its_region_and_links_to_the_page_of_it(world):
    moonshot = PROVIDERS["moonshot"]
    body = b'{"code":0,"data":{"available_balance":3,"voucher_balance":0,"cash_balance":3}}'
    world.sandbox.record(moonshot, KEY, 200, body)
    world.setenv("MOONSHOT_URL", world.sandbox.url)
    world.keys({"moonshot": {"api_key": KEY, "region": "cn"}})
    assert world.tick()["accounts"][0]["balances"][0]["currency"] == "CNY"
    [told] = world.mail()
    alert = told.data
    assert (alert["region"], alert["currency"], alert["severity"]) == ("cn", "CNY", "critical")
    assert moonshot.region("cn").top_up in told.texts["email"]
    assert moonshot.region("ai").top_up not in told.texts["email"]


def test_an_entry_whose_region_changes_is_another_account_s_money(world):
    moonshot = PROVIDERS["moonshot"]
    body = '{"code":0,"data":{"available_balance":%s,"voucher_balance":0,"cash_balance":%s}}'
    world.setenv("MOONSHOT_URL", world.sandbox.url)
    world.keys({"moonshot": {"api_key": KEY, "region": "ai"}})
    for amount in range(100, 70, -1):
        world.sandbox.record(moonshot, KEY, 200, (body % (amount, amount)).encode())
        before = world.tick()
    assert before["accounts"][0]["balances"][0]["currency"] == "USD"
    world.keys({"moonshot": {"api_key": KEY, "region": "cn"}})
    world.sandbox.record(moonshot, KEY, 200, (body % (600, 600)).encode())
    after = world.tick()["accounts"][0]
    assert [row["currency"] for row in after["balances"]] == ["CNY"]
    assert after["balances"][0]["runway_days"] is None
    # An entry that can't be read for a while forgets nothing.
    world.keys({"moonshot": {"api_key": KEY, "region": "nowhere"}})
    assert world.tick()["accounts"][0]["error"] == "config"
    item = world.item("moonshot/default")
    assert '"region":"cn"' in item["state"]["S"]
