"""What the guard has to know of a provider, and the money in its answers."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from guard.model import EXACT, NO_MONEY, CheckError, Contact, Reading
from providers.strict_json import Number

LIMIT = Decimal(10) ** 15  # of any currency
ONE = Decimal(1)
# Some wallets print sixteen decimals; thirty are more than any float or token price has.
_IN_A_STRING = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,30})?")
# An exponent of -30 leaves 15 of 45 digits before the point; one of 15 is all that `LIMIT` allows.
_EXPONENT = r"[eE](-(30|[0-2]?[0-9])|\+?(1[0-5]|0?[0-9]))"
_CURRENCY = re.compile(r"[A-Za-z]{3}")
_AS_A_NUMBER = re.compile(rf"-?[0-9]{{1,45}}(\.[0-9]{{1,30}})?({_EXPONENT})?")


class BadBodyError(Exception):
    """An answer that isn't what the provider promises. Its text holds nothing of the answer."""


class EntryError(Exception):
    """An entry of the secret that can't be used. Its text shows nothing of the entry."""


class Refusal(NamedTuple):
    """The class that an answer gives itself, and what it means in the guard's own words."""

    error: CheckError
    words: str


@dataclass(frozen=True, slots=True)
class Own:
    """The members of an entry that say which API its account has, and the provider they `make`.

    `make(members)` has all that are `needed`, and raises `EntryError`.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...]
    make: "Callable[[Mapping[str, str]], Provider]"


NOT_PREPAID = Refusal(CheckError.CONFIG, "the account is not prepaid, so it has no balance to watch")
NOT_PREPAID_ADVICE = (
    "If the account pays afterwards, take it out of the secret: it has no balance to watch"
)


def _no_refusal(_status: int, _body: object) -> Refusal | None:
    return None


def listed(names: Iterable[str]) -> str:
    """Names as a sentence lists them."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def bearer(key: str) -> dict[str, str]:
    """The headers that show a key, as nearly all providers want them."""
    return {"Authorization": f"Bearer {key}"}


@dataclass(frozen=True, slots=True)
class Region:
    """A site of a provider: where to ask, what it counts in, and where to top up there.

    `currency` is needed where the answer names none; without `top_up` the contact's page holds.
    """

    origin: str
    currency: str = ""
    top_up: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider: where to ask, how to read the answer, and what to tell a person (`contact`).

    `regions` are its sites by name, the default first; one that has a single site has it under "".
    `parse(body, watch, currency)` makes a `Reading` of parsed JSON or raises `BadBodyError`;
    `refusal(status, body)` is what the body itself says of an error, where it does. `headers(key)`
    shows the key. `watch` lists the figures that may be *the* balance, the default first, where there
    are several. `key_looks` is a pattern of its keys, for what must not get into a repository. `own`
    makes the provider of each entry, where an entry has an API of its own.
    """

    regions: Mapping[str, Region]
    path: str
    parse: Callable[[object, str | None, str], Reading]
    contact: Contact
    headers: Callable[[str], Mapping[str, str]] = bearer
    refusal: Callable[[int, object], Refusal | None] = _no_refusal
    watch: tuple[str, ...] = ()
    key_looks: str = r"sk[-_][A-Za-z0-9_-]{32,}"
    own: Own | None = None

    def of_entry(self, members: Mapping[str, str]) -> "Provider | None":
        """The provider that an entry itself describes, if it does; raises `EntryError`."""
        if self.own is None:
            return None
        for name in self.own.needed:
            if not members.get(name, "").strip():
                raise EntryError(f"it has no {name}; it needs {listed(self.own.needed)}")
        return self.own.make({name: text.strip() for name, text in members.items()})

    def own_members(self) -> tuple[str, ...]:
        """What an entry may say of an API of its own."""
        return (*self.own.needed, *self.own.optional) if self.own else ()

    def members(self) -> tuple[str, ...]:
        """What an entry may have beside its key and its rules."""
        several = {"region": self.region_names(), "watch": self.watch}
        return (*self.own_members(), *(name for name, names in several.items() if names))

    def region(self, name: str | None) -> Region:
        """The site of that name, or the default one; an empty one before an entry says which."""
        first = next(iter(self.regions.values()), Region(""))
        return self.regions.get(name or "", first)

    def region_names(self) -> tuple[str, ...]:
        """The names of the sites, the default first; none where there is a single one."""
        return tuple(name for name in self.regions if name)

    def contact_in(self, name: str | None) -> Contact:
        """What to tell a person whose account is on that site."""
        top_up = self.region(name).top_up
        return replace(self.contact, top_up=top_up) if top_up else self.contact


def single(origin: str, currency: str = "") -> dict[str, Region]:
    """The regions of a provider that has one site."""
    return {"": Region(origin, currency)}


def member(body: object, name: str) -> object:
    """A member that must be there; raises `BadBodyError`."""
    if not isinstance(body, dict):
        raise BadBodyError("an object was promised")
    if name not in body:
        raise BadBodyError(f"{name} is missing")
    return body[name]


def currency(body: object) -> str:
    """The member `currency`, three letters in any case, in capitals; raises `BadBodyError`."""
    code = currency_code(member(body, "currency"))
    if not code:
        raise BadBodyError("a currency is not three letters")
    return code


def currency_code(value: object) -> str:
    """Three letters in capitals; empty if the value is something else."""
    return value.upper() if isinstance(value, str) and _CURRENCY.fullmatch(value) else ""


def money(body: object, name: str, unit: Decimal = ONE) -> Decimal:
    """A decimal below `LIMIT`, given as a string or as a JSON number; raises `BadBodyError`.

    A string has plain digits only: `Decimal` would also take `NaN`, `1_000`, full-width digits, and
    exponents that take half a minute to write out. A number may have a small exponent.
    """
    return plain(member(body, name), name, unit)


def plain(value: object, name: str, unit: Decimal = ONE) -> Decimal:
    """A value as `money` wants it, in units of `unit`; raises `BadBodyError`, which calls it `name`."""
    form = _AS_A_NUMBER if isinstance(value, Number) else _IN_A_STRING
    if not isinstance(value, str) or not form.fullmatch(value):
        raise BadBodyError(f"{name} is no plain decimal")
    return counted(Decimal(value), name, unit)


def counted(figure: Decimal, name: str, unit: Decimal) -> Decimal:
    """What a figure is in its currency; raises `BadBodyError`."""
    # Adding nothing makes 0.00 of -0.00, and 12 of 1.2E+1.
    amount = EXACT.add(EXACT.multiply(figure, unit), NO_MONEY)
    if not all(-LIMIT < one < LIMIT for one in (figure, amount)):
        raise BadBodyError(f"{name} is no plain decimal")
    return amount
