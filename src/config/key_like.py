"""What may be an API key, or a part of one, in the place of something else."""

import re
from collections.abc import Iterable

# What may be repeated of a name that is no account's: a plain word, not what a key looks like.
WORD = re.compile(r"[a-z]{2,20}")
_SHORTEST_KEY = 8
# Not within a word: `risk-assessment-model` is a fair label.
_LIKE_A_KEY = re.compile(r"(?<![A-Za-z0-9])sk[-_][A-Za-z0-9_-]{12,}")
# Keys are often named after their label, so only a label that reads like chance is a key's part.
_LIKE_CHANCE = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9]{16,}")
_OWN = ("url", "origin", "balance", "currency", "unit", "header")


def could_be_a_key(text: str) -> bool:
    """Whether a value is to be looked for in the names of entries."""
    return len(text) >= _SHORTEST_KEY and not WORD.fullmatch(text)


def says_where(member: str, text: object) -> bool:
    """Whether a member says where a balance is, as a label may too: `custom/credits_left`."""
    if member not in _OWN or not isinstance(text, str):
        return False
    return not (_LIKE_A_KEY.search(text) or _LIKE_CHANCE.fullmatch(text))


def shows_a_key(name: str, label: str, keys: Iterable[str]) -> bool:
    """Whether the name of an entry holds one of these keys or a part of one, or looks like a key."""
    part_of_a_key = _LIKE_CHANCE.fullmatch(label) and any(label in key for key in keys)
    return bool(part_of_a_key or _LIKE_A_KEY.search(name)) or any(key in name for key in keys)
