"""A small web server on loopback: HTTP/1.1 with a length given, which is all that our runs ask with."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.message import Message
from http.client import parse_headers
from io import BytesIO
from typing import NamedTuple

HOST = "127.0.0.1"
BACKLOG = 1024  # connections that come all at once


class Request(NamedTuple):
    """What is asked."""

    path: str
    headers: Message
    body: bytes


class Answer(NamedTuple):
    """What is said to it."""

    status: int
    body: bytes
    headers: Mapping[str, str]


async def listen(
    answer: Callable[[Request], Awaitable[Answer]], tls: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Serve on a free port for as long as the loop runs, or until it is closed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who is done hangs up, in whatever way its process ends.
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(_written(await answer(await _read(head, reader))))
                await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, HOST, 0, ssl=tls, backlog=BACKLOG)


def address(server: asyncio.Server) -> str:
    """Its host and port."""
    return f"{HOST}:{server.sockets[0].getsockname()[1]}"


async def _read(head: bytes, reader: asyncio.StreamReader) -> Request:
    line, _, rest = head.partition(b"\r\n")
    headers = parse_headers(BytesIO(rest))
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    return Request(line.split()[1].decode(), headers, body)


def _written(answer: Answer) -> bytes:
    headers = {
        "Content-Type": "application/json",
        **answer.headers,
        "Content-Length": str(len(answer.body)),
    }
    lines = [f"HTTP/1.1 {answer.status} as asked", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body
