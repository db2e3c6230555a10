"""Origins that can't be reached, can't be trusted, or aren't the provider's."""

import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from tests.faults.payloads import good
from tests.faults.upstream import PATHS, answer, misbehaving

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """Let the authority be one of those that the guard trusts, so that only its certificates decide."""
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(bundle)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(bundle))


@pytest.fixture
def presenting(guarded):
    """Serve a good answer behind a certificate."""
    with ExitStack() as stack:

        def serve(certificate):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server = stack.enter_context(misbehaving(context))
            server.script = answer("200 OK", good(guarded.provider))
            return server

        yield serve


@pytest.fixture
def port_that_refuses():
    with socket.create_server(("127.0.0.1", 0)) as closed_at_once:
        return closed_at_once.getsockname()[1]


@pytest.fixture
def port_that_hangs():
    """A port whose queue is full, so that a connection is never established."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)  # noqa: FBT003 - the socket's own signature
            with suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def resolving(monkeypatch):
    """Let a name be resolved by a function."""
    resolve = socket.getaddrinfo

    def patch(name, answer):
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *args, **more: answer() if host == name else resolve(host, *args, **more),
        )

    return patch


def test_a_connection_that_is_refused_is_unreachable(guarded, port_that_refuses):
    url = f"http://127.0.0.1:{port_that_refuses}"
    guarded.assert_fail({"refused": (None, "unreachable")}, url=url)


def test_a_connection_that_is_never_made_is_a_timeout(guarded, port_that_hangs):
    url = f"http://127.0.0.1:{port_that_hangs}"
    guarded.assert_fail({"hangs": (None, "timeout")}, url=url, seconds_left=2)


def test_a_name_that_is_unknown_is_unreachable(guarded, resolving):
    def unknown():
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolving("balances.invalid", unknown)
    guarded.assert_fail({"no such name": (None, "unreachable")}, url="https://balances.invalid")


def test_a_name_that_is_never_resolved_is_a_timeout(guarded, resolving):
    over = threading.Event()

    def never():
        over.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    resolving("balances.invalid", never)
    try:
        guarded.assert_fail(
            {"slow name": (None, "timeout")}, url="https://balances.invalid", seconds_left=2
        )
    finally:
        over.set()


def test_a_certificate_that_is_right_is_accepted(guarded, presenting, authority, trusted):
    server = presenting(authority.issue_cert("127.0.0.1"))
    guarded.watch("default")
    guarded.mislead(server.url)
    assert guarded.of_each(guarded.tick(), "severity") == {"default": "warning"}


def test_what_connections_share_is_not_changed_by_any_of_them(
    guarded, presenting, authority, trusted, monkeypatch
):
    # OpenSSL frees the old protocols while the hello of another thread may be copying them.
    setting, times = ssl.SSLContext.set_alpn_protocols, []

    def counted(context, protocols):
        times.append(protocols)
        setting(context, protocols)

    monkeypatch.setattr(ssl.SSLContext, "set_alpn_protocols", counted)
    guarded.watch(*(f"{n}" for n in range(20)))
    guarded.mislead(presenting(authority.issue_cert("127.0.0.1")).url)
    assert set(guarded.of_each(guarded.tick(), "severity").values()) == {"warning"}
    assert times == [["http/1.1"]]


@pytest.mark.parametrize(
    ("names", "validity"),
    [
        pytest.param(["127.0.0.1"], {"not_after": LONG_AGO}, id="expired"),
        pytest.param(
            ["127.0.0.1"],
            {"not_before": datetime.now(UTC) + timedelta(days=30)},
            id="not-valid-yet",
        ),
        pytest.param(["balances.invalid"], {}, id="wrong-host"),
        pytest.param(["localhost"], {}, id="wrong-name-of-this-host"),
        pytest.param(["127.0.0.2"], {}, id="wrong-address"),
    ],
)
def test_a_certificate_of_a_trusted_authority_must_fit_all_the_same(
    guarded, presenting, authority, trusted, names, validity
):
    server = presenting(authority.issue_cert(*names, **validity))
    guarded.assert_fail({"certificate": (None, "unreachable")}, url=server.url)
    assert server.asked == []


def test_a_certificate_of_an_unknown_authority_is_refused_whatever_the_environment_says(
    guarded, presenting, authority, tmp_path
):
    bundle = tmp_path / "bundle.pem"
    authority.cert_pem.write_to_path(bundle)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        guarded.world.setenv(name, str(bundle))
    server = presenting(authority.issue_cert("127.0.0.1"))
    guarded.assert_fail({"certificate": (None, "unreachable")}, url=server.url)
    assert server.asked == []


def test_plain_text_where_tls_was_promised_is_unreachable(guarded):
    guarded.upstream.early = answer("200 OK", good(guarded.provider))
    url = guarded.upstream.url.replace("http:", "https:")
    guarded.assert_fail({"no TLS": (None, "unreachable")}, url=url)


@pytest.mark.parametrize(
    "handshake",
    [
        pytest.param(lambda wire: wire.hang(), id="silence"),
        pytest.param(lambda wire: wire.drip(b"\x16\x03\x03\x3f\xff" + bytes(1000)), id="drip"),
    ],
)
def test_a_handshake_that_never_ends_is_a_timeout(guarded, handshake):
    guarded.upstream.early = handshake
    url = guarded.upstream.url.replace("http:", "https:")
    guarded.assert_fail({"handshake": (None, "timeout")}, url=url, seconds_left=2)


def test_a_handshake_that_was_given_up_holds_no_thread(guarded):
    guarded.watch("handshake")
    guarded.upstream.early = lambda wire: wire.drip(b"\x16\x03\x03\x3f\xff" + bytes(1000))
    guarded.mislead(guarded.upstream.url.replace("http:", "https:"))
    guarded.tick(seconds_left=2)
    asking = [one for one in threading.enumerate() if one.name.startswith("ask ")]
    for thread in asking:
        thread.join(5)
    assert not any(thread.is_alive() for thread in asking)


def test_proxies_and_netrc_of_the_environment_are_ignored(guarded, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    guarded.world.setenv("NETRC", str(netrc))
    with misbehaving() as proxy:
        for name in (
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ):
            guarded.world.setenv(name, proxy.url)
        for name in ("NO_PROXY", "no_proxy"):
            guarded.world.delenv(name, raising=False)
        body = good(guarded.provider)
        guarded.assert_read({"default": (answer("200 OK", body), "warning", "15.00")})
        assert proxy.asked == []
    assert guarded.upstream.asked == [(PATHS[guarded.provider], f"{guarded.key}000")]
