"""The state table: one item per account, and no write that another run's write could undo.

An item is `account` (the key), `version`, `writer`, `checked` (when), `state` (the memory, as text)
and `pending`: a map from alert id to the alert and the end of its lease, in seconds of Unix time.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from guard.figures import timestamp
from guard.memory import Memory, UnreadableError, dumps, dumps_alert, loads, loads_alert
from guard.model import Account, Alert

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
LARGEST_BATCH = 100  # items
MOST_CALLS = 3  # for each batch, while DynamoDB doesn't get to all of it

type Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The items that were read, by key; and what kept others from being read, if anything did."""

    items: Mapping[str, Item]
    trouble: ClientError | BotoCoreError | None = None
    unread: frozenset[str] = frozenset()

    def item(self, key: str) -> Item | None:
        """The item of a key, if there is one; raises what kept it from being read."""
        if self.trouble and key in self.unread:
            raise self.trouble.with_traceback(None)  # else it would grow with each account
        return self.items.get(key)


@dataclass(frozen=True, slots=True)
class Pending:
    """An alert that is claimed, and not yet known to be published."""

    alert: Alert
    lease_until: float


@dataclass(frozen=True, slots=True)
class Stored:
    """An account's item as it was read. `damaged` holds it whole where it made no sense.

    `unchanged` is the condition under which it still stands in the table as it was read.
    """

    memory: Memory = field(default_factory=Memory)
    pending: Mapping[str, Pending] = field(default_factory=dict)
    version: int = 0
    unchanged: Mapping[str, Any] = field(
        default_factory=lambda: {"ConditionExpression": "attribute_not_exists(account)"}
    )
    writer: str = ""
    damaged: Mapping[str, Any] | None = None


class TableTooSlowError(BotoCoreError):
    """The table took so long that the accounts whose state isn't read yet go without."""

    fmt = "The table takes too long."


def fetch(client: "DynamoDBClient", table: str, keys: Sequence[str], seconds: float) -> Fetched:
    """Read the items of many keys, consistently, by a hundred in a call; never raises for AWS.

    The first call that fails is the last, and none begins after so many seconds: a table that gives
    no answer would hold each one up.
    """
    items: dict[str, Item] = {}
    waiting, end = list(keys), time.monotonic() + seconds
    calls = 2 + MOST_CALLS * ceil(len(keys) / LARGEST_BATCH)
    while waiting:
        batch, waiting = waiting[:LARGEST_BATCH], waiting[LARGEST_BATCH:]
        calls -= 1
        try:
            if calls < 0 or time.monotonic() > end:
                raise TableTooSlowError
            found, unprocessed = _fetch_batch(client, table, batch)
        except (ClientError, BotoCoreError) as error:
            return Fetched(items, error, frozenset([*batch, *waiting]))
        items |= found
        waiting += unprocessed  # what was too much for one answer
    return Fetched(items)


def _fetch_batch(
    client: "DynamoDBClient", table: str, keys: Sequence[str]
) -> tuple[dict[str, Item], list[str]]:
    """The items that are there, and the keys that DynamoDB didn't get to."""
    asked = [{"account": {"S": key}} for key in keys]
    answer = client.batch_get_item(RequestItems={table: {"Keys": asked, "ConsistentRead": True}})
    found = (item for items in answer.get("Responses", {}).values() for item in items)
    rest = (key for one in answer.get("UnprocessedKeys", {}).values() for key in one["Keys"])
    return {item["account"]["S"]: item for item in found}, [key["account"]["S"] for key in rest]


def checked(item: Item | None, now: datetime) -> str:
    """When an account was last checked, as text that sorts; empty if it never was by now."""
    text = str((item or {}).get("checked", {}).get("S", ""))
    return text if text <= timestamp(now) else ""


def has_claims(item: Item | None) -> bool:
    """Whether something that was due may still have to be said."""
    return bool((item or {}).get("pending", {}).get("M"))


def load(client: "DynamoDBClient", table: str, account: Account) -> Stored:
    """Read an account's item, consistently. Raises `ClientError` or `BotoCoreError`."""
    key = {"account": {"S": str(account)}}
    return parse(client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item"))


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
        memory=memory,
        pending=pending,
        version=int(number) if number.isdecimal() else 0,
        unchanged=_unchanged(version),
        writer=item.get("writer", {}).get("S", ""),
        damaged=None if whole and number.isdecimal() else item,
    )


def load_all(client: "DynamoDBClient", table: str) -> dict[Account, Memory]:
    """What is remembered of every account; an item that makes no sense is left out.

    Raises `ClientError` or `BotoCoreError`.
    """
    pages = client.get_paginator("scan").paginate(
        TableName=table,
        ConsistentRead=True,
        ProjectionExpression="account, #state",
        ExpressionAttributeNames={"#state": "state"},
    )
    memories = {}
    for item in (item for page in pages for item in page["Items"]):
        provider, _, label = item["account"]["S"].partition("/")
        if label and "#" not in label:  # else it is no account's, or one that was kept aside
            with suppress(KeyError, UnreadableError):
                memories[Account(provider, label)] = loads(item["state"]["S"])
    return memories


def keep_aside(client: "DynamoDBClient", table: str, account: Account, stored: Stored) -> str:
    """Copy a damaged item to a key of its own, which is returned; the same item has the same key."""
    item = dict(stored.damaged or {})
    mark = hashlib.sha256(repr(sorted(item.items())).encode()).hexdigest()[:12]
    key = f"{account}#damaged-{mark}"
    client.put_item(TableName=table, Item={**item, "account": {"S": key}})
    return key


def save(
    client: "DynamoDBClient",
    table: str,
    account: Account,
    before: Stored,
    memory: Memory,
    pending: Iterable[Pending],
) -> bool:
    """Store memory and claims in one write, if the item is still as it was read in `before`.

    False means that another run was faster. Raises `ClientError` or `BotoCoreError`.
    """
    writer = secrets.token_hex(8)
    item: dict[str, Any] = {
        "account": {"S": str(account)},
        "version": {"N": str(before.version + 1)},
        "writer": {"S": writer},
        "checked": {"S": timestamp(memory.observed_at) if memory.observed_at else ""},
        "state": {"S": dumps(memory)},
        "pending": {"M": {p.alert.id: _pending_item(p) for p in pending}},
    }
    try:
        client.put_item(TableName=table, Item=item, **before.unchanged)
    except client.exceptions.ConditionalCheckFailedException:
        # botocore repeats a write whose answer was lost; then it is our own that stands there.
        return load(client, table, account).writer == writer
    return True


def acknowledge(client: "DynamoDBClient", table: str, account: Account, alert: Alert) -> None:
    """Forget a claim whose alert is published. Raises `ClientError` or `BotoCoreError`."""
    _update_claims(client, table, account, "REMOVE pending.{}", [alert])


def release(client: "DynamoDBClient", table: str, account: Account, unsaid: Sequence[Alert]) -> None:
    """Free claims for the next run to take up at once. Raises as `acknowledge` does."""
    _update_claims(client, table, account, "SET pending.{}.lease = :free", unsaid)


def _update_claims(
    client: "DynamoDBClient", table: str, account: Account, clause: str, alerts: Sequence[Alert]
) -> None:
    names = {f"#a{number}": alert.id for number, alert in enumerate(alerts)}
    verb, _, path = clause.partition(" ")
    values = {":one": {"N": "1"}} | ({":free": {"N": "0"}} if ":free" in path else {})
    # Where a claim is gone, its lease had lapsed and another run worked it off: nothing to do.
    with suppress(client.exceptions.ConditionalCheckFailedException):
        client.update_item(
            TableName=table,
            Key={"account": {"S": str(account)}},
            UpdateExpression=f"{verb} {', '.join(map(path.format, names))} ADD version :one",
            ConditionExpression=" AND ".join(f"attribute_exists(pending.{name})" for name in names),
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )


def _unchanged(version: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition that an item's version is still this, of whatever type it is."""
    if not version:
        return {"ConditionExpression": "attribute_not_exists(version)"}
    return {
        "ConditionExpression": "version = :read",
        "ExpressionAttributeValues": {":read": version},
    }


def _pending_item(pending: Pending) -> dict[str, Any]:
    lease = {"N": str(int(pending.lease_until))}
    return {"M": {"alert": {"S": dumps_alert(pending.alert)}, "lease": lease}}


def _read_pending(items: Mapping[str, Any] | None) -> tuple[dict[str, Pending], bool]:
    """The claims that can be read, and whether that is all of them."""
    if items is None:
        return {}, False
    pending = {}
    for id, item in items.items():
        try:
            lease = float(item["M"]["lease"]["N"])
            alert = loads_alert(item["M"]["alert"]["S"])
            if alert.id == id:
                pending[id] = Pending(alert, lease)
        except (KeyError, TypeError, ValueError, UnreadableError):
            continue
    return pending, len(pending) == len(items)
