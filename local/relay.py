"""Pass connections from a container on to loopback, where alone the embedded AWS listens."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer

from local.tools import LocalError

CHUNK = 65_536  # bytes; as much as a pipe holds


class _Relay(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _PassOn(BaseRequestHandler):
    def handle(self) -> None:
        """Copy both ways until both ends have said all."""
        with socket.create_connection(("127.0.0.1", self.request.getsockname()[1])) as there:
            back = threading.Thread(target=_copy, args=(there, self.request))
            back.start()
            _copy(self.request, there)
            back.join()


@contextmanager
def relayed(address: str, ports: Iterable[int]) -> Iterator[None]:
    """Until the block ends, what connects to a port of `address` gets to that port of loopback.

    On this address only: whoever reaches the emulator may run code in it. Raises `LocalError`.
    """
    with ExitStack() as stack:
        for port in ports:
            try:
                relay = stack.enter_context(_Relay((address, port), _PassOn))
            except OSError as error:
                raise LocalError(
                    f"Nothing can listen on {address} for the containers ({error.strerror})."
                ) from None
            thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.05})
            thread.start()
            stack.callback(thread.join)
            stack.callback(relay.shutdown)
        yield


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
