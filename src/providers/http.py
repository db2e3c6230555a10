"""The one bounded GET, and the ways in which it can end.

The call runs in a thread that may be given up; its sockets are shut when the time is over, and the
caller never waits longer.
"""

import logging
import threading
from concurrent.futures import Future
from http import HTTPStatus

import requests
from urllib3.exceptions import NewConnectionError
from urllib3.exceptions import TimeoutError as UpstreamTimeoutError

from guard.model import CheckError, Failure, Reading
from providers.provider import BadBodyError, Provider
from providers.strict_json import NotStrictJsonError, loads
from providers.transport import Lifeline, TooLargeError, get

_BY_STATUS: dict[int, CheckError] = {
    HTTPStatus.UNAUTHORIZED: CheckError.AUTH,
    HTTPStatus.PAYMENT_REQUIRED: CheckError.BILLING,
    HTTPStatus.FORBIDDEN: CheckError.PERMISSION,
    HTTPStatus.TOO_MANY_REQUESTS: CheckError.RATE_LIMITED,
}
_REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_WHITE = b" \t\r\n\xef\xbb\xbf"  # with a byte order mark
_BY_HUNDREDS = {3: CheckError.REDIRECTED, 5: CheckError.SERVER_ERROR}


def check(
    provider: Provider,
    origin: str | None,
    key: str,
    watch: str | None,
    seconds: float,
    region: str | None = None,
) -> Reading | Failure:
    """Ask a provider for the balances of one key, within `seconds`, retries included.

    `origin` takes the place of the region's own. `key` must be printable ASCII. Never raises for what
    comes back, or doesn't, from the wire.
    """
    headers = {
        **provider.headers(key),
        "Accept": "application/json",
        "User-Agent": "budget-guard",
    }
    url = (origin or provider.region(region).origin) + provider.path
    if seconds <= 0:
        return _timeout(provider)
    # urllib3 warns of answers that are no HTTP, and quotes them: they could hold anything.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)
    answer: Future[Reading | Failure] = Future()
    lifeline = Lifeline()

    def ask() -> None:
        try:
            status, body, content_type = get(url, headers, seconds, lifeline)
            answer.set_result(read(provider, status, body, watch, content_type, region))
        except Exception as error:  # noqa: BLE001 - whatever the wire did, it is data
            answer.set_result(_failure_of(provider, error))

    threading.Thread(target=ask, daemon=True, name=f"ask {provider.contact.title}").start()
    try:
        return answer.result(timeout=seconds)
    except TimeoutError:
        return _timeout(provider)
    finally:
        lifeline.cut()


def read(
    provider: Provider,
    status: int,
    body: bytes,
    watch: str | None,
    content_type: str = "",
    region: str | None = None,
) -> Reading | Failure:
    """What an answer means: balances, or the class of its error and a sentence about it."""
    value, is_json = None, True
    try:
        value = loads(body)
    except NotStrictJsonError:
        is_json = False
    said = f"{provider.contact.title} answered {_named(status)}"
    refusal = provider.refusal(status, value)
    if refusal:
        return Failure(refusal.error, f"{said}: {refusal.words}.")
    if status == HTTPStatus.OK:
        try:
            return provider.parse(value, watch, provider.region(region).currency)
        except BadBodyError as problem:
            why = str(problem) if is_json else "it isn't JSON"
            return Failure(
                CheckError.BAD_RESPONSE,
                f"{said}, but its answer isn't what it promises: {why}.",
            )
    if status in _REFUSED and not is_json and _is_page(body, content_type):
        return Failure(
            CheckError.BAD_RESPONSE, f"{said} with a web page: a firewall answered, not the API."
        )
    error = _BY_STATUS.get(status) or _BY_HUNDREDS.get(status // 100, CheckError.BAD_RESPONSE)
    return Failure(error, f"{said}.")


def _is_page(body: bytes, content_type: str) -> bool:
    return content_type.lower().startswith("text/html") or body.lstrip(_WHITE).startswith(b"<")


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _timeout(provider: Provider) -> Failure:
    return Failure(CheckError.TIMEOUT, f"{provider.contact.title} gave no whole answer in time.")


def _failure_of(provider: Provider, error: Exception) -> Failure:
    title = provider.contact.title
    if _is_timeout(error):
        return _timeout(provider)
    if isinstance(error, TooLargeError | requests.exceptions.ContentDecodingError):
        return Failure(
            CheckError.BAD_RESPONSE,
            f"{title} answered with a body that is too long or can't be decoded.",
        )
    if isinstance(error, requests.exceptions.SSLError):
        detail = f"The certificate of {title} was refused, or TLS failed."
    elif isinstance(error, requests.exceptions.ConnectionError):
        detail = f"No connection to {title}, or it was lost before the answer was whole."
    else:
        detail = f"The connection to {title} gave no HTTP answer."
    return Failure(CheckError.UNREACHABLE, detail)


def _is_timeout(error: Exception) -> bool:
    # After retries, and while a body is read, requests wraps urllib3's timeout as a lost connection.
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, NewConnectionError):  # refused, or a name that is unknown
        return False
    return isinstance(error, requests.Timeout) or isinstance(reason, UpstreamTimeoutError)
