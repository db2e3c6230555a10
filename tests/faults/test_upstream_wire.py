"""What goes wrong between two bytes: no HTTP, half an answer, too much of it."""

import gzip
import tracemalloc
import zlib
from functools import cache

import pytest

from providers import PROVIDERS
from providers.http import check
from providers.transport import CutError, Lifeline, get
from tests.faults.guarded import KEYS
from tests.faults.payloads import GOOD, good
from tests.faults.upstream import answer, raw

JSON = "Content-Type: application/json"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
LARGEST = 64 * 1024
MIB = 1024 * 1024


@cache
def bomb(mebibytes=16):
    """Blanks, packed a thousandfold."""
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * MIB
    return b"".join(packer.compress(blanks) for _ in range(mebibytes)) + packer.flush()


def chunked(*chunks):
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def packed(encoding, data):
    return answer("200 OK", data, JSON, f"Content-Encoding: {encoding}")


def half_then_reset(wire):
    wire.send(OK + b'Content-Length: 1000\r\n\r\n{"balance_infos": [%MARKER% %KEY%')
    wire.reset()


def pouring(head, data=b" " * LARGEST, mebibytes=32):
    """A script that sends this head, and then far more than anybody asked for."""

    def play(wire):
        wire.send(head)
        wire.pour(data, mebibytes * MIB // len(data))

    return play


UNREACHABLE = {
    "hangs up": raw(b""),
    "resets": lambda wire: wire.reset(),
    "resets midway": half_then_reset,
    "short body": raw(OK + b"Content-Length: 1000\r\n\r\n{%MARKER% %KEY%"),
    "half a status line": raw(b"HTTP/1.1 20"),
    "another protocol": raw(b"220 %MARKER% %KEY% ESMTP ready\r\n"),
    "no protocol": raw(b"%MARKER% %KEY%\r\n\r\n"),
    "binary": raw(bytes(range(256)) + b"%MARKER%"),
    "a body and no head": raw(b'{"is_available": true, "echo": "%MARKER% %KEY%"}'),
    "TLS": raw(b"\x15\x03\x03\x00\x02\x02\x28%MARKER%"),
    "no number for a status": raw(b"HTTP/1.1 %MARKER% OK\r\n\r\n"),
    "status of two digits": raw(b"HTTP/1.1 42 %MARKER%\r\n\r\n"),
    "status of four digits": raw(b"HTTP/1.1 1000 %MARKER%\r\n\r\n"),
    "another version": raw(b"HTTP/9.9 200 %MARKER%\r\n\r\n"),
    "too many headers": raw(OK + b"X-Echo: %MARKER%\r\n" * 200 + b"\r\n{}"),
    "long status line": raw(b"HTTP/1.1 200 " + b"%MARKER%" * 10_000 + b"\r\n\r\n"),
    "long header": raw(OK + b"X-Echo: " + b"%MARKER%" * 10_000 + b"\r\n\r\n{}"),
    "two lengths": raw(OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}%MARKER%"),
    "chunk without a size": raw(chunked(b"%MARKER% %KEY%\r\n{}\r\n")),
    "chunk of negative size": raw(chunked(b"-5\r\n%MARKER%\r\n")),
    "chunks without an end": raw(chunked(chunk(b'{"echo": "MARKER"'))),
    "short chunk": raw(chunked(b"ffff\r\n{%MARKER% %KEY%")),
}


def bad_responses(provider):
    body = good(provider).encode()
    return {
        "10 MB": raw(OK + b"\r\n" + b" " * 10 * MIB),
        "10 MB with its length": answer("200 OK", b" " * 10 * MIB, JSON),
        "10 MB in chunks": raw(chunked(*[chunk(b" " * MIB)] * 10, chunk(body), b"0\r\n\r\n")),
        "10 MB before the answer": answer("200 OK", b" " * 10 * MIB + body, JSON),
        "10 MB behind the answer": answer("200 OK", body + b" " * 10 * MIB, JSON),
        "a byte too long": answer("200 OK", body.ljust(LARGEST + 1), JSON),
        "gzip bomb": packed("gzip", bomb()),
        "gzip bomb in gzip": packed("gzip, gzip", gzip.compress(bomb())),
        "deflate bomb": packed("deflate", zlib.compress(b" " * 16 * MIB)),
        "gzip that is none": packed("gzip", b"%MARKER% %KEY%"),
        "deflate that is none": packed("deflate", b"%MARKER% %KEY%"),
        "half a gzip": packed("gzip", gzip.compress(body)[:40]),
        "gzip with a broken sum": packed("gzip", gzip.compress(body)[:-8] + bytes(8)),
        "gzip that is not said to be": answer("200 OK", gzip.compress(body), JSON),
        "an encoding nobody knows": packed("%MARKER%", b"%MARKER% %KEY%"),
        "encodings without end": packed(", ".join(["gzip"] * 50), bomb(1)),
        "a header that is none": raw(b"HTTP/1.1 200 OK\r\n%MARKER% %KEY%\r\n\r\n<%MARKER%>"),
        "a header of binary": raw(b"HTTP/1.1 200 OK\r\n\xff\x00: %MARKER% %KEY%\r\n\r\n<%MARKER%>"),
        "half a head": raw(OK + b"X-Echo: %MARKER% %KEY%"),
        "an image": answer("200 OK", b"\x89PNG\r\n\x1a\n%MARKER%", "Content-Type: image/png"),
    }


def test_a_connection_that_gives_no_answer_is_unreachable(guarded):
    guarded.assert_fail({case: (script, "unreachable") for case, script in UNREACHABLE.items()})


def test_an_answer_too_large_or_undecodable_is_bad(guarded):
    faults = bad_responses(guarded.provider)
    guarded.assert_fail({case: (script, "bad_response") for case, script in faults.items()})


def test_an_answer_that_is_oddly_wrapped_is_understood(guarded):
    body = good(guarded.provider).replace("%KEY%", guarded.key).encode()
    scripts = {
        "as long as may be": answer("200 OK", body.ljust(LARGEST), JSON),
        "gzip": packed("gzip", gzip.compress(body)),
        "deflate": packed("deflate", zlib.compress(body)),
        "chunks": raw(chunked(chunk(body[:9]), chunk(body[9:]), b"0\r\nX-Echo: %MARKER%\r\n\r\n")),
        "no length": raw(OK + b"\r\n" + body),
        "lines without CR": raw(b"HTTP/1.1 200 OK\nContent-Type: application/json\n\n" + body),
        "an older protocol": raw(b"HTTP/1.0 200 OK\r\n\r\n" + body),
        "no type": raw(b"HTTP/1.1 200 OK\r\n\r\n" + body),
        "continue": raw(b"HTTP/1.1 100 Continue\r\nX-Echo: %MARKER%\r\n\r\n" * 3 + OK + b"\r\n" + body),
    }
    guarded.assert_read({case: (script, "warning", "15.00") for case, script in scripts.items()})


# An error is an error by its status, however little can be made of its body.
HUGE_ERRORS = {
    "302": (pouring(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), "redirected"),
    "401": (pouring(b"HTTP/1.1 401 Unauthorized\r\n\r\n"), "auth"),
    "503": (pouring(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), "server_error"),
    "500 that is a gzip bomb": (
        answer(500, bomb(), "Content-Encoding: gzip"),
        "server_error",
    ),
    "403 that can't be decoded": (answer(403, b"%MARKER%", "Content-Encoding: gzip"), "permission"),
}


def test_an_error_with_a_huge_body_keeps_the_class_of_its_status(guarded):
    guarded.assert_fail(HUGE_ERRORS)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(pouring(OK + b"\r\n"), id="body"),
        pytest.param(pouring(OK + b"Transfer-Encoding: chunked\r\n\r\n2000000\r\n"), id="one-chunk"),
        pytest.param(
            pouring(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0" * LARGEST), id="size-of-a-chunk"
        ),
        pytest.param(
            pouring(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"x" * LARGEST), id="trailer"
        ),
        pytest.param(pouring(OK, b"x" * LARGEST), id="header"),
        pytest.param(pouring(b"", b"x" * LARGEST), id="status-line"),
        pytest.param(pouring(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"), id="redirect"),
        pytest.param(pouring(b"HTTP/1.1 401 Unauthorized\r\n\r\n"), id="refusal"),
        pytest.param(pouring(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), id="outage"),
        pytest.param(packed("gzip", bomb(64)), id="bomb"),
        pytest.param(packed("gzip, gzip", gzip.compress(bomb(64))), id="bomb-in-gzip"),
        pytest.param(
            answer(302, bomb(64), "Content-Encoding: gzip", "Location: /"), id="bomb-in-a-redirect"
        ),
    ],
)
@pytest.mark.parametrize("provider", GOOD)
def test_memory_stays_flat_whatever_pours_in(upstream, provider, script):
    upstream.script = script
    tracemalloc.start()
    try:
        check(PROVIDERS[provider], upstream.url, KEYS[provider], "available", 9)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB


def test_a_call_that_was_given_up_connects_to_nobody_any_more(upstream):
    lifeline = Lifeline()
    lifeline.cut()
    with pytest.raises(CutError):
        get(upstream.url, {}, 1.0, lifeline)
    assert upstream.asked == []


def test_a_call_is_given_up_as_well_where_its_url_is_written_anew(upstream):
    lifeline = Lifeline()
    lifeline.cut()
    with pytest.raises(CutError):
        get(f"{upstream.url}/v1/%7Eme", {}, 1.0, lifeline)  # which requests sends as ~
    assert upstream.asked == []
