"""JSON as RFC 8259 means it, for bodies and secrets that nobody vouches for."""

import json
from collections.abc import Callable
from typing import Never


class NotStrictJsonError(ValueError):
    """The text isn't JSON, or is JSON that two readers could understand differently."""


class Number(str):
    """A JSON number, kept as it was written: no float, and no work done on its size."""

    __slots__ = ()


type Pairs = list[tuple[str, object]]


def unique(pairs: Pairs) -> dict[str, object]:
    """An object whose members are each named once; raises `NotStrictJsonError`."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJsonError("an object names a member twice")
    return members


def loads(data: bytes | str, objects: Callable[[Pairs], object] = unique) -> object:
    """Parse UTF-8 JSON strictly; numbers come back as `Number`, objects as `objects` makes them.

    A byte order mark before it, which some editors write, is left out.
    Raises `NotStrictJsonError` for anything but one JSON value: NaN and Infinity, nesting too deep
    to parse, other encodings. Neither its message nor its context holds anything of the text:
    `json.JSONDecodeError` carries the whole document with it.
    """
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        return json.loads(
            text.removeprefix("\ufeff"),
            object_pairs_hook=objects,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        problem = NotStrictJsonError("not strict JSON")
    raise problem  # out here, so that no context leads back to the text


def _no_constant(_name: str) -> Never:
    raise NotStrictJsonError("not a JSON number")
