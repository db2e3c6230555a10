"""The documentation shows what the code says, is found from the README, and links to what is there."""

import json
import re

import pytest

from config import accounts
from config.api_key import ApiKey
from config.settings import read, read_for_digest
from guard.model import CheckError
from local.recorded import cases
from providers import PROVIDERS
from tests import stack
from tools.texts import as_markdown

README = stack.ROOT / "README.md"
DOCS = stack.ROOT / "docs"
PAGES = [*stack.ROOT.glob("*.md"), *DOCS.glob("*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")


def anchors(page):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_notifications_are_shown_as_they_are_sent():
    assert as_markdown() in (DOCS / "notifications.md").read_text()


def test_the_readme_shows_one_mail_as_it_is_sent():
    assert f"```{as_markdown().split('```')[1]}```" in README.read_text()


def test_every_parameter_is_listed_with_its_default():
    page = (DOCS / "parameters.md").read_text()
    for name, given in stack.source()["Parameters"].items():
        default = f"`{given['Default']}`" if str(given["Default"]) else "none"
        assert f"| `{name}` | {default} |" in page


def test_the_contract_lists_every_setting_with_the_default_that_the_code_takes():
    page = (DOCS / "contract.md").read_text()
    resources = {"API_KEYS_SECRET": "x", "STATE_TABLE": "x", "ALERTS_TOPIC": "x", "OPS_TOPIC": "x"}
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| `(.+?)` \|", page, re.MULTILINE))
    functions = stack.resources("AWS::Lambda::Function").values()
    variables = {name for one in functions for name in one["Environment"]["Variables"]}
    assert {*listed, *resources} == variables
    assert read(resources | listed) == read(resources)
    assert read_for_digest(resources | listed) == read_for_digest(resources)


def test_the_contract_and_the_template_name_the_same_outputs():
    page = (DOCS / "contract.md").read_text()
    section = page.partition("## 1. The stack")[2].partition("## 2.")[0]
    outputs = stack.source()["Outputs"].keys()
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == outputs


@pytest.mark.parametrize("page", ["contract.md", "reliability.md"])
def test_every_error_of_a_check_is_explained(page):
    listed = re.findall(r"^\| `(\w+)` \|", (DOCS / page).read_text(), re.MULTILINE)
    assert {*CheckError} <= {*listed}


def test_every_alarm_is_listed_and_marked_where_it_rings_the_phone():
    page = (DOCS / "metrics.md").read_text()
    listed = {}
    for cell in re.findall(r"^\| (\*.+?) \|", page, re.MULTILINE):
        listed |= dict.fromkeys(re.findall(r"\*([a-z0-9 ]+)\*", cell), "☎" in cell)
    both = [stack.resources("AWS::CloudWatch::Alarm", **one) for one in ({}, stack.WITH_SHARDS)]
    alarms = (both[0] | both[1]).values()
    assert listed == {
        alarm["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}: "): (
            alarm["AlarmDescription"].startswith("CRITICAL")
        )
        for alarm in alarms
    }


def test_the_readme_is_short_and_leads_to_every_page():
    text = README.read_text()
    assert len(text.splitlines()) <= 250
    assert len(text.split()) <= 2500
    linked = {target for target, _ in LINK.findall(text)}
    assert {f"docs/{page.name}" for page in DOCS.glob("*.md")} <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_links_to_what_is_there(page):
    for target, anchor in LINK.findall(page.read_text()):
        there = page.parent / target if target else page
        assert there.exists(), target
        assert not anchor or anchor in anchors(there), f"{target}#{anchor}"


def test_every_provider_is_documented_and_linked_from_the_dashboard():
    page, contract = ((DOCS / name).read_text() for name in ("providers.md", "contract.md"))
    section = contract.partition("## 3. The secret")[2].partition("## 4.")[0]
    readme = (DOCS.parent / "README.md").read_text()
    for name, provider in PROVIDERS.items():
        assert f"| `{name}` |" in page, name
        assert f"`{name}`" in section, name
        assert provider.contact.title in readme, name
        assert f"**{provider.contact.title}**" in page, name
        for region in provider.region_names():
            assert f"`{region}`" in section, name
        for member in provider.own_members():
            assert f"`{member}`" in section, name
        if provider.own is None:
            link = f"[{provider.contact.title}]({provider.contact.top_up})"
            assert link in stack.dashboard(), name
            origin = provider.region(None).origin
            assert f"GET {origin}{provider.path}" in page, name


RECIPE = re.compile(r"^    (\{\"custom/.*\n(?:     .*\n)*)", re.MULTILINE)
RULES = read(dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "x")).rules


def test_every_recipe_of_an_own_api_can_be_used_and_reads_a_recorded_answer():
    page = (DOCS / "providers.md").read_text().partition("### Recipes")[2]
    recipes = [json.loads(text) for text in RECIPE.findall(page)]
    recorded = [{**one.entry} for one in cases("custom") if one.reads]
    assert len(recipes) == 5
    for recipe in recipes:
        [account] = accounts.parse(json.dumps(recipe).replace("<API key>", "sk-0123456789"), RULES)
        assert isinstance(account.key, ApiKey), account.key
        [entry] = recipe.values()
        api = {name: text for name, text in entry.items() if name not in ("api_key", "budget")}
        assert api in recorded
        assert entry["currency"] in account.rules.budgets
