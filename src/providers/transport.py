"""The transport under a check: one connection that can be cut, few retries, no surprises.

Measured on requests 2.34: `timeout` bounds each wait for a byte, not the call, so an upstream that
drips holds it for ever, whether the stream is read whole or in chunks. So the sockets of a call are
kept where another thread can shut them.
"""

import socket
import ssl
import threading
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import ALPN_PROTOCOLS, create_urllib3_context

LARGEST_BODY = 64 * 1024  # bytes, after decoding; a real answer has some hundred
CONNECT_SECONDS = 3.05
SILENCE_SECONDS = 4.5  # without a byte; short enough for a second try within the account's time
ATTEMPTS = 3
# Not 429: the next run is minutes away.
RETRIED_STATUS = frozenset({500, 502, 503, 504})

_TRUSTING = threading.Lock()  # two accounts at once would both read the authorities


class TooLargeError(Exception):
    """The body is longer than any answer could be."""


class CutError(Exception):
    """The call was given up."""


class Lifeline:
    """The sockets of one call, so that another thread can end it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def hold(self, sock: socket.socket) -> None:
        """Keep a socket; shut it if the line is cut already."""
        with self._lock:
            self._sockets.append(sock)
            if not self._is_cut:
                return
        self.cut()

    def ensure(self) -> None:
        """Raise `CutError` if the line is cut."""
        if self._is_cut:
            raise CutError

    def cut(self) -> None:
        """Shut every socket, those to come too."""
        with self._lock:
            self._is_cut = True
            sockets, self._sockets = self._sockets, []
        for sock in sockets:
            with suppress(OSError):  # it has ended by itself
                sock.shutdown(socket.SHUT_RDWR)


class Answer(NamedTuple):
    """What came back: the status, the body, and what kind of text it says that is (a media type)."""

    status: int
    body: bytes
    content_type: str = ""


def get(url: str, headers: dict[str, str], seconds: float, lifeline: Lifeline) -> Answer:
    """The answer to one GET, retries included.

    Raises `TooLargeError` for the body of a 200, and what requests raises. It can take longer than
    `seconds`; cutting the lifeline ends it.
    """
    with _Session() as session:
        session.trust_env = False  # no proxy, netrc or CA bundle from the environment
        # For every URL of the scheme: requests may write this one differently before it looks.
        scheme, _, _ = url.partition("//")
        session.mount(f"{scheme}//", _Adapter(lifeline, _trust() if scheme == "https:" else None))
        response = session.get(
            url,
            headers=headers,
            timeout=(min(CONNECT_SECONDS, seconds), min(SILENCE_SECONDS, seconds)),
            allow_redirects=False,
            stream=True,
        )
        with response:
            content_type = response.headers.get("Content-Type", "")
            return Answer(response.status_code, _body(response), content_type)


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """No redirect leads anywhere; requests would read its body whole even if not to follow it."""


def _body(response: requests.Response) -> bytes:
    try:
        return _whole(response)
    except (TooLargeError, requests.exceptions.ContentDecodingError):
        if response.status_code == HTTPStatus.OK:
            raise
        return b""  # any other status says enough by itself


def _whole(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(8 * 1024):
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLargeError
    return bytes(body)


class _Adapter(HTTPAdapter):
    """Transport that retries within bounds, and hands each socket to the lifeline."""

    def __init__(self, lifeline: Lifeline, trust: ssl.SSLContext | None) -> None:
        self._lifeline, self._trust = lifeline, trust
        super().__init__(
            max_retries=Retry(
                total=ATTEMPTS - 1,
                other=0,  # TLS that is refused will be refused again
                status_forcelist=RETRIED_STATUS,
                allowed_methods=["GET"],
                backoff_factor=0.2,
                backoff_jitter=0.2,
                raise_on_status=False,
                respect_retry_after_header=False,  # it may ask for hours, and a date
            )
        )

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._trust, **more)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool_class(HTTPConnectionPool, HTTPConnection, self._lifeline),
            "https": _pool_class(HTTPSConnectionPool, HTTPSConnection, self._lifeline),
        }

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Have the certificate checked against what is trusted, which requests would read anew."""
        conn.cert_reqs = "CERT_REQUIRED"


def _trust() -> ssl.SSLContext:
    """Whom to believe: the authorities that requests trusts, read once for all calls."""
    with _TRUSTING:
        return _trusting(requests.adapters.DEFAULT_CA_BUNDLE_PATH)


@cache
def _trusting(bundle: str) -> ssl.SSLContext:
    # Reading a hundred and forty authorities takes many times what a handshake does.
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    context.load_verify_locations(bundle)
    # urllib3 would set them for each connection, and free those that another thread is just sending.
    context.set_alpn_protocols(ALPN_PROTOCOLS)
    context.set_alpn_protocols = lambda alpn_protocols: None  # type: ignore[method-assign] # noqa: ARG005
    return context


def _pool_class(pool: type, connection: type, lifeline: Lifeline) -> type:
    class Connection(connection):  # type: ignore[misc]
        debuglevel = 0  # http.client would print the headers, and with them the key

        def connect(self) -> None:
            lifeline.ensure()  # a try that is given up while it looks up a name is followed by no other
            super().connect()
            lifeline.hold(self.sock)

        def getresponse(self) -> Any:
            response = super().getresponse()
            # Before another try urllib3 reads the refused answer to its end, however long it is.
            response.drain_conn = response.close
            return response

    return type(pool.__name__, (pool,), {"ConnectionCls": Connection})
