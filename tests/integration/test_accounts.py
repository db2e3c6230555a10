"""`make accounts`, on moto: what the deployed table holds, and what keeps it from being shown."""

import io
import json
from datetime import timedelta

import boto3
import pytest
from moto.core import set_initial_no_auth_action_count
from rich.console import Console

from guard.model import Severity
from local import accounts
from local import deployed as deployed_stack
from local.accounts import COLUMNS
from local.deployed import Stack, configured
from local.tools import LocalError
from tests.world import DEEPSEEK_KEY, NOVITA_KEY

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STACK = Stack("budget-guard", "eu-central-1", None)
CONFIG = """
[default.global.parameters]
stack_name = "budget-guard"
region = "eu-central-1"
"""


@pytest.fixture
def deployed(world):
    """A stack that names the table of the world by its output."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"State": {"Value": world.table}},
    }
    deploy(template)
    return world


def deploy(template, name="budget-guard"):
    boto3.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


@pytest.fixture
def config(tmp_path, monkeypatch):
    path = tmp_path / "samconfig.toml"
    path.write_text(CONFIG)
    monkeypatch.setattr(deployed_stack, "CONFIG", path)
    return path


def shown(found, now):
    """The lines of the table, each as its cells."""
    console = Console(file=io.StringIO(), width=200)
    console.print(accounts.table(found, now))
    head, _, *rows = [line for line in console.file.getvalue().splitlines() if line.strip()]
    return head, [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows]


def live(world, hours):
    """So many checks of both accounts an hour apart, each account spending evenly."""
    for hour in range(hours):
        world.deepseek(f"{90 - hour * 0.5:.2f}")
        world.novita(f"{100 - hour * 2:.2f}")
        world.tick(HOUR)


def test_every_account_is_listed_with_all_that_is_known_the_one_that_ends_first_at_the_top(deployed):
    live(deployed, 26)
    found = accounts.remembered(STACK, deployed.now)
    head, rows = shown(found, deployed.now)
    assert [name for name in COLUMNS if name in head] == [*COLUMNS]
    assert rows == [
        ["novita/default", "critical", "50.00 USD", "48.00", "25 hours", "1 hour ago"],
        ["deepseek/default", "ok", "77.50 USD", "12.00", "6.5 days", "1 hour ago"],
    ]


def test_an_account_that_can_not_be_read_shows_what_was_known_and_since_when(deployed):
    deployed.tick()
    deployed.keys({"deepseek": "sk-unknown-0123456789", "novita/new": "sk_unknown-0123456789"})
    deployed.tick()
    head, rows = shown(accounts.remembered(STACK, deployed.now), deployed.now)
    assert head.rstrip().endswith("unreadable since")
    since = "Wed 10 Jun 2026, 00:15 UTC"
    assert rows == [
        ["deepseek/default", "unreadable", "100.00 USD", "-", "-", "15 minutes ago", since],
        ["novita/new", "unreadable", "unknown", "-", "-", "15 minutes ago", since],
        ["novita/default", "ok", "100.00 USD", "-", "-", "30 minutes ago"],
    ]


def test_an_account_in_two_currencies_has_a_line_for_each(deployed):
    deployed.sandbox.fund(DEEPSEEK_KEY, USD="30", CNY="400")
    deployed.tick()
    found = accounts.remembered(STACK, deployed.now)
    _, rows = shown(found, deployed.now)
    assert rows[0][:3] == ["deepseek/default", "ok", "400.00 CNY"]
    assert rows[1] == ["30.00 USD", "-", "-"]


def test_an_account_that_nobody_checks_any_more_is_still_listed(deployed):
    deployed.tick()
    later = deployed.now + 40 * DAY
    _, rows = shown(accounts.remembered(STACK, later), later)
    assert [(row[1], row[-1]) for row in rows] == [("not checked", "40 days ago")] * 2


def test_what_is_no_account_is_not_listed(deployed):
    for key in ("#run", "#digest", "deepseek/default#damaged-0"):
        deployed.dynamodb.put_item(TableName=deployed.table, Item={"account": {"S": key}})
    assert accounts.remembered(STACK, deployed.now) == ()


@pytest.mark.parametrize(
    ("words", "labels"),
    [
        ([], ["critical", "low", "lost", "well"]),
        (["ok"], ["critical", "low", "lost", "well"]),
        (["warning"], ["critical", "low", "lost"]),
        (["critical"], ["critical"]),
        (["exhausted"], []),
        (["novita"], ["low", "well"]),
        (["novita", "warning"], ["low"]),
        (["novita/w"], ["well"]),
        (["nobody"], []),
    ],
)
def test_words_leave_what_is_as_severe_or_named_so(deployed, words, labels):
    keys = {
        "deepseek/critical": DEEPSEEK_KEY,
        "novita/low": NOVITA_KEY,
        "novita/well": NOVITA_KEY + "2",
    }
    deployed.keys({**keys, "deepseek/lost": "sk-unknown-0123456789"})
    deployed.deepseek("3")
    deployed.novita("12")
    deployed.sandbox.lend(NOVITA_KEY + "2", "100")
    deployed.tick()
    found = accounts.remembered(STACK, deployed.now)
    chosen = tuple(accounts.chosen(found, words))
    assert [one.account.label for one in chosen] == labels
    together = "4 accounts: 1 critical, 1 warning, 1 unreadable, 1 ok."
    said = accounts.summed_up(found, chosen)
    assert said.startswith(together if len(chosen) == 4 else f"{len(chosen)} of {together}")


def test_every_severity_has_its_colour():
    assert {*(severity.word for severity in Severity), "unreadable", "not checked"} <= set(
        accounts.STYLES
    )


def test_the_command_prints_them_and_how_they_stand(deployed, config, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    deployed.novita("2")
    deployed.tick()
    capsys.readouterr()  # the metrics
    assert accounts.main(["novita"]) == 0
    out = capsys.readouterr().out
    assert "novita/default   critical   2.00 USD" in out
    assert "deepseek" not in out
    assert out.endswith("1 of 2 accounts: 1 critical, 1 not checked.\n")


def test_before_the_first_run_the_command_says_what_to_do(deployed, config, capsys):
    assert accounts.main([]) == 0
    assert capsys.readouterr().out == (
        "No account is remembered yet: put an API key into the secret, and wait for a run.\n"
    )


# Where the stack is.


def test_the_stack_is_the_one_that_was_deployed_in_its_region_and_by_its_profile():
    assert configured("") == Stack("budget-guard", None, None)
    assert configured(CONFIG) == STACK
    deploy = (
        '[default.deploy.parameters]\nstack_name = "mine"\nregion = "us-east-2"\nprofile = "work"\n'
    )
    assert configured(CONFIG + deploy) == Stack("mine", "us-east-2", "work")


def test_another_stack_is_named_by_a_variable(monkeypatch):
    monkeypatch.setenv("STACK", "mine")
    assert configured(CONFIG) == Stack("mine", "eu-central-1", None)


def test_the_project_s_own_samconfig_names_the_stack():
    assert configured().name == "budget-guard"


# What keeps it from showing.


def refused(stack, now):
    with pytest.raises(LocalError) as caught:
        accounts.remembered(stack, now)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_a_stack_that_does_not_exist_is_named_with_its_region(world):
    assert refused(STACK, world.now) == (
        "There is no stack budget-guard in eu-central-1: name another with STACK, or deploy it with "
        "'make deploy'."
    )
    assert "no stack mine in eu-central-1" in refused(Stack("mine", None, None), world.now)


def test_a_stack_of_something_else_is_none_of_ours(world):
    deploy({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}, "other")
    assert refused(Stack("other", "eu-central-1", None), world.now) == (
        "The stack other has no output State: it is no budget-guard."
    )


def test_a_table_that_is_gone_is_said_so(deployed):
    deployed.dynamodb.delete_table(TableName=deployed.table)
    assert refused(STACK, deployed.now) == (
        "The table of the stack budget-guard is gone: deploy it anew with 'make deploy'."
    )


def test_without_credentials_it_says_how_to_get_some(deployed, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        deployed.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        deployed.setenv(name, str(tmp_path / "none"))
    assert refused(STACK, deployed.now).startswith("No AWS credentials were found: 'aws configure'")
    assert refused(Stack("budget-guard", None, "work"), deployed.now) == (
        "Your AWS setup has no profile work."
    )


def test_without_a_region_it_says_how_to_name_one(world):
    world.delenv("AWS_DEFAULT_REGION")
    assert refused(Stack("budget-guard", None, None), world.now).startswith("No AWS region is named")


def test_without_the_right_it_says_which_are_needed(deployed):
    iam = boto3.client("iam")
    iam.create_user(UserName="nobody")
    key = iam.create_access_key(UserName="nobody")["AccessKey"]
    deployed.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    deployed.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    said = set_initial_no_auth_action_count(0)(refused)(STACK, deployed.now)
    assert said == (
        "You may not DescribeStacks (AccessDenied): "
        "cloudformation:DescribeStacks and dynamodb:Scan are needed."
    )


def test_an_aws_that_can_not_be_reached_is_said_so(world):
    world.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    world.setenv("AWS_MAX_ATTEMPTS", "1")
    assert refused(STACK, world.now) == "AWS can't be reached (EndpointConnectionError)."


def test_any_other_refusal_is_named_by_its_code(world, capsys, config):
    world.setenv("AWS_ACCESS_KEY_ID", "of-nobody")
    assert set_initial_no_auth_action_count(0)(accounts.main)([]) == 1
    assert capsys.readouterr().out == "AWS refused to DescribeStacks (InvalidClientTokenId).\n"
