"""Any API that answers a GET with JSON: the entry says where the balance is (https://jmespath.org)."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature
from jmespath.parser import ParsedResult

from guard.model import EXACT, NO_MONEY, Balance, CheckError, Contact, Reading
from providers import own
from providers.provider import (
    ONE,
    BadBodyError,
    EntryError,
    Own,
    Provider,
    Region,
    bearer,
    counted,
    currency_code,
    plain,
)
from providers.strict_json import Number

LONGEST = 200  # characters; an expression is shown in a mail
# A long word of letters and digits may be a key in the wrong place, and is not shown.
_LIKE_A_KEY = re.compile(
    r"(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{16,}|sk[-_][A-Za-z0-9_-]{6,}"
)


def make(members: Mapping[str, str]) -> Provider:
    """The provider that an entry describes; raises `EntryError`."""
    url = own.url("url", members["url"])
    code = currency_code(members["currency"])
    if not code:
        raise EntryError("its currency should be three letters, such as USD")
    return replace(
        PROVIDER,
        regions={"": Region(url.origin, code)},
        path=url.path,
        parse=_parser(members["balance"], own.unit(members.get("unit", "1"))),
        headers=_headers(members["header"]) if "header" in members else bearer,
        own=None,
    )


def _compiled(text: str) -> ParsedResult:
    if len(text) > LONGEST or not text.isprintable():
        raise EntryError(f"its balance should be a JMESPath expression of up to {LONGEST} characters")
    try:
        expression = jmespath.compile(text)
        for node in _nodes(expression.parsed):
            if node["type"] == "literal":
                node["value"] = _exact(node["value"])
            if node["type"] == "function_expression" and node["value"] not in _Functions.FUNCTION_TABLE:
                raise EntryError("its balance has a function that JMESPath doesn't know")
    except (JMESPathError, RecursionError):
        raise EntryError(
            "its balance is not a JMESPath expression, such as data.left (https://jmespath.org)"
        ) from None
    return expression


def _nodes(node: Any) -> Iterator[Any]:
    """A node of a parsed expression, and those below it."""
    yield node
    for child in node["children"]:
        yield from _nodes(child)


def _headers(text: str) -> Callable[[str], Mapping[str, str]]:
    name, value = own.header(text)
    return lambda key: {name: value.replace("{key}", key)}


def _parser(text: str, unit: Decimal) -> Callable[[object, str | None, str], Reading]:
    """Reads what an expression finds. One that chooses from a list has to find exactly one."""
    expression = _compiled(text)
    chooses = expression.parsed["type"].endswith("projection")
    named = "its expression" if _LIKE_A_KEY.search(text) else text

    def parse(body: object, _watch: str | None, currency: str) -> Reading:
        found = _found(expression, body, named)
        if chooses and isinstance(found, list) and len(found) == 1:
            found = found[0]
        if found is None or found == []:
            raise BadBodyError(f"{named} finds nothing in it")
        if isinstance(found, list | dict):
            raise BadBodyError(f"{named} finds something else in it than one figure")
        figure = f"what {named} finds"
        if isinstance(found, Decimal | int) and not isinstance(found, bool):
            return Reading((Balance(currency, counted(Decimal(found), figure, unit)),))
        return Reading((Balance(currency, plain(found, figure, unit)),))

    return parse


def _found(expression: ParsedResult, body: object, named: str) -> object:
    try:
        with localcontext(EXACT):
            return expression.search(_exact(body), jmespath.Options(custom_functions=_Functions()))
    except Exception:  # noqa: BLE001 - whatever an expression does with an odd answer, it is data
        problem = BadBodyError(f"{named} can't be used on it")
    raise problem  # out here, so that no context leads back to the answer


def _exact(value: object) -> object:
    """The same with each number that may be money as a `Decimal`, with which JMESPath can reckon."""
    if isinstance(value, dict):
        return {name: _exact(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_exact(one) for one in value]
    if isinstance(value, float):  # of a literal in the expression
        return Decimal(repr(value))
    if isinstance(value, Number):
        try:
            return plain(value, "a number")
        except BadBodyError:
            return value
    return value


class _Functions(Functions):
    """JMESPath's own functions. They know a type by its name, and `Decimal` is none of them."""

    @signature({"types": ["array-number"]})
    def _func_sum(self, values: list[Decimal]) -> Decimal | None:
        return sum(values, NO_MONEY) if values else None  # an answer without figures is not a zero

    @signature({"types": []})
    def _func_to_number(self, value: object) -> Decimal | None:
        # What is no figure ends the search: as null, a sum would leave it out.
        return value if value is None or isinstance(value, Decimal) else plain(value, "a text")

    @signature({"types": []})
    def _func_type(self, value: object) -> str:
        return "number" if isinstance(value, Decimal) else str(super()._func_type(value))  # type: ignore[misc]

    # The library has no public door for another type of number; a test holds these.

    def _convert_to_jmespath_type(self, name: str) -> str:
        return "number" if name == "Decimal" else str(super()._convert_to_jmespath_type(name))  # type: ignore[misc]

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        whole, inner = super()._get_allowed_pytypes(types)  # type: ignore[misc]
        return (
            [*whole, *("Decimal" for name in whole if name == "float")],
            [(*names, "Decimal") if "float" in names else names for names in inner],
        )


PROVIDER = Provider(
    regions={},
    path="",
    parse=_parser("balance", ONE),
    contact=Contact(
        title="Custom API",
        advice={
            CheckError.AUTH: "Check the key and the header of the entry: make ask tries them",
            CheckError.BAD_RESPONSE: (
                "See what the API answers: make ask tries the entry's url and its expression"
            ),
        },
        when_empty="calls to this API may fail",
    ),
    own=Own(("url", "balance", "currency"), ("unit", "header"), make),
)
