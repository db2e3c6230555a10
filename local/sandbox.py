"""The providers on loopback, answering as the vendors do, with balances that the caller sets."""

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from providers import Provider

UNITS = 10_000  # Novita AI counts in units of 0.0001 USD

PAGE = b"<html>upstream is having a bad day</html>"
REFUSED = {
    "deepseek": b"Authentication Fails (governor)",
    "novita": b'{"code":401,"reason":"FAILED_TO_AUTH","message":"failed to auth","metadata":{}}',
}


@dataclass
class Sandbox:
    """What the providers answer from now on, by provider and API key.

    `granted` is the part of a DeepSeek balance that was granted; `odd` are answers that are given once
    each before that, as amounts by currency or a status. `recorded` are whole answers by what shows the
    key, for any provider: its path, a status and a body. Each answer takes `delay` seconds.
    """

    url: str = ""
    deepseek: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    novita: dict[str, tuple[Decimal, Decimal]] = field(default_factory=dict)
    failing: dict[str, int] = field(default_factory=dict)
    unavailable: set[str] = field(default_factory=set)
    granted: dict[str, Decimal] = field(default_factory=dict)
    odd: list[dict[str, str] | int] = field(default_factory=list)
    recorded: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    delay: float = 0

    def fund(self, key: str, **rows: str | Decimal) -> None:
        """Let a DeepSeek key stand at these amounts by currency, all of them topped up."""
        self.deepseek[key] = {currency: Decimal(amount) for currency, amount in rows.items()}

    def lend(self, key: str, cash: str | Decimal, credit: str | Decimal = "0") -> None:
        """Let a Novita AI key stand at this cash, with this credit line, in dollars."""
        self.novita[key] = (Decimal(cash), Decimal(credit))

    def record(self, provider: "Provider", key: str, status: int, body: bytes) -> None:
        """Let a key of any provider get this answer, if it is asked and shown as the provider says."""
        shown = next(value for value in provider.headers(key).values() if key in value)
        self.recorded[shown] = (provider.path, status, body)

    def answer(self, path: str, shown: str) -> tuple[int, bytes]:
        """Status and body of one request that shows its key in this header."""
        if shown in self.recorded:
            path_of_it, code, recorded = self.recorded[shown]
            return (code, recorded) if path_of_it == path else (404, PAGE)
        key = shown.removeprefix("Bearer ")
        provider = "deepseek" if path == "/user/balance" else "novita"
        self.asked.append(provider)
        if status := self.failing.get(provider):
            return status, PAGE
        if path == "/user/balance" and key in self.deepseek:
            rows = self.odd.pop(0) if self.odd else self.deepseek[key]
            return (rows, PAGE) if isinstance(rows, int) else (200, self._deepseek(key, rows))
        if path == "/openapi/v1/billing/balance/detail" and key in self.novita:
            return 200, self._novita(key)
        return 401, REFUSED[provider]

    def _deepseek(self, key: str, amounts: Mapping[str, str | Decimal]) -> bytes:
        granted = self.granted.get(key, Decimal(0))
        rows = [
            {
                "currency": currency,
                "total_balance": f"{Decimal(amount):.2f}",
                "granted_balance": f"{granted:.2f}",
                "topped_up_balance": f"{Decimal(amount) - granted:.2f}",
            }
            for currency, amount in amounts.items()
        ]
        if len(self.asked) % 2:  # the order of the rows changes from call to call
            rows.reverse()
        return json.dumps({"is_available": key not in self.unavailable, "balance_infos": rows}).encode()

    def _novita(self, key: str) -> bytes:
        cash, credit = self.novita[key]
        figures: dict[str, Decimal] = {
            "availableBalance": cash + credit,
            "cashBalance": cash,
            "creditLimit": credit,
            "pendingCharges": Decimal(0),
            "outstandingInvoices": Decimal(0),
        }
        return json.dumps({name: f"{figure * UNITS:.0f}" for name, figure in figures.items()}).encode()


class _Server(ThreadingHTTPServer):
    request_queue_size = 512  # several functions at once, each with 64 workers for a provider


@contextmanager
def serving(certificate: tuple[Path, Path] | None = None) -> Iterator[Sandbox]:
    """Serve a sandbox on a free port of loopback until the block ends; with a certificate, by TLS."""
    sandbox = Sandbox()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown = [value for value in self.headers.values() if value in sandbox.recorded]
            time.sleep(sandbox.delay)
            status, body = sandbox.answer(self.path, *shown or [self.headers.get("Authorization", "")])
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Stay quiet: the caller tells the story."""

    server = _Server(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    sandbox.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield sandbox
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
