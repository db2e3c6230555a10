"""Call a handler with events, as Lambda does, and say on the last line what came of it.

A script that is copied into a package and run there by a bare interpreter. Its arguments: the module
of the handler, a file of events, the seconds it has, and the cores to stay on, if any.
"""

import json
import os
import sys
import time
from importlib import import_module
from typing import Any


class Context:
    """Of Lambda's context, what the guard looks at."""

    aws_request_id = "7d3b4f52-0000-0000-0000-000000000000"

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may run on."""
        return int((self._end - time.monotonic()) * 1000)


def peak(process: int | str = "self") -> int:
    """The most memory that a process ever held, in bytes."""
    with open(f"/proc/{process}/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib would be paid
        [kilobytes] = [line.split()[1] for line in status if line.startswith("VmHWM:")]
    return int(kilobytes) * 1024


def main(module: str, events: str, seconds: str, cores: str) -> None:
    """Import, call once for each event, and print the times and the last answer."""
    if cores:
        os.sched_setaffinity(0, map(int, cores.split(",")))
    with open(events, encoding="utf-8") as file:  # noqa: PTH123 - pathlib would be paid
        asked = json.load(file)
    handler = import_module(module).lambda_handler
    answer: Any = None
    for event in asked:
        called, answer = time.monotonic(), handler(event, Context(float(seconds)))
    answered = time.monotonic()
    times = {"called": called, "answered": answered, "cpu": time.process_time(), "peak": peak()}
    print(json.dumps({**times, "answer": answer}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
