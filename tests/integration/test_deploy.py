"""`make deploy`, `make release` and `make keys` in an embedded AWS, each from a clone of its own."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from botocore.exceptions import WaiterError

from local.deployed import values
from local.embedded import ACCOUNT, REGION, STACK, embedded
from local.sandbox import serving
from local.tools import ROOT, tool
from tests.world import DEEPSEEK_KEY, NOVITA_KEY

MAIL, PHONE = "owner@example.com", "+4915112345678"
CLONED = ("local", "src", "events", "template.yaml", "samconfig.toml")
OURS = ("STACK", "SET", "TAGS")


@pytest.fixture(scope="module")
def clones(build, tmp_path_factory):
    """Make a clone: the tracked files that the commands use, and the environments of this one."""

    def make():
        folder = tmp_path_factory.mktemp("clone")
        for name in CLONED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        (folder / ".venv").symlink_to(ROOT / ".venv")
        (folder / ".aws-sam").mkdir()
        (folder / ".aws-sam" / "build").symlink_to(build)
        return folder

    return make


@pytest.fixture(scope="module")
def aws(clones):
    """An AWS with the stack in it, as its owner answered for the first time."""
    with embedded() as running:
        answers = f"{MAIL}\nno number\n{PHONE}\n\n\n12h/3h\nno\nyes\n\n\n\nEurope/Berlin\n"
        first = command(running, clones(), answers=answers, TAGS="team=ai 'cost center=a b'")
        assert first.returncode == 0, first.stderr
        running.first = first.stdout
        running.outputs = {o["OutputKey"]: o["OutputValue"] for o in described(running)["Outputs"]}
        yield running


def command(aws, clone, *words, module="local.deploy", answers="", **given):
    """Run a command in a clone, as make does; without answers the input ends at once."""
    env = {name: value for name, value in aws.environment.items() if name not in OURS}
    return subprocess.run(
        [tool("dev", "python"), "-m", module, *words],
        cwd=clone,
        env=env | {"PYTHONPATH": "src", "SAM_CLI_POLL_DELAY": "0.5"} | given,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
    )


def described(aws, name=STACK):
    [stack] = aws.formation.describe_stacks(StackName=name)["Stacks"]
    return stack


def protocols(aws):
    """How the stack's topics reach its owner."""
    found = aws.topics.list_subscriptions()["Subscriptions"]
    return sorted(one["Protocol"] for one in found)


# Deploying.


def test_the_first_deployment_asks_and_a_bad_answer_is_asked_for_again(aws):
    given = values(described(aws))
    assert (given["AlertEmail"], given["AlertPhone"], given["RemindEvery"]) == (MAIL, PHONE, "12h/3h")
    assert (given["TimeZone"], given["Runway"]) == ("Europe/Berlin", "7d/2d")
    assert f"Stack {STACK} (new), region us-east-1, AWS account 000000000000." in aws.first
    assert "It should be a phone number with + and country code, or nothing." in aws.first
    assert (
        "Next: confirm the two mails from AWS, then 'make keys', then 'make test-alert'." in aws.first
    )
    assert "DashboardPage: https://us-east-1.console.aws.amazon.com/cloudwatch/home" in aws.first


def test_a_second_from_another_clone_resets_nothing_and_writes_to_no_tracked_file(aws, clones):
    clone, before = clones(), described(aws)
    done = command(aws, clone)
    assert done.returncode == 0, done.stderr
    assert f"Stack {STACK} (deployed)" in done.stdout
    assert "All parameters stay as they are." in done.stdout
    after = described(aws)
    assert values(after) == values(before)
    assert after["Tags"] == before["Tags"]
    for name in CLONED:
        paths = [ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*.*")
        for path in paths:
            if "__pycache__" not in path.parts:
                assert (clone / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


def test_a_release_keeps_parameters_and_tags_and_asks_nothing(aws, clones):
    before = described(aws)
    done = command(aws, clones(), "release")
    assert done.returncode == 0, done.stderr
    after = described(aws)
    assert values(after) == values(before)
    assert {one["Key"]: one["Value"] for one in after["Tags"]} == {"team": "ai", "cost center": "a b"}


def test_a_release_makes_no_second_stack(aws, clones):
    done = command(aws, clones(), "release", STACK="mine")
    assert done.returncode == 1
    assert done.stdout.startswith("There is no stack mine in us-east-1, and a release makes none")
    names = {one["StackName"] for one in aws.formation.describe_stacks()["Stacks"]}
    assert names == {STACK, "aws-sam-cli-managed-default"}


def test_the_role_of_the_documentation_may_release_and_nobody_without_it(aws, clones):
    iam = aws.client("iam")
    iam.create_user(UserName="workflow")
    key = iam.create_access_key(UserName="workflow")["AccessKey"]
    as_workflow = {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    done = command(aws, clones(), "release", **as_workflow)
    assert done.returncode == 1
    assert done.stdout.startswith("You may not DescribeStacks (AccessDenied)")
    page = (ROOT / "docs" / "deploy-role.md").read_text()
    role = page.split("```json\n")[2].partition("```")[0]
    role = role.replace("<region>", REGION).replace("<account>", ACCOUNT)
    iam.put_user_policy(UserName="workflow", PolicyName="deploy", PolicyDocument=role)
    done = command(aws, clones(), "release", TAGS="by=workflow", **as_workflow)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_phone_is_taken_back(aws, clones):
    assert protocols(aws) == ["email", "email", "sms", "sms"]
    done = command(aws, clones(), answers="\nnone\n")
    assert done.returncode == 0, done.stderr
    assert "AlertPhone: none" in done.stdout
    assert protocols(aws) == ["email", "email"]
    assert values(described(aws))["AlertEmail"] == MAIL


def test_what_is_set_in_words_is_held_to_the_pattern_before_anything_is_deployed(aws, clones):
    for words, said in {
        "Runway=7": "Runway can't be '7': it should be warning/critical, units m, h or d",
        "Phone=1": "There is no parameter Phone: docs/parameters.md lists them.",
        "DetailedMetrics=yes": "DetailedMetrics can't be 'yes': it should be one of true, false.",
        "AlertPhone": "SET should be name=value, with blanks between several.",
        "Runway='7d/2d": "SET has a quote that is not closed.",
    }.items():
        done = command(aws, clones(), SET=words)
        assert done.returncode == 1
        assert done.stdout.startswith(said)


def test_a_stack_of_something_else_is_left_alone(aws, clones):
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    aws.formation.create_stack(StackName="other", TemplateBody=json.dumps(template))
    for words in ((), ("release",)):
        done = command(aws, clones(), *words, STACK="other")
        assert done.returncode == 1
        assert done.stdout.startswith("The stack other is no budget-guard")
    aws.formation.delete_stack(StackName="other")


def test_a_first_deployment_that_failed_is_tried_anew_with_what_was_answered(aws, clones):
    template = {
        "Parameters": {name: {"Type": "String"} for name in ("NovitaWatch", "AlertEmail")},
        "Resources": {
            "Bad": {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": "https://s3.amazonaws.com/none/none.yaml"},
            }
        },
    }
    given = {"NovitaWatch": "cash", "AlertEmail": MAIL}
    aws.formation.create_stack(
        StackName="failed",
        TemplateBody=json.dumps(template),
        Parameters=[{"ParameterKey": name, "ParameterValue": one} for name, one in given.items()],
    )
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        aws.formation.get_waiter("stack_create_complete").wait(
            StackName="failed", WaiterConfig={"Delay": 1}
        )
    done = command(aws, clones(), STACK="failed", SET="MetricsNamespace=Second")
    assert done.returncode == 0, done.stderr
    assert "The first deployment failed and left an empty stack. It is deleted." in done.stdout
    again = described(aws, "failed")
    assert again["StackStatus"] == "CREATE_COMPLETE"
    kept = values(again)
    assert (kept["NovitaWatch"], kept["AlertEmail"]) == ("cash", MAIL)
    aws.formation.delete_stack(StackName="failed")


def test_env_json_has_the_whole_environment_of_both_functions(aws, clones):
    clone = clones()
    done = command(aws, clone, module="local.env_json")
    assert done.returncode == 0, done.stderr
    assert (
        "reads the real secret, asks the real providers and tells the real subscribers" in done.stdout
    )
    found = json.loads((clone / "env.json").read_text())
    assert found == {name: aws.variables(name) for name in ("CheckBalances", "SendDigest")}
    assert found["CheckBalances"]["STATE_TABLE"] == aws.outputs["State"]
    assert "env.json" in (ROOT / ".gitignore").read_text().splitlines()


# Keys.


@pytest.fixture
def sandbox():
    with serving() as running:
        running.fund(DEEPSEEK_KEY, USD="12.34")
        running.lend(NOVITA_KEY, "100")
        yield running


def keys(aws, clones, sandbox, *answers):
    """What `make keys` says to these answers, in which no key may stand."""
    done = command(
        aws,
        clones(),
        module="local.keys",
        answers="\n".join((*answers, "")),
        DEEPSEEK_URL=sandbox.url,
        NOVITA_URL=sandbox.url,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for key in answers[1::2]:
        assert key not in done.stdout + done.stderr
    return done.stdout


def stored(aws):
    found = aws.secrets.get_secret_value(SecretId=aws.outputs["ApiKeys"])
    return json.loads(found["SecretString"])


def test_keys_are_added_one_by_one_each_is_tried_and_none_is_lost(aws, clones, sandbox):
    said = keys(aws, clones, sandbox, "deepseek", DEEPSEEK_KEY)
    assert f"The secret of the stack {STACK} has no account yet." in said
    assert "Stored. deepseek/default has 12.34 USD." in said
    assert stored(aws) == {"deepseek": DEEPSEEK_KEY}
    said = keys(aws, clones, sandbox, "novita/team-a", NOVITA_KEY)
    assert "Stored. novita/team-a has 100.00 USD." in said
    assert "The secret has the accounts deepseek, novita/team-a. The next run reads it." in said
    assert stored(aws) == {"deepseek": DEEPSEEK_KEY, "novita/team-a": NOVITA_KEY}
    assert sandbox.asked == ["deepseek", "novita"]


def test_a_key_that_is_replaced_keeps_what_else_its_entry_says(aws, clones, sandbox):
    aws.keys({"DeepSeek": {"api_key": "testing", "budget": "100/25 USD"}, "novita": NOVITA_KEY})
    keys(aws, clones, sandbox, "deepseek", DEEPSEEK_KEY)
    assert stored(aws) == {
        "DeepSeek": {"api_key": DEEPSEEK_KEY, "budget": "100/25 USD"},
        "novita": NOVITA_KEY,
    }


def test_a_key_that_the_provider_refuses_does_not_take_another_s_place(aws, clones, sandbox):
    aws.keys({"deepseek": DEEPSEEK_KEY})
    said = keys(aws, clones, sandbox, "deepseek", "sk-wrong-0123456789", "deepsek", "sk-0123456789abcd")
    assert "Not stored. DeepSeek answered 401 Unauthorized." in said
    assert "its provider isn't known; known are deepseek, novita" in said
    assert "the nearest is deepseek" in said
    assert stored(aws) == {"deepseek": DEEPSEEK_KEY}


def test_a_provider_that_gives_no_answer_keeps_no_key_out(aws, clones, sandbox):
    aws.keys({"deepseek": DEEPSEEK_KEY})
    sandbox.failing["novita"] = 503
    said = keys(aws, clones, sandbox, "novita", NOVITA_KEY)
    assert "Stored, but not tried: Novita AI answered 503 Service Unavailable." in said
    assert stored(aws) == {"deepseek": DEEPSEEK_KEY, "novita": NOVITA_KEY}


@pytest.mark.parametrize("text", ["not JSON", '["list"]', '{"deepseek": "1", "deepseek": "2"}'])
def test_a_secret_that_can_not_be_read_is_left_as_it_is(aws, clones, sandbox, text):
    aws.secrets.put_secret_value(SecretId=aws.outputs["ApiKeys"], SecretString=text)
    done = command(aws, clones(), module="local.keys", answers=f"deepseek\n{DEEPSEEK_KEY}\n")
    assert done.returncode == 1
    assert "mend it in the console first" in done.stdout
    found = aws.secrets.get_secret_value(SecretId=aws.outputs["ApiKeys"])
    assert found["SecretString"] == text


def test_at_a_terminal_a_key_is_not_shown_while_it_is_typed(aws, clones, sandbox):
    aws.keys({"novita": NOVITA_KEY})
    inner = [tool("dev", "python"), "-m", "local.keys"]
    env = aws.environment | {"PYTHONPATH": "src", "DEEPSEEK_URL": sandbox.url}
    with subprocess.Popen(
        [sys.executable, "-c", f"import pty; pty.spawn({inner!r})"],
        cwd=clones(),
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        shown = b""
        for prompt, answer in (
            (b"Enter to end", "deepseek"),
            (b"API key", DEEPSEEK_KEY),
            (b"Enter to end", ""),
        ):
            said = b""
            while prompt not in said:
                said += os.read(process.stdout.fileno(), 1024) or pytest.fail(f"no {prompt}: {said}")
            shown += said
            process.stdin.write(f"{answer}\n".encode())
            process.stdin.flush()
        shown += process.stdout.read()
    text = shown.decode()
    assert "Stored. deepseek/default has 12.34 USD" in text
    assert "deepseek\r\n" in text  # what isn't hidden is shown
    assert DEEPSEEK_KEY not in text
    assert stored(aws) == {"novita": NOVITA_KEY, "deepseek": DEEPSEEK_KEY}
