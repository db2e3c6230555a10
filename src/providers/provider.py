"""What the guard has to know of a provider, and the money in its answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from guard.model import CheckError, Contact, Reading

_PLAIN_MONEY = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")


class BadBodyError(Exception):
    """An answer that isn't what the provider promises. Its text holds nothing of the answer."""


class Refusal(NamedTuple):
    """The class that an answer gives itself, and what it means in the guard's own words."""

    error: CheckError
    words: str


def _no_refusal(_body: object) -> Refusal | None:
    return None


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: where to ask, how to read the answer, and what to tell a person (`contact`).

    `parse(body, watch)` makes a `Reading` of parsed JSON or raises `BadBodyError`; `refusal(body)`
    is what the body itself says of an error, where it does. `budget` is the default,
    in the grammar of the settings. `watch` lists the figures that may be *the* balance, the default
    first, where there are several.
    """

    origin: str
    path: str
    budget: str
    parse: Callable[[object, str | None], Reading]
    contact: Contact
    headers: Mapping[str, str] = field(default_factory=dict)
    refusal: Callable[[object], Refusal | None] = _no_refusal
    watch: tuple[str, ...] = ()


def member(body: object, name: str) -> object:
    """A member that must be there; raises `BadBodyError`."""
    if not isinstance(body, dict):
        raise BadBodyError("an object was promised")
    if name not in body:
        raise BadBodyError(f"{name} is missing")
    return body[name]


def money(body: object, name: str) -> Decimal:
    """A plain decimal, given as a string or a number; raises `BadBodyError`.

    Only plain digits: `Decimal` would also take `NaN`, `1_000`, full-width digits, and exponents
    that take half a minute to write out.
    """
    value = member(body, name)
    if not isinstance(value, str) or not _PLAIN_MONEY.fullmatch(value):
        raise BadBodyError(f"{name} is no plain decimal")
    return Decimal(value) + 0  # adding zero makes 0.00 of -0.00
