"""The topics: publishing to one, and who listens to it."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aws import clients
from messages.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


@dataclass(frozen=True, slots=True)
class Subscribers:
    """How many subscriptions of a topic are confirmed, and how many wait for it."""

    confirmed: int
    waiting: int


class Topic:
    """The alerts topic; its client is built when there is something to publish, which is seldom.

    Not for two threads at a time: messages are published one by one.
    """

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client: SNSClient | None = None

    def publish(self, message: Message) -> None:
        """Publish a message, once, to every subscriber. Raises `ClientError` or `BotoCoreError`."""
        self._client = self._client or clients.sns()
        self._client.publish(
            TopicArn=self._arn,
            Subject=message.subject,
            Message=json.dumps(message.texts),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        )


def subscribers(client: "SNSClient", topic: str) -> Subscribers:
    """Count a topic's subscriptions. Raises `ClientError` or `BotoCoreError`.

    One that isn't confirmed has the words "PendingConfirmation" in the place of its ARN:
    https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html
    """
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    arns = [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]]
    confirmed = sum(arn.startswith("arn:") for arn in arns)
    waiting = sum(arn == "PendingConfirmation" for arn in arns)
    return Subscribers(confirmed, waiting)
