"""Gateways that answer as New API does: https://docs.newapi.pro/en/api/get-token-usage."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from http import HTTPStatus

from guard.model import Balance, CheckError, Contact, Reading
from providers import own
from providers.provider import (
    BadBodyError,
    Own,
    Provider,
    Refusal,
    Region,
    member,
    money,
)

UNIT = "0.000002"  # USD: a gateway counts 500,000 for a dollar, unless its owner changes that
UNLIMITED = Decimal(100_000_000)  # what some show for a key without a limit
NO_LIMIT = Refusal(CheckError.CONFIG, "the key has no limit, so it has no balance to watch")
REFUSED = Refusal(CheckError.AUTH, "the gateway does not know the key")


def make(members: Mapping[str, str]) -> Provider:
    """The gateway that an entry names; raises `EntryError`."""
    origin = own.origin("origin", members["origin"])
    parse = _parser(own.unit(members.get("unit", UNIT)))
    return replace(PROVIDER, regions={"": Region(origin, "USD", origin)}, parse=parse, own=None)


def _parser(unit: Decimal) -> Callable[[object, str | None, str], Reading]:
    def parse(body: object, _watch: str | None, currency: str) -> Reading:
        """What is left of the key's limit."""
        if member(body, "code") is not True:
            raise BadBodyError("code is not true")
        data = member(body, "data")
        if isinstance(data, dict) and not isinstance(data.get("unlimited_quota", False), bool):
            raise BadBodyError("unlimited_quota is not a boolean")
        left = money(data, "total_available", unit)
        return Reading((Balance(currency, left),))

    return parse


def refusal(status: int, body: object) -> Refusal | None:
    """A key that isn't known gets a 200 as well. A key without a limit has no balance."""
    if not isinstance(body, dict):
        return None
    if status == HTTPStatus.OK and body.get("success") is False:
        return REFUSED
    data = body.get("data")
    if not isinstance(data, dict):
        return None
    says_so = data.get("unlimited_quota")
    shows_it = says_so is None and data.get("total_available") == str(UNLIMITED)
    return NO_LIMIT if says_so is True or shows_it else None


PROVIDER = Provider(
    regions={},
    path="/api/usage/token/",
    parse=_parser(Decimal(UNIT)),
    refusal=refusal,
    contact=Contact(
        title="New API gateway",
        advice={
            CheckError.CONFIG: "If the key has no limit, give it one at the gateway",
            CheckError.AUTH: "Check the key at the gateway, and the origin in the entry",
        },
        when_empty="calls with this key fail",
    ),
    own=Own(("origin",), ("unit",), make),
)
