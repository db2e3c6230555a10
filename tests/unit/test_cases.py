"""Every recorded answer means what is recorded with it, and nothing else is a balance."""

import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guard.decide import decide
from guard.memory import Memory
from guard.model import Account, Balance, Budget, CheckError, Failure, Reading, Rules, Spans
from local.recorded import FOLDER, cases, good
from messages.render import render
from providers import NAMES, PROVIDERS
from providers.http import read

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RULES = Rules({"USD": Budget(Decimal(20), Decimal(5))}, None, Spans(DAY, DAY), None)
ALL = [*cases()]
READ = [one for one in ALL if one.reads]
PLAIN = [True, False, None, "", "text", [], {}, [1], {"a": 1}]


def found(case, body=None):
    content_type = case.headers.get("Content-Type", "")
    return read(
        case.asked,
        case.status,
        case.body if body is None else body,
        case.watch,
        content_type,
        case.region,
    )


@pytest.mark.parametrize("case", ALL, ids=str)
def test_an_answer_means_what_is_recorded_with_it(case):
    meant = found(case)
    if case.reads:
        assert meant == case.reads
        return
    assert isinstance(meant, Failure)
    assert meant.error == case.error
    assert meant.detail.startswith(f"{PROVIDERS[case.provider].contact.title} answered {case.status}")
    assert case.says in meant.detail
    assert not any(text in meant.detail for text in ("15b", "sk-", "sk_", "governor"))


def test_every_provider_has_cases_that_read_and_that_fail_in_each_of_its_regions():
    assert {path.name for path in FOLDER.iterdir()} == set(NAMES)
    for name, provider in PROVIDERS.items():
        of_it = [*cases(name)]
        assert {"auth"} <= {one.error for one in of_it}, name
        regions = {one.region for one in of_it if one.reads}
        first, *others = provider.region_names() or (None,)
        assert {None, *others} <= regions | {first}, name


@pytest.mark.parametrize("case", READ, ids=str)
def test_a_member_that_is_missing_or_of_another_type_never_makes_another_balance(case):
    body = json.loads(case.body)
    for path, value in members(body):
        others = [one for one in PLAIN if type(one) is not bool or type(value) is not bool]
        changes = [put(body, path, other) for other in others]
        if isinstance(path[-1], str):  # a row less is another answer, and a fair one
            changes.append(without(body, path))
        for changed in changes:
            meant = found(case, json.dumps(changed).encode())
            assert isinstance(meant, Failure) or meant == case.reads, f"{path} as {changed}"


def members(body, before=()):
    """Each member of a body, however deep: where it is, and what."""
    if isinstance(body, dict | list):
        for name, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield (*before, name), value
            yield from members(value, (*before, name))


def without(body, path):
    changed = deepcopy(body)
    del _holder(changed, path)[path[-1]]
    return changed


def put(body, path, value):
    changed = deepcopy(body)
    _holder(changed, path)[path[-1]] = value
    return changed


def _holder(body, path):
    for name in path[:-1]:
        body = body[name]
    return body


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_answer_of_a_provider_names_the_member_that_is_not_as_promised(name):
    nothing = "can't be used on it" if name == "custom" else None
    for body, why in (
        (b"[]", nothing or "an object was promised"),
        (b"{}", nothing or "is missing"),
        (b"<html>", "isn't JSON"),
    ):
        meant = read(good(name).asked, 200, body, None)
        assert isinstance(meant, Failure)
        assert meant.error == CheckError.BAD_RESPONSE
        assert why in meant.detail


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_says_what_a_person_needs_and_shows_its_key_in_one_header(name):
    provider = good(name).asked
    assert provider.contact.title
    assert provider.contact.when_empty
    for region in provider.region_names() or (None,):
        assert provider.region(region).origin.startswith("https://")
        if name != "custom":  # whose API says nothing of a page
            assert provider.contact_in(region).top_up.startswith("https://")
    shown = [value for value in provider.headers("sk-0123").values() if "sk-0123" in value]
    assert len(shown) == 1
    assert CheckError.AUTH in provider.contact.advice


def test_each_region_has_an_origin_a_currency_and_a_page_of_its_own():
    for provider in PROVIDERS.values():
        regions = [provider.region(name) for name in provider.region_names()]
        for values in zip(*((one.origin, one.currency, one.top_up) for one in regions), strict=True):
            assert len(set(values)) == len(regions)


@pytest.mark.parametrize("case", [one for one in ALL if one.error], ids=str)
def test_a_check_that_fails_is_told_with_what_to_do_at_this_provider(case):
    contact = case.asked.contact_in(case.region)
    account = Account(case.provider, "default", case.region)
    now = datetime(2026, 6, 10, tzinfo=UTC)
    memory = Memory()
    for step in range(3):
        decision = decide(memory, found(case), RULES, account, now + step * HOUR)
        memory = decision.memory
        if decision.alerts:
            break
    [alert] = decision.alerts
    message = render(alert, contact)
    assert contact.title in message.subject
    assert f"({case.error})" in message.subject
    mail = " ".join(message.texts["email"].split())
    for advice in (contact.advice.get(CheckError(case.error)), case.says):
        assert not advice or advice in mail


@pytest.mark.parametrize("name", NAMES)
def test_a_low_balance_is_told_with_the_page_of_its_region(name):
    for region in PROVIDERS[name].region_names() or (None,):
        contact = good(name).asked.contact_in(region)
        reading = Reading((Balance("USD", Decimal(4)),))
        account = Account(name, "default", region)
        [alert] = decide(Memory(), reading, RULES, account, datetime(2026, 6, 10, tzinfo=UTC)).alerts
        message = render(alert, contact)
        assert message.subject.startswith(f"[CRITICAL] {contact.title} default: 4.00 USD left")
        link = f": {contact.top_up}" if contact.top_up else " where this credit is bought"
        assert f"- Top up{link}\n" in message.texts["email"]
        assert "  " not in message.texts["sms"]
        assert json.loads(message.texts["sqs"]).get("region") == region
