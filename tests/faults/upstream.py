"""Upstreams that misbehave: a raw socket on loopback that plays one script a connection."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat

MARKER = "Zq7MarkerKw9"  # stands in all that an upstream says, and in nothing that the guard may say
MOST_CONNECTIONS = 160
PATHS = {
    "deepseek": "/user/balance",
    "novita": "/openapi/v1/billing/balance/detail",
    "custom": "/v1/me",
}

type Script = Callable[["Wire"], None]


@dataclass
class Wire:
    """One connection, as its script sees it."""

    socket: socket.socket
    over: threading.Event
    path: str = ""
    key: str = ""

    def listen(self) -> None:
        """Take the head of a request: what is asked, and with which key."""
        head = b""
        while b"\r\n\r\n" not in head and (more := self.socket.recv(4096)):
            head += more
        lines = head.decode("latin-1").split("\r\n")
        self.path = lines[0].split(" ")[1] if lines[0].count(" ") > 1 else ""
        bearer = (line.partition(": Bearer ")[2] for line in lines if ": Bearer " in line)
        self.key = next(bearer, "")

    def send(self, data: bytes) -> None:
        """Send bytes; `%KEY%` and `%MARKER%` in them become what must not leak."""
        self.socket.sendall(self.filled(data))

    def filled(self, data: bytes) -> bytes:
        return data.replace(b"%KEY%", self.key.encode()).replace(b"%MARKER%", MARKER.encode())

    def drip(self, data: bytes, every: float = 0.2) -> None:
        """Send a byte at a time, slow enough to take for ever and fast enough never to be silent."""
        for byte in self.filled(data):
            self.socket.sendall(bytes([byte]))
            if self.over.wait(every):
                return

    def hang(self) -> None:
        """Say nothing until the other side has gone."""
        while self.socket.recv(4096):
            pass

    def pour(self, data: bytes, times: int) -> None:
        """Send the same bytes again and again, as fast as they are taken."""
        for one in repeat(data, times):
            self.socket.sendall(one)

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def raw(data: bytes) -> Script:
    """Answer with these bytes, and hang up."""
    return lambda wire: wire.send(data)


def answer(status: int | str, body: bytes | str = b"", *headers: str) -> Script:
    """Answer with a status, headers and a body, as a server does that echoes what it was sent."""

    def play(wire: Wire) -> None:
        content = wire.filled(body.encode() if isinstance(body, str) else body)
        lines = (
            f"HTTP/1.1 {status} %MARKER% %KEY%",
            "X-Echo: %MARKER% %KEY%",
            f"Content-Length: {len(content)}",
            "Connection: close",
            *headers,
        )
        # A client that has heard enough may hang up before the end.
        with suppress(OSError):
            wire.send("\r\n".join((*lines, "", "")).encode())
            wire.socket.sendall(content)

    return play


@dataclass
class Upstream:
    """An origin, what it plays, and what it was asked.

    `early` is played before anything is read. Otherwise a connection gets the script of its key,
    or else `script`.
    """

    url: str = ""
    script: Script = field(default=answer(500))
    scripts: dict[str, Script] = field(default_factory=dict)
    early: Script | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    def play(self, wire: Wire) -> None:
        if self.early:
            self.early(wire)
            return
        wire.listen()
        if not wire.path:  # left before it asked
            return
        self.asked.append((wire.path, wire.key))
        self.scripts.get(wire.key, self.script)(wire)


@contextmanager
def misbehaving(certificate: ssl.SSLContext | None = None) -> Iterator[Upstream]:
    """Serve an upstream on a free port of loopback until the block ends."""
    upstream, over, live = Upstream(), threading.Event(), set()
    scheme = "https" if certificate else "http"

    def serve(plain: socket.socket) -> None:
        sock = plain
        with suppress(OSError):  # a client that leaves early, and a handshake that it refuses
            if certificate:
                sock = certificate.wrap_socket(plain, server_side=True)
                live.add(sock)
            upstream.play(Wire(sock, over))
        sock.close()
        live.difference_update({sock, plain})

    def accept() -> None:
        while not over.is_set():
            with suppress(TimeoutError):
                sock, _ = listener.accept()
                live.add(sock)
                pool.submit(serve, sock)

    with (
        ThreadPoolExecutor(MOST_CONNECTIONS) as pool,
        socket.create_server(("127.0.0.1", 0), backlog=MOST_CONNECTIONS) as listener,
    ):
        listener.settimeout(0.05)
        upstream.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield upstream
        finally:
            over.set()
            accepting.join()
            for sock in tuple(live):
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
