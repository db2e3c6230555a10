"""`make deploy` and `make release`: deploy what was built, and reset nothing that was set."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from rich.console import Console

from local import parameters, show
from local.deployed import PATIENCE, Stack, configured, found, told, values
from local.tools import ROOT, LocalError, tool

NEEDED = "cloudformation:DescribeStacks and what docs/deploy-role.md lists"
# What a first deployment leaves that failed: a name without resources, which takes no update.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-describing-stacks.html
FAILED = "ROLLBACK_COMPLETE"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
LISTENERS = ("AlertEmail", "AlertPhone", "SlackChannelId")
PAGES = ("DashboardPage", "AlarmsPage", "SubscriptionsPage")


def main(words: Sequence[str]) -> int:
    """Deploy, or with the word `release` update a stack that is there; the exit code."""
    console = Console(soft_wrap=True)
    return show.exit_code(console, lambda: _release(console) if words else _deploy(console))


def _deploy(console: Console) -> int:
    stack, groups = configured(), parameters.of_template()
    given = parameters.from_words(os.environ.get("SET", ""), groups)
    with told(stack, NEEDED):
        session = stack.session()
        there = _ours(stack, found(session, stack))
        present = parameters.defaults(groups) | values(there or {})
        account = session.client("sts", config=PATIENCE).get_caller_identity()["Account"]
        state = "new" if _is_new(there) else "deployed"
        console.print(
            f"Stack {stack.name} ({state}), region {session.region_name}, AWS account {account}.",
            highlight=False,
        )
        wanted = present | given if given else parameters.ask(console, groups, present)
        if there and there["StackStatus"] == FAILED:
            _take_away(session, stack, console)
        old = parameters.defaults(groups) if _is_new(there) else present
        changed = {name: value for name, value in wanted.items() if value != old.get(name)}
        _say(console, changed)
        if not any(wanted[name] for name in LISTENERS):
            console.print("Nobody will be told: give AlertEmail, or subscribe somebody by hand.")
        code = _sam(stack, session, changed, _tags(there))
        if not code:
            _next_steps(console, found(session, stack) or {}, new=_is_new(there))
    return code


def _release(console: Console) -> int:
    stack = configured()
    with told(stack, NEEDED):
        session = stack.session()
        there = _ours(stack, found(session, stack))
        if _is_new(there):
            raise LocalError(
                f"There is no stack {stack.name} in {session.region_name}, and a release makes none: "
                "name the right one with STACK, or deploy it with 'make deploy'."
            )
        console.print(f"Stack {stack.name}, region {session.region_name}.", highlight=False)
        return _sam(stack, session, {}, _tags(there))


def _ours(stack: Stack, there: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """What was found, unless it is somebody else's; raises `LocalError`."""
    if there and there["StackStatus"] != "REVIEW_IN_PROGRESS" and "NovitaWatch" not in values(there):
        raise LocalError(
            f"The stack {stack.name} is no budget-guard: name another with STACK, as "
            "'make deploy STACK=my-guard'."
        )
    return there


def _is_new(there: Mapping[str, Any] | None) -> bool:
    return there is None or there["StackStatus"] in (FAILED, "REVIEW_IN_PROGRESS")


def _tags(there: Mapping[str, Any] | None) -> dict[str, str]:
    """The tags of the stack and those that TAGS gives: sam takes away what it isn't told again."""
    kept = {one["Key"]: one["Value"] for one in (there or {}).get("Tags", ())}
    kept = {name: value for name, value in kept.items() if not name.startswith("aws:")}
    return kept | dict(parameters.pairs(os.environ.get("TAGS", ""), "TAGS"))


def _take_away(session: boto3.Session, stack: Stack, console: Console) -> None:
    """Delete what a failed first deployment left: nothing but its name and its parameters."""
    console.print("\nThe first deployment failed and left an empty stack. It is deleted.")
    client = session.client("cloudformation", config=PATIENCE)
    client.delete_stack(StackName=stack.name)
    client.get_waiter("stack_delete_complete").wait(StackName=stack.name)


def _say(console: Console, changed: Mapping[str, str]) -> None:
    console.print()
    for name, value in changed.items():
        console.print(f"{name}: {value or parameters.NOTHING}", highlight=False, markup=False)
    if not changed:
        console.print("All parameters stay as they are.")


def _sam(
    stack: Stack, session: boto3.Session, changed: Mapping[str, str], tags: Mapping[str, str]
) -> int:
    """Deploy what was built; parameters that aren't named keep what the stack has. sam's exit code."""
    if not BUILT.exists():
        raise LocalError("Nothing is built: run 'make build' first.")
    command = [tool("sam", "sam"), "deploy", "--no-progressbar"]
    command += ["--stack-name", stack.name, "--region", str(session.region_name)]
    if stack.profile:
        command += ["--profile", stack.profile]
    if tags:
        command += ["--tags", *(f'"{name}"="{value}"' for name, value in tags.items())]
    with tempfile.TemporaryDirectory(prefix="budget-guard-") as folder:
        # In a file that nobody else may read, since a process list shows what stands in a command. It
        # is given without any change too, or sam would take what samconfig.toml may hold.
        path = Path(folder) / "parameters.yaml"
        path.write_text(json.dumps(changed))  # which is YAML, and sam reads no JSON
        command += ["--parameter-overrides", f"file://{path}"]
        return subprocess.run(command, cwd=ROOT, check=False).returncode  # nosec B603


def _next_steps(console: Console, there: Mapping[str, Any], *, new: bool) -> None:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in there.get("Outputs", ())}
    if new:
        console.print(
            "\nNext: confirm the two mails from AWS, then 'make keys', then 'make test-alert'."
        )
    for name in PAGES:
        if name in outputs:
            console.print(f"{name}: {outputs[name]}", highlight=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
