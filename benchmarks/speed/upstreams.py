"""AWS and both providers on loopback, in a process of their own, fast enough not to be measured.

AWS is moto, called as the WSGI application that it is; its own server takes four times as long a call.
The providers are the sandbox of `make run`. Both are served as HTTP and, with a certificate, over TLS.
"""

import asyncio
import os
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from multiprocessing import get_context
from multiprocessing.managers import BaseManager
from typing import NamedTuple
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from benchmarks.speed.web import Answer, Request, address, listen
from local.sandbox import Sandbox

PROVIDERS = ("deepseek", "novita")


class Addresses(NamedTuple):
    """Where one scheme is served."""

    aws: str
    providers: str


class Upstreams:
    """Everything that a run asks, what it answers from now on, and what was asked of it."""

    def __init__(self, certificate: str) -> None:
        self._aws = Client(DomainDispatcherApplication(create_backend_app))
        self._sandbox = Sandbox()
        self._calls: Counter[str] = Counter()
        self._delays = dict.fromkeys(PROVIDERS, 0.0)
        self._spending = Decimal(0)
        self._fault: tuple[int, bytes] | None = None
        self._addresses: dict[str, Addresses] = {}
        ready = threading.Event()
        serving = self._serve(certificate, ready)
        threading.Thread(target=asyncio.run, args=(serving,), daemon=True).start()
        ready.wait()

    def addresses(self, scheme: str) -> Addresses:
        """Where to ask over http, or https."""
        return self._addresses[scheme]

    def fund(self, keys: dict[str, str], dollars: str) -> None:
        """Let the keys of accounts stand at so much, by the accounts' names."""
        for name, key in keys.items():
            if name.startswith("deepseek"):
                self._sandbox.fund(key, USD=dollars)
            else:
                self._sandbox.lend(key, dollars)

    def spend(self, dollars: str) -> None:
        """Let each key lose so much whenever it is asked about."""
        self._spending = Decimal(dollars)

    def delay(self, provider: str, seconds: float) -> None:
        """Let a provider take so long for an answer."""
        self._delays[provider] = seconds

    def fault(self, status: int, body: bytes) -> None:
        """Let both providers answer this, whatever they are asked."""
        self._fault = status, body

    def no_fault(self) -> None:
        """Let both providers answer rightly again."""
        self._fault = None

    def cpu(self) -> float:
        """The seconds of CPU that this process has taken."""
        return time.process_time()

    def counted(self) -> dict[str, int]:
        """The calls since the last time this was asked, by the name of AWS's operation or provider."""
        calls, self._calls = self._calls, Counter()
        return dict(calls)

    async def _serve(self, certificate: str, ready: threading.Event) -> None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        for scheme, tls in (("http", None), ("https", context)):
            servers = [await listen(answer, tls) for answer in (self._of_aws, self._of_provider)]
            self._addresses[scheme] = Addresses(*(f"{scheme}://{address(one)}" for one in servers))
        ready.set()
        await asyncio.Event().wait()

    async def _of_aws(self, request: Request) -> Answer:
        self._calls[operation(request)] += 1
        response = self._aws.post(request.path, headers=[*request.headers.items()], data=request.body)
        return Answer(response.status_code, response.get_data(), dict(response.headers))

    async def _of_provider(self, request: Request) -> Answer:
        provider = "deepseek" if request.path == "/user/balance" else "novita"
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self._calls[provider] += 1
        await asyncio.sleep(self._delays[provider])
        self._use(key)
        status, body = self._fault or self._sandbox.answer(request.path, key)
        return Answer(status, body, {})

    def _use(self, key: str) -> None:
        if rows := self._sandbox.deepseek.get(key):
            rows["USD"] -= self._spending
        elif key in self._sandbox.novita:
            cash, credit = self._sandbox.novita[key]
            self._sandbox.lend(key, cash - self._spending, credit)


def operation(request: Request) -> str:
    """The name of the operation that a request to AWS asks for."""
    target = request.headers.get("X-Amz-Target")
    if target:
        return str(target).rpartition(".")[2]
    return parse_qs(request.body.decode())["Action"][0]


def of_aws(counted: Mapping[str, int]) -> dict[str, int]:
    """The calls to AWS among those that were counted."""
    return {name: calls for name, calls in counted.items() if name not in PROVIDERS}


class Manager(BaseManager):
    """A process that holds the upstreams, on a core of its own if there are two."""

    Upstreams: Callable[[str], Upstreams]


Manager.register("Upstreams", Upstreams)


def started(cores: set[int]) -> Manager:
    """A manager whose process stays on these cores; ends with its `with` block."""
    manager = Manager(ctx=get_context("spawn"))
    manager.start(_stay, (cores,))
    return manager


def _stay(cores: set[int]) -> None:
    os.sched_setaffinity(0, cores)
