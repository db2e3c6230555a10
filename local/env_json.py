"""`make env.json`: what the deployed functions have in their environment, for `sam local invoke`."""

import json
import sys

from rich.console import Console

from local import show
from local.deployed import configured, reached
from local.tools import ROOT

NEEDED = "cloudformation:DescribeStacks and lambda:GetFunctionConfiguration"
FUNCTIONS = ("CheckBalances", "SendDigest")
PATH = ROOT / "env.json"


def main() -> int:
    """Write env.json; the exit code."""
    console = Console(soft_wrap=True)
    return show.exit_code(console, lambda: _write(console))


def _write(console: Console) -> int:
    stack = configured()
    with reached(stack, NEEDED) as deployed:
        client = deployed.client("lambda")
        found = {
            name: client.get_function_configuration(FunctionName=deployed.outputs[name])["Environment"]
            for name in FUNCTIONS
        }
    PATH.write_text(
        json.dumps({name: one["Variables"] for name, one in found.items()}, indent=2) + "\n"
    )
    console.print(
        f"env.json has the environment of the functions of the stack {stack.name}. With it, sam local "
        "reads the real secret, asks the real providers and tells the real subscribers.",
        highlight=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
