"""The state table: one item per account, and no write that another run's write could undo."""

import hashlib
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from aws.items import (
    Fetched,
    Item,
    has_claims,
    noted_on,
    notes_about,
    parse,
    pending_item,
)
from aws.stored import Pending, Stored
from guard.figures import timestamp
from guard.memory import Memory
from guard.model import Account
from guard.record import UnreadableError, dumps, loads
from messages.message import Message

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
LARGEST_BATCH = 100  # items
MOST_CALLS = 3  # for each batch, while DynamoDB doesn't get to all of it


NOTES_KEPT = timedelta(days=365)  # a guard that was paused for so long may repeat what it published


class TableTooSlowError(BotoCoreError):
    """The table took so long that the accounts whose state isn't read yet go without."""

    fmt = "The table takes too long."


class StateTable:
    """The table under one name. Its methods raise `ClientError` or `BotoCoreError`; thread-safe.

    `shard` is the secret whose accounts are checked, where there are several.
    """

    def __init__(self, client: "DynamoDBClient", name: str, shard: str | None = None) -> None:
        self._client, self._name, self._shard = client, name, shard

    def fetch(self, keys: Sequence[str], seconds: float) -> Fetched:
        """Read the items of many keys, consistently, by a hundred in a call; never raises for AWS.

        Where one has claims, what was noted as published while they were leased comes with them. The
        first call that fails is the last, and none begins after so many seconds: a table without an
        answer would hold each one up.
        """
        end = time.monotonic() + seconds
        found = self._fetch(keys, seconds)
        claiming = {key: item for key, item in found.items.items() if has_claims(item)}
        days = notes_about(claiming.values())
        if not days:
            return found
        notes = self._fetch(days, end - time.monotonic())
        if notes.error:  # then what is published already can't be told from what is not
            return replace(found, error=notes.error, unread=found.unread | claiming.keys())
        ids = (id for note in notes.items.values() for id in note.get("ids", {}).get("SS", ()))
        return replace(found, published=frozenset(ids))

    def _fetch(self, keys: Sequence[str], seconds: float) -> Fetched:
        items: dict[str, Item] = {}
        waiting, end = list(keys), time.monotonic() + seconds
        calls = 2 + MOST_CALLS * ceil(len(keys) / LARGEST_BATCH)
        while waiting:
            batch, waiting = waiting[:LARGEST_BATCH], waiting[LARGEST_BATCH:]
            calls -= 1
            try:
                if calls < 0 or time.monotonic() > end:
                    raise TableTooSlowError
                found, unprocessed = self._fetch_batch(batch)
            except (ClientError, BotoCoreError) as error:
                return Fetched(items, error, frozenset([*batch, *waiting]))
            items |= found
            waiting += unprocessed  # what was too much for one answer
        return Fetched(items)

    def _fetch_batch(self, keys: Sequence[str]) -> tuple[dict[str, Item], list[str]]:
        """The items that are there, and the keys that DynamoDB didn't get to."""
        asked = [{"account": {"S": key}} for key in keys]
        answer = self._client.batch_get_item(
            RequestItems={self._name: {"Keys": asked, "ConsistentRead": True}}
        )
        found = (item for items in answer.get("Responses", {}).values() for item in items)
        rest = (key for one in answer.get("UnprocessedKeys", {}).values() for key in one["Keys"])
        return {item["account"]["S"]: item for item in found}, [key["account"]["S"] for key in rest]

    def load(self, key: str) -> Stored:
        """Read one item, consistently."""
        asked = {"account": {"S": key}}
        answer = self._client.get_item(TableName=self._name, Key=asked, ConsistentRead=True)
        return parse(answer.get("Item"))

    def memories(self) -> Iterator[tuple[Account, Memory]]:
        """What is remembered of every account, page by page; what makes no sense is left out."""
        pages = self._client.get_paginator("scan").paginate(
            TableName=self._name,
            ConsistentRead=True,
            ProjectionExpression="account, #state",
            ExpressionAttributeNames={"#state": "state"},
        )
        for item in (item for page in pages for item in page["Items"]):
            provider, _, label = item["account"]["S"].partition("/")
            if label and "#" not in label:  # else it is no account's, or one that was kept aside
                with suppress(KeyError, UnreadableError):
                    yield Account(provider, label), loads(item["state"]["S"])

    def keep_aside(self, key: str, stored: Stored) -> str:
        """Copy a damaged item to a key that depends on its content; returns that key."""
        item = dict(stored.damaged or {})
        mark = hashlib.sha256(repr(sorted(item.items())).encode()).hexdigest()[:12]
        aside = f"{key}#damaged-{mark}"
        self._client.put_item(TableName=self._name, Item={**item, "account": {"S": aside}})
        return aside

    def save(self, key: str, before: Stored, memory: Memory, pending: Iterable[Pending]) -> bool:
        """Store memory and claims in one write, if the item is still as it was read in `before`.

        False means that another run was faster.
        """
        writer = secrets.token_hex(8)
        item: dict[str, Any] = {
            "account": {"S": key},
            "version": {"N": str(before.version + 1)},
            "writer": {"S": writer},
            "checked": {"S": timestamp(memory.observed_at) if memory.observed_at else ""},
            "state": {"S": dumps(memory)},
            "pending": {"M": {one.message.id: pending_item(one) for one in pending}},
        }
        if memory.shard:
            item["shard"] = {"S": memory.shard}
        try:
            self._client.put_item(TableName=self._name, Item=item, **before.unchanged)
        except self._client.exceptions.ConditionalCheckFailedException:
            # botocore repeats a write whose answer was lost; then it is our own that stands there.
            return self.load(key).writer == writer
        return True

    def acknowledge(self, key: str, message: Message) -> None:
        """Forget a claim whose message is published."""
        self._update_claims(key, "REMOVE pending.{}", [message])

    def release(self, key: str, unpublished: Sequence[Message], *, tried: bool = False) -> None:
        """Free claims for the next run to take up at once; `tried` where SNS may have them."""
        clause = "SET pending.{0}.lease = :free"
        values: dict[str, Any] = {":free": {"N": "0"}}
        if tried:
            clause += ", pending.{0}.tried = :yes"
            values[":yes"] = {"BOOL": True}
        self._update_claims(key, clause, unpublished, values)

    def acknowledge_many(self, published: Sequence[Message], now: datetime) -> None:
        """Note in one write that claims are published; the next write of their items forgets them."""
        self._client.update_item(
            TableName=self._name,
            Key={"account": {"S": noted_on(now, self._shard)}},
            UpdateExpression="ADD ids :ids SET expires = :expires",
            ExpressionAttributeValues={
                ":ids": {"SS": [message.id for message in published]},
                ":expires": {"N": f"{(now + NOTES_KEPT).timestamp():.0f}"},
            },
        )

    def _update_claims(
        self,
        key: str,
        clause: str,
        messages: Sequence[Message],
        values: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        names = {f"#a{number}": message.id for number, message in enumerate(messages)}
        verb, _, path = clause.partition(" ")
        # Where a claim is gone, its lease had lapsed and another run worked it off: nothing to do.
        with suppress(self._client.exceptions.ConditionalCheckFailedException):
            self._client.update_item(
                TableName=self._name,
                Key={"account": {"S": key}},
                UpdateExpression=f"{verb} {', '.join(map(path.format, names))} ADD version :one",
                ConditionExpression=" AND ".join(f"attribute_exists(pending.{name})" for name in names),
                ExpressionAttributeNames=names,
                ExpressionAttributeValues={":one": {"N": "1"}, **values},
            )
