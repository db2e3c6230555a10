"""The Lambda Runtime API for one event: init time, duration and peak memory as they truly are.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. Each process is a cold start.
"""

import asyncio
import json
import time
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.speed import launch, web
from local.tools import LocalError

REQUEST_ID = "7d3b4f52-0000-0000-0000-000000000000"
LONGEST = 60.0
FUNCTION = "arn:aws:lambda:eu-central-1:123456789012:function:CheckBalances"


class Started(NamedTuple):
    """One cold start: seconds of its init phase and of its invocation, and peak memory in bytes."""

    init: float
    duration: float
    peak: int

    @property
    def billed(self) -> float:
        """What AWS bills since August 2025: the init phase too."""
        return self.init + self.duration


class _Api:
    """Hands out one event, and notes when the runtime asked for it and how it was answered."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self._event = json.dumps(event).encode()
        self.asked_at = self.answered_at = 0.0
        self.said = ""
        self.answered = asyncio.Event()

    async def answer(self, request: web.Request) -> web.Answer:
        """The four endpoints: next, response, error and init/error."""
        if not request.path.endswith("/next"):
            self.answered_at, self.said = time.monotonic(), request.path.rpartition("/")[2]
            self.answered.set()
            return web.Answer(HTTPStatus.ACCEPTED, b"", {})
        if self.asked_at:
            await asyncio.Event().wait()  # there is no second event
        self.asked_at = time.monotonic()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + LONGEST) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": FUNCTION,
        }
        return web.Answer(HTTPStatus.OK, self._event, headers)


def cold_start(
    command: Sequence[str], folder: Path, env: Mapping[str, str], event: Mapping[str, Any]
) -> Started:
    """Start a runtime, hand it the event, and end it. Raises `LocalError`."""
    return asyncio.run(_cold_start(command, folder, env, event))


async def _cold_start(
    command: Sequence[str], folder: Path, env: Mapping[str, str], event: Mapping[str, Any]
) -> Started:
    api = _Api(event)
    server = await web.listen(api.answer)
    env = {**env, "AWS_LAMBDA_RUNTIME_API": web.address(server)}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env=env, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(api.answered.wait(), LONGEST)
        if api.said != "response":
            raise LocalError(f"The function failed in the runtime: {api.said or 'no answer'}.")
        peak = launch.peak(process.pid)
    finally:
        process.kill()
        await process.wait()
        server.close()
    return Started(api.asked_at - began, api.answered_at - api.asked_at, peak)
