"""Publishing to the alerts topic."""

import json
import threading
from typing import TYPE_CHECKING

from aws import clients
from guard.messages import Message, render
from guard.model import Alert
from providers import PROVIDERS
from providers.provider import UNKNOWN

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class Topic:
    """The alerts topic; its client is built when there is something to say, which is seldom."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._lock = threading.Lock()
        self._client: SNSClient | None = None

    def publish(self, alert: Alert) -> None:
        """Publish one alert, once. Raises `ClientError` or `BotoCoreError`."""
        self.send(render(alert, PROVIDERS.get(alert.account.provider, UNKNOWN)))

    def send(self, message: Message) -> None:
        """Publish a message to every kind of subscriber. Raises as `publish` does."""
        with self._lock:
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
