"""Publishing to the alerts topic."""

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from aws import clients
from guard.messages import render
from guard.model import Alert
from providers import PROVIDERS
from providers.provider import UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """The alerts topic; its client is built when there is something to say, which is seldom.

    Not for two threads at a time: alerts are said one by one.
    """

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._client: SNSClient | None = None

    def publish(self, alert: Alert) -> None:
        """Publish one alert, once, to every subscriber. Raises `ClientError` or `BotoCoreError`."""
        name = alert.account.provider
        message = render(alert, PROVIDERS.get(name) or replace(UNKNOWN, title=name))
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
