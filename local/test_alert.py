"""`make test-alert`: one test to every subscriber, and a page of what is in the way."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from local import show
from local.deployed import Stack, configured, reached
from local.tools import ROOT, LocalError

EVENT = ROOT / "events" / "test_alert.json"
NEEDED = "cloudformation:DescribeStacks and lambda:InvokeFunction"
WIDTH = 88
LOOK_FOR = (
    "a mail with the subject [test] budget-guard: alerts reach you here",
    "an SMS that begins with BUDGET-GUARD> budget-guard: this is a test, if you gave a phone number",
    "the same in chat, if you connected one",
)


def main() -> int:
    """Publish the test and print the page; the exit code."""
    console = Console(width=min(WIDTH, Console().width), soft_wrap=False)
    return show.exit_code(console, lambda: _show(console))


def _show(console: Console) -> int:
    stack = configured()
    answer = published(stack)
    console.print(f"One test is on its way to the subscribers of the stack {stack.name}.\n")
    console.print("Look for")
    for one in LOOK_FOR:
        console.print(Padding(Text(f"- {one}"), (0, 0, 0, 2)))
    warnings = answer.get("warnings", ())
    console.print("\nIn the way" if warnings else "\nNothing that AWS knows of is in the way.")
    for number, text in enumerate(warnings, 1):
        console.print(Padding(Text(f"{number}. {text}"), (0, 0, 0, 2)))
    return 0


def published(stack: Stack) -> Mapping[str, Any]:
    """The answer of the deployed function to a test; raises `LocalError`."""
    with reached(stack, NEEDED) as deployed:
        answer = deployed.client("lambda").invoke(
            FunctionName=deployed.outputs["CheckBalances"], Payload=EVENT.read_bytes()
        )
        found: dict[str, Any] = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise LocalError(f"The test was not published: {found.get('errorMessage', 'no word why')}")
    return found


if __name__ == "__main__":
    sys.exit(main())
