"""The alerts topic: publishing to it, and whether anybody listens."""

import json
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from aws import clients
from aws.clients import error_code
from aws.subscriptions import Listener, listeners
from messages.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

logger = Logger(service="budget-guard")


class Topic:
    """The alerts topic; its client is built when there is something to publish, which is seldom."""

    def __init__(self, arn: str) -> None:
        self._arn, self._lock = arn, Lock()
        self._client: SNSClient | None = None
        self._listeners: Sequence[Listener] | BotoCoreError | None = None

    def publish(self, message: Message) -> None:
        """Publish a message, once, to every subscriber. Raises `ClientError` or `BotoCoreError`.

        Not for two threads at a time: messages are published one by one.
        """
        self._sns().publish(
            TopicArn=self._arn,
            Subject=message.subject,
            Message=json.dumps(message.texts),
            MessageStructure="json",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        )

    def hears(self, message: Message) -> bool:
        """Whether a confirmed subscription lets a message through; asked once a run. Thread-safe.

        Raises `BotoCoreError` if SNS does not answer. Where it refuses to tell, the answer is yes:
        better to publish to nobody than not to publish to somebody.
        """
        with self._lock:
            if self._listeners is None:
                self._listeners = self._look()
        if isinstance(self._listeners, BotoCoreError):
            raise self._listeners.with_traceback(None)
        return any(one.hears(message) for one in self._listeners)

    def _look(self) -> Sequence[Listener] | BotoCoreError:
        try:
            return listeners(self._sns(), self._arn)
        except ClientError as error:
            logger.warning(
                "Whether anybody listens could not be seen.", extra={"why": error_code(error)}
            )
            return [Listener("default")]
        except BotoCoreError as error:
            return error

    def _sns(self) -> "SNSClient":
        self._client = self._client or clients.sns()
        return self._client
