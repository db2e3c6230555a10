"""The one bounded GET, and the ways in which it can end.

Measured on requests 2.34: `timeout` bounds each wait for a byte, not the call, so an upstream that
drips holds it for ever, whether the stream is read whole or in chunks. So the call runs in a thread
that may be given up, its socket is shut when the time is over, and the caller never waits longer.
"""

import logging
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as UpstreamTimeoutError
from urllib3.response import BaseHTTPResponse

from guard.model import CheckError, Failure, Reading
from providers.provider import BadBodyError, Provider
from strict_json import NotStrictJsonError, loads

LARGEST_BODY = 64 * 1024  # bytes, after decoding; a real answer has some hundred
CONNECT_SECONDS = 3.05
SILENCE_SECONDS = 4.5  # without a byte; short enough for a second try within the account's time
ATTEMPTS = 3
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT = 2  # seconds; an upstream that asks for more is left alone until the next run

_PLAIN_SECONDS = re.compile(r"\s*[0-9]{1,9}\s*")

_BY_STATUS: dict[int, CheckError] = {
    HTTPStatus.UNAUTHORIZED: CheckError.AUTH,
    HTTPStatus.PAYMENT_REQUIRED: CheckError.BILLING,
    HTTPStatus.FORBIDDEN: CheckError.PERMISSION,
    HTTPStatus.TOO_MANY_REQUESTS: CheckError.RATE_LIMITED,
}
_BY_HUNDREDS = {3: CheckError.REDIRECTED, 5: CheckError.SERVER_ERROR}


class _TooLargeError(Exception):
    """The body is longer than any answer could be."""


def check(
    provider: Provider, origin: str, bearer: str, watch: str | None, seconds: float
) -> Reading | Failure:
    """Ask a provider for the balances of one key, within `seconds`, retries included.

    `bearer` must be printable ASCII. Never raises for what comes back, or doesn't, from the wire.
    """
    headers = {
        **provider.headers,
        "Authorization": f"Bearer {bearer}",
        "Accept": "application/json",
        "User-Agent": "budget-guard",
    }
    if seconds <= 0:
        return _timeout(provider)
    # urllib3 warns of answers that are no HTTP, and quotes them: they could hold anything.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    answer: Future[Reading | Failure] = Future()
    lifeline = _Lifeline()

    def ask() -> None:
        try:
            status, body = _get(origin + provider.path, headers, seconds, lifeline)
            answer.set_result(read(provider, status, body, watch))
        except Exception as error:  # noqa: BLE001 - whatever the wire did, it is data
            answer.set_result(_failure_of(provider, error))

    threading.Thread(target=ask, daemon=True, name=f"ask {provider.title}").start()
    try:
        return answer.result(timeout=seconds)
    except TimeoutError:
        return _timeout(provider)
    finally:
        lifeline.cut()


def read(provider: Provider, status: int, body: bytes, watch: str | None) -> Reading | Failure:
    """What an answer means: balances, or the class of its error and a sentence about it."""
    value, is_json = None, True
    try:
        value = loads(body)
    except NotStrictJsonError:
        is_json = False
    said = f"{provider.title} answered {_named(status)}"
    error = provider.refusal(value)
    if error is None and status == HTTPStatus.OK:
        try:
            return provider.parse(value, watch)
        except BadBodyError as problem:
            why = str(problem) if is_json else "it isn't JSON"
            return Failure(
                CheckError.BAD_RESPONSE,
                f"{said}, but its answer isn't what it promises: {why}.",
            )
    if error is None:
        error = _BY_STATUS.get(status) or _BY_HUNDREDS.get(status // 100, CheckError.BAD_RESPONSE)
    return Failure(error, f"{said}.")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _timeout(provider: Provider) -> Failure:
    return Failure(CheckError.TIMEOUT, f"{provider.title} gave no whole answer in time.")


def _failure_of(provider: Provider, error: Exception) -> Failure:
    if _is_timeout(error):
        return _timeout(provider)
    if isinstance(error, _TooLargeError | requests.exceptions.ContentDecodingError):
        return Failure(
            CheckError.BAD_RESPONSE,
            f"{provider.title} answered with a body that is too long or can't be decoded.",
        )
    if isinstance(error, requests.exceptions.SSLError):
        detail = f"The certificate of {provider.title} was refused, or TLS failed."
    elif isinstance(error, requests.exceptions.ConnectionError):
        detail = f"No connection to {provider.title}, or it was lost before the answer was whole."
    else:
        detail = f"The connection to {provider.title} gave no HTTP answer."
    return Failure(CheckError.UNREACHABLE, detail)


def _is_timeout(error: Exception) -> bool:
    # After retries, and while a body is read, requests wraps urllib3's timeout as a lost connection.
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, NewConnectionError):  # refused, or a name that is unknown
        return False
    return isinstance(error, requests.Timeout) or isinstance(reason, UpstreamTimeoutError)


class _Lifeline:
    """The sockets of one call, so that another thread can end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def hold(self, sock: socket.socket) -> None:
        with self._lock:
            self._sockets.append(sock)
            if not self._is_cut:
                return
        self.cut()

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            sockets, self._sockets = self._sockets, []
        for sock in sockets:
            with suppress(OSError):  # it has ended by itself
                sock.shutdown(socket.SHUT_RDWR)


class _Retry(Retry):
    """urllib3's retries, but no waiting for an upstream that asks for long, or for nonsense."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        *args: Any,
        **more: Any,
    ) -> Self:
        asked = response is not None and self._asks_for_long(response)
        tries = self.new(total=0) if asked else self
        return super(_Retry, tries).increment(method, url, response, *args, **more)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        return None if self._asks_for_long(response) else super().get_retry_after(response)

    @staticmethod
    def _asks_for_long(response: BaseHTTPResponse) -> bool:
        asked = response.headers.get("Retry-After")
        if asked is None:
            return False
        # A date is taken as long: who names one does not mean the next two seconds.
        return not _PLAIN_SECONDS.fullmatch(asked) or int(asked) > LONGEST_WAIT


def _get(url: str, headers: dict[str, str], seconds: float, lifeline: _Lifeline) -> tuple[int, bytes]:
    with _Session() as session:
        session.trust_env = False  # no proxy, netrc or CA bundle from the environment
        session.mount(url, _Adapter(lifeline))
        response = session.get(
            url,
            headers=headers,
            timeout=(min(CONNECT_SECONDS, seconds), min(SILENCE_SECONDS, seconds)),
            allow_redirects=False,
            stream=True,
        )
        with response:
            return response.status_code, _body(response)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect leads anywhere; requests would read its body whole even if not to follow it."""


def _body(response: requests.Response) -> bytes:
    try:
        return _whole(response)
    except (_TooLargeError, requests.exceptions.ContentDecodingError):
        if response.status_code == HTTPStatus.OK:
            raise
        return b""  # any other status says enough by itself


def _whole(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(8 * 1024):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise _TooLargeError
    return bytes(body)


class _Adapter(HTTPAdapter):
    """Transport that retries within bounds, and hands each socket to the lifeline."""

    def __init__(self, lifeline: _Lifeline) -> None:
        self._lifeline = lifeline
        super().__init__(
            max_retries=_Retry(
                total=ATTEMPTS - 1,
                other=0,  # TLS that is refused will be refused again
                status_forcelist=RETRIED_STATUS,
                allowed_methods=["GET"],
                backoff_factor=0.2,
                backoff_jitter=0.2,
                raise_on_status=False,
            )
        )

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more)
        hold = self._lifeline.hold
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool_class(HTTPConnectionPool, HTTPConnection, hold),
            "https": _pool_class(HTTPSConnectionPool, HTTPSConnection, hold),
        }


def _pool_class(pool: type, connection: type, hold: Callable[[socket.socket], None]) -> type:
    class Connection(connection):  # type: ignore[misc]
        debuglevel = 0  # http.client would print the headers, and with them the key

        def connect(self) -> None:
            super().connect()
            hold(self.sock)

        def getresponse(self) -> Any:
            response = super().getresponse()
            # Before another try urllib3 reads the refused answer to its end, however long it is.
            response.drain_conn = response.close
            return response

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
