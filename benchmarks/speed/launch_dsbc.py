"""Run dsbc, a balance checker from PyPI, against another origin, and say when it was done.

Run by the interpreter of the environment that has it; the arguments are the origin and its options.
"""

import json
import sys
import time

from deepseek_balance import cli, client  # type: ignore[import-not-found]


def main(origin: str, *options: str) -> None:
    """What its own command does; its exit code comes after what it printed."""
    client.BALANCE_ENDPOINT = f"{origin}/user/balance"
    sys.argv = ["dsbc", *options]
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = int(end.code or 0)
    print(json.dumps({"answered": time.monotonic(), "exit": code}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
