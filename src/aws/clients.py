"""boto3 clients with bounded patience: botocore's own defaults wait for two minutes."""

import logging
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient

CONNECTIONS = 10  # each reads the authorities anew; as many as write at once, and a little more

_PATIENCE = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=CONNECTIONS,
)
# SNS takes no idempotency token, so a repeat by botocore would be a second mail. What isn't
# answered stays pending instead, and is published again under the same id.
_ONCE = _PATIENCE.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))


def dynamodb() -> "DynamoDBClient":
    """A client for the state table; thread-safe."""
    return boto3.client("dynamodb", config=_PATIENCE)


def sns() -> "SNSClient":
    """A client that publishes once and never repeats by itself; thread-safe."""
    return boto3.client("sns", config=_ONCE)


def secretsmanager() -> "SecretsManagerClient":
    """A client for the secret, with botocore kept from logging what it reads."""
    # At DEBUG botocore logs every response body, and this one holds the keys. A level set on the
    # logger itself holds whatever level the root logger has.
    for name in ("botocore", "botocore.parsers", "botocore.endpoint"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return boto3.client("secretsmanager", config=_PATIENCE)


def error_code(error: Exception) -> str:
    """AWS's own name for what went wrong; its text could hold more than it should."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__
