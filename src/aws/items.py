"""The items of the state table: what they hold, and how they are read.

An item is `account` (the key), `version`, `writer`, `checked` (when), `state` (the memory, as text)
and `pending`: the outbox, a map from message id to the message, the end of its lease in seconds of
Unix time, and whether it was tried. Where there are shards, `shard` is the secret that the account's
entry is in. The digest has an item too, whose memory holds nothing but the
time of the last one.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from aws.stored import Pending, Stored
from guard.figures import timestamp
from guard.memory import Memory
from guard.record import UnreadableError, loads
from messages.message import Message

# A lease beyond is a damaged one; what is noted as published was so within this time before its end.
LONGEST_LEASE = timedelta(hours=1)

type Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The items that were read, by key; and what kept others from being read, if anything did.

    `published` are the ids of claims that are published, whether or not the items still have them.
    """

    items: Mapping[str, Item]
    error: ClientError | BotoCoreError | None = None
    unread: frozenset[str] = frozenset()
    published: frozenset[str] = frozenset()

    def item(self, key: str) -> Item | None:
        """The item of a key, if there is one; raises what kept it from being read."""
        if self.error and key in self.unread:
            raise self.error.with_traceback(None)  # else it would grow with each account
        return self.items.get(key)


def checked(item: Item | None, now: datetime) -> str:
    """When an account was last checked, as text that sorts; empty if it never was by now."""
    text = str((item or {}).get("checked", {}).get("S", ""))
    return text if text <= timestamp(now) else ""


def has_claims(item: Item | None) -> bool:
    """Whether something that was due may still have to be published."""
    return bool((item or {}).get("pending", {}).get("M"))


def shard_of(item: Item | None) -> str | None:
    """The secret that noted itself in an item, if one did."""
    noted: str | None = (item or {}).get("shard", {}).get("S")
    return noted


def leases_of(item: Item) -> list[datetime]:
    """When the leases of an item's claims end; without those that never were."""
    ends = []
    for claim in item["pending"]["M"].values():
        with suppress(KeyError, TypeError, ValueError, OverflowError, OSError):
            seconds = float(claim["M"]["lease"]["N"])
            if seconds > LONGEST_LEASE.total_seconds():
                ends.append(datetime.fromtimestamp(seconds, UTC))
    return ends


def noted_on(now: datetime, shard: str | None) -> str:
    """The key of what is noted as published on a day; no account's.

    Each shard has its own: the notes of ten thousand accounts would be larger than an item may be.
    """
    day = f"published#{now.astimezone(UTC):%Y-%m-%d}"
    return f"{day}#{shard}" if shard else day


def notes_about(items: Iterable[Item]) -> list[str]:
    """The keys under which it may be noted that claims of these items are published."""
    return sorted(
        {
            noted_on(at, shard)  # also from before there were shards, or since there are none
            for item in items
            for shard in (shard_of(item), None)
            for until in leases_of(item)
            for at in (until, until - LONGEST_LEASE)
        }
    )


def parse(item: Item | None) -> Stored:
    """What an item says; one that makes no sense is `damaged`, with what could still be read of it."""
    if item is None:
        return Stored()
    pending, whole = _read_pending(item.get("pending", {}).get("M"))
    try:
        memory = loads(item["state"]["S"])
    except (KeyError, UnreadableError):
        memory, whole = Memory(), False
    if not whole:
        # A claim may be gone, so nothing counts as said: what still stands is said anew.
        memory = replace(memory, episodes={})
    version = item.get("version", {})
    number = version.get("N", "")
    return Stored(
        memory=replace(memory, shard=shard_of(item)),
        pending=pending,
        version=int(number) if number.isdecimal() else 0,
        unchanged=_unchanged(version),
        writer=item.get("writer", {}).get("S", ""),
        damaged=None if whole and number.isdecimal() else item,
    )


def _unchanged(version: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition that an item's version is still this, of whatever type it is."""
    if not version:
        return {"ConditionExpression": "attribute_not_exists(version)"}
    return {
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":read": version},
    }


def pending_item(pending: Pending) -> dict[str, Any]:
    """A claim as it stands in the table."""
    texts = {name: {"S": text} for name, text in asdict(pending.message).items() if text is not None}
    lease = {"N": str(int(pending.lease_until))}
    return {"M": {"message": {"M": texts}, "lease": lease, "tried": {"BOOL": pending.tried}}}


def _read_pending(items: Mapping[str, Any] | None) -> tuple[dict[str, Pending], bool]:
    """The claims that can be read, and whether that is all of them."""
    if items is None:
        return {}, False
    pending = {}
    for id, item in items.items():
        try:
            lease = float(item["M"]["lease"]["N"])
            texts = {name: str(text["S"]) for name, text in item["M"]["message"]["M"].items()}
            message = Message(**{"condition": None, "currency": None, **texts})  # type: ignore[arg-type]
            if message.id == id:
                pending[id] = Pending(message, lease, item["M"]["tried"]["BOOL"] is True)
        except (KeyError, TypeError, ValueError):
            continue
    return pending, len(pending) == len(items)
