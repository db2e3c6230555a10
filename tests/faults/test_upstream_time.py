"""No upstream holds an account for longer than 10 s or a run for longer than 25 s."""

import threading

import pytest

from tests.faults.guarded import ACCOUNT_SECONDS
from tests.faults.payloads import good
from tests.faults.upstream import answer

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ENDLESS = b" " * 10_000


def silent(wire):
    wire.hang()


def stops_after(data):
    def play(wire):
        wire.send(data)
        wire.hang()

    return play


def drips(data, before=b"", every=0.2):
    def play(wire):
        wire.send(before)
        wire.drip(data, every)

    return play


def late(script, seconds):
    def play(wire):
        wire.over.wait(seconds)
        script(wire)

    return play


def endless_continue(wire):
    while not wire.over.wait(0.2):
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")


def slow(provider):
    body = good(provider).encode()
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    return {
        "silence": silent,
        "silence after the status": stops_after(b"HTTP/1.1 200 OK\r\n"),
        "silence after the head": stops_after(OK + length),
        "silence midway": stops_after(OK + length + body[:20]),
        "an end that never comes": stops_after(OK + b"\r\n" + body),
        "head drip": drips(OK + length + body),
        "header drip": drips(ENDLESS, before=OK + b"X-Echo: "),
        "body drip": drips(body + ENDLESS, before=OK + b"\r\n"),
        "body drip with a length": drips(body, before=OK + length, every=0.5),
        "drip in chunks": drips(
            b"1\r\n \r\n" * 1000, before=OK + b"Transfer-Encoding: chunked\r\n\r\n"
        ),
        "drip of an error": drips(ENDLESS, before=b"HTTP/1.1 404 Not Found\r\n\r\n"),
        "drip of an outage": drips(ENDLESS, before=b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
        "continue without end": endless_continue,
        "outages that come late": late(answer(503), 4),
    }


def asking():
    return [one for one in threading.enumerate() if one.name.startswith("ask ")]


# The two that take their whole time share the providers; below, both have it, and less of it.
@pytest.mark.parametrize("guarded", ["novita"], indirect=True)
def test_an_upstream_that_stalls_holds_an_account_for_ten_seconds_at_most(guarded):
    faults = slow(guarded.provider)
    guarded.assert_fail({case: (script, "timeout") for case, script in faults.items()})


def test_an_upstream_that_stalls_gets_less_where_little_time_is_left(guarded):
    faults = slow(guarded.provider)
    guarded.assert_fail({case: (script, "timeout") for case, script in faults.items()}, seconds_left=4)


@pytest.mark.parametrize("guarded", ["deepseek"], indirect=True)
def test_a_hundred_accounts_that_stall_hold_a_run_for_25_seconds_at_most(guarded):
    guarded.assert_fail({f"{n}": (silent, "timeout") for n in range(100)})


def test_many_accounts_that_stall_leave_time_for_the_one_behind_them(guarded):
    guarded.watch(*(f"{n}" for n in range(40)))
    *stalling, behind = guarded.keys
    guarded.upstream.script = silent
    guarded.upstream.scripts[guarded.keys[behind]] = answer(200, good(guarded.provider))
    guarded.mislead(guarded.upstream.url)
    errors = guarded.of_each(guarded.tick(seconds_left=4), "error")
    assert errors == {**dict.fromkeys(stalling, "timeout"), behind: None}


def test_an_upstream_that_was_given_up_holds_no_thread(guarded):
    faults = slow(guarded.provider)
    guarded.watch(*faults)
    guarded.upstream.scripts = {guarded.keys[case]: script for case, script in faults.items()}
    guarded.mislead(guarded.upstream.url)
    guarded.tick(seconds_left=2)
    for thread in asking():
        thread.join(ACCOUNT_SECONDS)
    assert asking() == []
    assert {key for _, key in guarded.upstream.asked} == set(guarded.keys.values())
    guarded.assert_clean()
