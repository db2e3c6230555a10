"""Every status has its class; the reason in a body comes first where the provider gives one."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product

import pytest

from tests.faults.guarded import KEYS, guarded_at
from tests.faults.payloads import good
from tests.faults.upstream import PATHS, answer
from tests.world import account

JSON = "Content-Type: application/json"
PLAIN = "Authentication Fails (governor) %MARKER% %KEY%"
# As DeepSeek writes it, which shows a part of the key.
ENVELOPE = (
    '{"error":{"message":"Authentication Fails, Your api key: %KEY% is invalid %MARKER%",'
    '"type":"authentication_error","param":null,"code":"invalid_request_error"}}'
)
PAGE = "<html>%MARKER%</html>"
ERROR_BODIES = {"plain": PLAIN, "envelope": ENVELOPE, "empty": ""}

CLASSES = {
    401: "auth",
    402: "billing",
    403: "permission",
    429: "rate_limited",
    **dict.fromkeys((300, 301, 302, 303, 304, 305, 307, 308, 399), "redirected"),
    **dict.fromkeys((500, 501, 502, 503, 504, 505, 511, 520, 529, 599), "server_error"),
    **dict.fromkeys((101, 201, 202, 203, 204, 205, 206, 226, 299), "bad_response"),
    **dict.fromkeys((400, 404, 405, 406, 410, 413, 418, 422, 431, 451, 499), "bad_response"),
    **dict.fromkeys((600, 999), "bad_response"),
}

LOCATIONS = {
    "elsewhere": "{healthy}",
    "itself": "{path}",
    "no such scheme": "gopher://127.0.0.1/",
    "a file": "file:///",
    "nonsense": "%MARKER% %KEY%",
    "not ASCII": "/ü/%MARKER%",
    "empty": "",
    "long": "/" + "x" * 60_000,
}

BROKEN_LOCATIONS = {
    "no end of the host": "http://[::1",
    "no number for a port": "http://127.0.0.1:x/",
    "no such port": "http://127.0.0.1:99999/",
    "no host": "http://",
    "no address": "http://[::g]/",
}

NOW = datetime.now(UTC)
RETRY_AFTER = {
    "zero": ("0",),
    "a second": ("1",),
    "a day": ("86400",),
    "eternity": ("9" * 400,),
    "negative": ("-1",),
    "fraction": ("1.5",),
    "exponent": ("1e5",),
    "empty": ("",),
    "a word": ("soon %MARKER%",),
    "two": ("1", "86400"),
    "full width": ("\uff11",),
    "now": (format_datetime(NOW, usegmt=True),),
    "yesterday": (format_datetime(NOW - timedelta(days=1), usegmt=True),),
    "tomorrow": (format_datetime(NOW + timedelta(days=1), usegmt=True),),
    "no date": ("Thu, 99 Foo 9999 99:99:99 GMT",),
}

REASONS = [
    (401, "FAILED_TO_AUTH", "auth"),
    (403, "INVALID_API_KEY", "auth"),
    (400, "MISSING_API_KEY", "auth"),
    (403, "ACCESS_DENY", "permission"),
    (403, "NEED_REAL_NAME_VERIFY", "permission"),
    (403, "NOT_ENOUGH_BALANCE", "billing"),
    (401, "NOT_ENOUGH_BALANCE", "billing"),
    (500, "BILLING_FAILED", "billing"),
    (403, "BILLING_AUTH_FAILED", "billing"),
    (400, "BILLING_BALANCE_NOT_ENOUGH", "billing"),
    (429, "RATE_LIMIT_EXCEEDED", "rate_limited"),
    (403, "RATE_LIMIT_EXCEEDED", "rate_limited"),
    (503, "SERVICE_NOT_AVAILABLE", "server_error"),
    (403, "SOMETHING_NEW", "permission"),
    (401, "SOMETHING_NEW", "auth"),
    (418, "SOMETHING_NEW", "bad_response"),
    (200, "SOMETHING_NEW", "bad_response"),
    *((200, reason, "auth") for reason in ("FAILED_TO_AUTH", "INVALID_API_KEY", "MISSING_API_KEY")),
    *((200, reason, "permission") for reason in ("ACCESS_DENY", "NEED_REAL_NAME_VERIFY")),
    *((200, reason, "billing") for reason in ("NOT_ENOUGH_BALANCE", "BILLING_FAILED")),
    (200, "RATE_LIMIT_EXCEEDED", "rate_limited"),
]
NO_REASONS = ("5", "null", "true", "[]", "{}", '"failed_to_auth"', '""', '"BILLING"')


guarded = guarded_at("deepseek", "novita", "custom")


def novita(code, reason):
    return f'{{"code":{code},"reason":{reason},"message":"%MARKER% %KEY%","metadata":{{}}}}'


def test_a_status_has_its_class_whatever_the_body(guarded):
    bodies = {**ERROR_BODIES, "good": good(guarded.provider)}
    guarded.assert_fail(
        {
            f"{status} {name}": (answer(status, bodies[name]), CLASSES[status])
            for status, name in (
                *product((400, 401, 402, 403, 404, 503), bodies),
                *product(CLASSES, ("good",)),
            )
        }
    )


def test_a_page_is_a_firewall_where_a_key_could_have_been_refused(guarded):
    page, html = (answer("403", PAGE), answer("403", "%MARKER% %KEY%", "Content-Type: text/html"))
    guarded.assert_fail(
        {
            "403": (page, "bad_response"),
            "401": (answer(401, PAGE), "bad_response"),
            "white space": (answer(403, f"\r\n {PAGE}"), "bad_response"),
            "by its type": (html, "bad_response"),
            "a reason by its type": (answer(401, ENVELOPE, "Content-Type: text/html"), "auth"),
            **{
                str(status): (answer(status, PAGE, "Content-Type: text/html"), CLASSES[status])
                for status in (400, 402, 404, 503)
            },
        }
    )


def test_a_redirect_is_refused_wherever_it_points(guarded):
    path = PATHS[guarded.provider]
    healthy = guarded.world.sandbox.url + path
    guarded.assert_fail(
        {
            f"{status} {name}": (
                answer(status, PLAIN, f"Location: {location.format(healthy=healthy, path=path)}"),
                "redirected",
            )
            for status, (name, location) in product((301, 302, 307), LOCATIONS.items())
        }
    )
    assert sorted(guarded.upstream.asked) == sorted((path, key) for key in guarded.keys.values())


def test_a_redirect_to_what_is_no_address_is_a_redirect(guarded):
    guarded.assert_fail(
        {
            name: (answer(302, PLAIN, f"Location: {location}"), "redirected")
            for name, location in BROKEN_LOCATIONS.items()
        }
    )


@pytest.mark.parametrize("status", [429, 503])
def test_no_retry_after_keeps_a_run_waiting(guarded, status):
    guarded.assert_fail(
        {
            name: (answer(status, PLAIN, *(f"Retry-After: {one}" for one in given)), CLASSES[status])
            for name, given in {"none": (), **RETRY_AFTER}.items()
        },
        seconds_left=10,
    )
    assert max(map(guarded.upstream.asked.count, guarded.upstream.asked)) <= 3


def test_what_no_retry_heals_is_asked_once(guarded):
    guarded.assert_fail(
        {
            str(status): (answer(status, PLAIN, "Retry-After: 0"), CLASSES[status])
            for status in (400, 401, 402, 403, 404, 429)
        }
    )
    assert len(guarded.upstream.asked) == 6


def test_what_passes_in_a_moment_is_no_failure(guarded):
    def third_time(status):
        bad, well = answer(status, PLAIN), answer("200 OK", good(guarded.provider), JSON)
        scripts = iter((bad, bad, well))
        return lambda wire: next(scripts)(wire)  # noqa: PLW0108 - another one for each connection

    guarded.assert_read(
        {str(status): (third_time(status), "warning", "15.00") for status in (500, 502, 503, 504)}
    )


@pytest.mark.parametrize("guarded", ["novita"], indirect=True)
def test_the_reason_that_novita_gives_decides_before_the_status(guarded):
    faults = {f"{status} {why}": (status, f'"{why}"', error) for status, why, error in REASONS}
    faults |= {f"403 no reason {n}": (403, why, "permission") for n, why in enumerate(NO_REASONS)}
    guarded.assert_fail(
        {
            case: (answer(status, novita(status, why), JSON), error)
            for case, (status, why, error) in faults.items()
        }
    )


@pytest.mark.parametrize("guarded", ["deepseek"], indirect=True)
def test_deepseek_has_no_reasons_and_its_error_envelope_is_no_balance(guarded):
    guarded.assert_fail(
        {
            "a reason of Novita's": (answer(401, novita(401, '"NOT_ENOUGH_BALANCE"'), JSON), "auth"),
            "an envelope": (answer(200, ENVELOPE, JSON), "bad_response"),
            "a reason in a 200": (answer(200, novita(401, '"FAILED_TO_AUTH"'), JSON), "bad_response"),
        }
    )


def first_mail(guarded, script):
    """The first mail that says that an account can't be read, and the same without line breaks."""
    guarded.watch("default")
    guarded.upstream.script = script
    guarded.mislead(guarded.upstream.url)
    for _ in range(3):
        guarded.tick()
    [mail] = guarded.world.mail()
    return mail, " ".join(mail.texts["email"].split())


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "401 Unauthorized"),
        (402, "402 Payment Required"),
        (403, "403 Forbidden"),
        (429, "429 Too Many Requests"),
        (302, "302 Found"),
        (503, "503 Service Unavailable"),
        (404, "404 Not Found"),
    ],
)
def test_the_alert_says_what_happened_and_what_to_do(guarded, status, words):
    mail, text = first_mail(guarded, answer(status, PLAIN, "Retry-After: 86400"))
    assert mail.data["condition"] == "check_failing"
    assert mail.data["reasons"] == [CLASSES[status]]
    assert words in text
    assert "What to do" in text
    assert "15.00 USD (warning)" in text  # what is still known
    if guarded.provider == "deepseek":
        assert "https://status.deepseek.com" in text
    guarded.assert_clean()


@pytest.mark.parametrize("status", [401, 403])
def test_the_alert_of_a_refused_key_says_that_the_secret_is_read_anew(guarded, status):
    _, text = first_mail(guarded, answer(status, PLAIN))
    assert "read anew in every run" in text


def test_the_alert_of_a_firewall_says_that_the_key_is_probably_fine(guarded):
    mail, text = first_mail(guarded, answer(403, PAGE, "Content-Type: text/html"))
    assert mail.data["reasons"] == ["bad_response"]
    assert "answered 403 Forbidden with a web page: a firewall answered, not the API" in text
    assert "The key is probably fine." in text
    assert "read anew in every run" not in text
    guarded.assert_clean()


@pytest.mark.parametrize("guarded", ["novita"], indirect=True)
def test_the_alert_of_a_key_refused_by_novita_names_the_permission(guarded):
    _, text = first_mail(guarded, answer(401, novita(401, '"FAILED_TO_AUTH"'), JSON))
    assert '"Balance"' in text


def test_a_key_that_was_replaced_counts_from_the_next_run_on(guarded):
    guarded.watch("default")
    guarded.mislead(guarded.upstream.url)
    guarded.upstream.script = answer(401, PLAIN)
    assert account(guarded.tick(), guarded.provider)["error"] == "auth"
    guarded.upstream.scripts["sk-Nw8Jy2Bv6Xc4"] = answer(200, good(guarded.provider), JSON)
    guarded.world.keys({**KEYS, guarded.provider: guarded.entry("sk-Nw8Jy2Bv6Xc4")})
    assert account(guarded.tick(), guarded.provider)["severity"] == "warning"
