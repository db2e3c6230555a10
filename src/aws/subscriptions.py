"""Who listens to a topic: its subscriptions, and what their filters let through."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.filter_policy import matches
from messages.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class Subscribers:
    """How many subscriptions of a topic are confirmed, how many wait for it, and the phones of SMS."""

    confirmed: int
    waiting: int
    phones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """A confirmed subscription: its protocol, and its filter policy if it has one."""

    protocol: str
    policy: Mapping[str, Any] | None = None
    by_body: bool = False

    def hears(self, message: Message) -> bool:
        """Whether the filter lets a message through; one that can't be read counts as if it did."""
        if self.policy is None:
            return True
        if not self.by_body:
            return _matches(self.policy, message.attributes)
        with suppress(ValueError):
            body = json.loads(message.texts.get(self.protocol, message.texts["default"]))
            return _matches(self.policy, body)
        return False  # a filter on the body lets no plain text through


def subscribers(client: "SNSClient", topic: str) -> Subscribers:
    """Count a topic's subscriptions. Raises `ClientError` or `BotoCoreError`."""
    found = list(_subscriptions(client, topic))
    arns = [one["SubscriptionArn"] for one in found]
    phones = (one["Endpoint"] for one in found if one["Protocol"] == "sms")
    waiting = sum(arn == "PendingConfirmation" for arn in arns)
    return Subscribers(sum(map(_confirmed, arns)), waiting, tuple(phones))


def listeners(client: "SNSClient", topic: str) -> list[Listener]:
    """The confirmed subscriptions; one without a filter is enough to hear everything.

    Raises `ClientError` or `BotoCoreError`.
    """
    found = list[Listener]()
    for one in _subscriptions(client, topic):
        if not _confirmed(one["SubscriptionArn"]):
            continue
        listener = _listener(client, one["SubscriptionArn"], one["Protocol"])
        if listener and listener.policy is None:
            return [listener]
        if listener:
            found.append(listener)
    return found


def _listener(client: "SNSClient", arn: str, protocol: str) -> Listener | None:
    try:
        found = client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    except client.exceptions.NotFoundException:
        return None  # it was deleted meanwhile
    policy = found.get("FilterPolicy")
    by_body = found.get("FilterPolicyScope") == "MessageBody"
    return Listener(protocol, json.loads(policy) or None if policy else None, by_body)


def _subscriptions(client: "SNSClient", topic: str) -> Iterator[Any]:
    """A topic's subscriptions.

    One that isn't confirmed has the words "PendingConfirmation" in the place of its ARN:
    https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
    """
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return (one for page in pages for one in page["Subscriptions"])


def _confirmed(arn: str) -> bool:
    return arn.startswith("arn:")


def _matches(policy: Mapping[str, Any], found: Any) -> bool:
    try:
        return matches(policy, found)
    except (AttributeError, KeyError, TypeError, ValueError):
        return True  # nobody can say that it keeps the message back
