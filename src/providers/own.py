"""What an entry says of an API of its own: where it is, in which unit it counts, how it shows a key.

Nothing here looks a name up: `docs/providers.md` says what that leaves open.
"""

import re
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import unquote

from providers.provider import EntryError

# The characters of RFC 3986, so that nobody on the way writes the URL differently.
_PLACE = r"[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2}"
_URL = re.compile(
    rf"https://([^/?#@\s]+)(/(?:{_PLACE})*)?(\?(?:{_PLACE}|\?)*)?", re.ASCII | re.IGNORECASE
)
_CLIMBS = re.compile(r"(^|[/\\])\.\.?($|[/\\;])")
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
# The last label of a name begins with a letter; that of an address, however it is written, does not.
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?!\d)({_LABEL})(?::([1-9]\d{{0,4}}))?", re.ASCII | re.IGNORECASE)
_LAST_PORT = 65_535
# Names that lead to no public host, or to somebody's own: https://www.rfc-editor.org/rfc/rfc6761,
# rfc6762 (with appendix G), rfc7686, rfc8375 and rfc9476; and what private networks often use.
_PRIVATE = (
    *("localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan"),
    *("alt", "arpa", "invalid", "onion", "test"),
    *("consul", "docker", "domain", "intra", "localnet", "svc"),
)
_UNIT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,30})?")  # as money is written
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):[ \t]*([\x20-\x7e]*\{key\}[\x20-\x7e]*)")
# They say how the answer comes over the wire, which is the guard's own affair.
_OF_THE_WIRE = (
    *("accept", "accept-encoding", "connection", "content-length", "expect", "host"),
    *("transfer-encoding", "upgrade", "user-agent"),
)


class Url(NamedTuple):
    """Where to ask: an origin (`https://host[:port]`), and the path with the query."""

    origin: str
    path: str


def url(name: str, text: str) -> Url:
    """Parse the URL of an entry's own API; raises `EntryError`."""
    found = _URL.fullmatch(text)
    if not found:
        raise EntryError(
            f"its {name} should be like https://api.example.com/v1/me: https, a host name, no "
            "credentials, no fragment, and what is no plain character written with %"
        )
    path = found[2] or "/"
    if _CLIMBS.search(_decoded(path)):
        raise EntryError(f"its {name} has '.' or '..' in its path; write out where that leads")
    return Url(f"https://{_host(name, found[1])}", path + (found[3] or ""))


def origin(name: str, text: str) -> str:
    """Parse the origin of an entry's own API; raises `EntryError`."""
    found = url(name, text)
    if found.path != "/":
        raise EntryError(f"its {name} should be https://host[:port], without a path")
    return found.origin


def unit(text: str) -> Decimal:
    """Parse a factor; raises `EntryError`."""
    if not _UNIT.fullmatch(text) or not Decimal(text):
        raise EntryError("its unit should be a plain decimal above zero, such as 0.01")
    return Decimal(text)


def header(text: str) -> tuple[str, str]:
    """Parse the name of a header, and its value around `{key}`; raises `EntryError`."""
    found = _HEADER.fullmatch(text)
    if not found or found[1].lower() in _OF_THE_WIRE or text.count("{key}") > 1:
        raise EntryError('its header should be a name, ":" and {key} once, such as X-Api-Key: {key}')
    return found[1], found[2].strip()


def _host(name: str, text: str) -> str:
    found = _HOST.fullmatch(text)
    if not found or found[1].lower() in _PRIVATE or int(found[2] or 1) > _LAST_PORT:
        raise EntryError(
            f"its {name} should have a public host name: no address, and no name of a private network"
        )
    return text.lower()


def _decoded(path: str) -> str:
    while (decoded := unquote(path)) != path:  # what is encoded twice climbs behind a proxy
        path = decoded
    return path
