"""An API key: how it is told from what gets pasted with it, and how it stays hidden."""

import re

from providers.provider import EntryError

_LONGEST_KEY = 512  # characters; real ones have some hundred at most
# What gets pasted with a key: from JSON or a shell, from an .env file, from a header.
_QUOTES = "\"'`"
_NAME = re.compile(r"[A-Za-z_]+=")
_BEARER = re.compile(r"Bearer\s", re.IGNORECASE)
_BEFORE_A_KEY = re.compile(rf"([{_QUOTES}\s]|{_NAME.pattern}|(?i:{_BEARER.pattern}))*")
# No real key has any of this in it, and a header could not carry all of it.
_STRAY = re.compile(r"[^\x21-\x7e]")


class ApiKey:
    """A key that is shown only to the one who asks for it by name."""

    __slots__ = ("_key",)

    def __init__(self, key: str) -> None:
        self._key = key

    def reveal(self) -> str:
        """The key itself, for the one header that needs it."""
        return self._key

    def __repr__(self) -> str:
        return "ApiKey(hidden)"

    def __reduce__(self) -> str:
        raise TypeError("an API key is not to be stored")


def read(text: str) -> ApiKey:
    """The key, if it is nothing but a key; raises `EntryError`, which says what it is instead."""
    key = text.strip()
    if not key:
        raise EntryError('it has no API key; it should be a key, or an object with "api_key"')
    if key[0] in "{[":
        raise EntryError(
            'it is neither a key nor an object; it should be a key, or {"api_key": "<API key>"}'
        )
    if _NAME.match(key):
        raise EntryError('its API key has a name and "=" before it; put in only what follows them')
    if _BEARER.match(key):
        raise EntryError('its API key has "Bearer" before it; put in only what follows it')
    if key[0] in _QUOTES or key[-1] in _QUOTES:
        raise EntryError("its API key has quotes of its own around it; take them away")
    if _STRAY.search(key):
        raise EntryError(
            "its API key has a blank, a line break or another stray character in it; copy the key again"
        )
    if len(key) > _LONGEST_KEY:
        raise EntryError(f"its API key is longer than {_LONGEST_KEY} characters; copy the key alone")
    return ApiKey(key)


def bare(text: str) -> str:
    """What is left of a text without what gets pasted with a key."""
    before = _BEFORE_A_KEY.match(text)
    return text[before.end() if before else 0 :].rstrip().rstrip(_QUOTES)
