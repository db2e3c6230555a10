"""The floor: a bare script with boto3 and requests that makes the calls of a quiet run.

It stands in the package beside the guard's handler, so that both import the same libraries.
"""

import json
import os
from typing import TYPE_CHECKING, Any

import boto3
import requests

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PATHS = {"deepseek": "/user/balance", "novita": "/openapi/v1/billing/balance/detail"}
SECONDS = 8.0


def lambda_handler(_event: object, _context: object) -> dict[str, Any]:
    """Read the secret; then for each account its item, its provider's answer, and its item again."""
    secrets = boto3.client("secretsmanager")
    text = secrets.get_secret_value(SecretId=os.environ["API_KEYS_SECRET"])["SecretString"]
    dynamodb = boto3.client("dynamodb")
    return {name: _checked(dynamodb, name, key) for name, key in json.loads(text).items()}


def _checked(dynamodb: "DynamoDBClient", name: str, key: str) -> Any:
    provider, _, label = name.partition("/")
    table, account = os.environ["STATE_TABLE"], {"S": f"{provider}/{label or 'default'}"}
    item = dynamodb.get_item(TableName=table, Key={"account": account}, ConsistentRead=True)["Item"]
    url = os.environ[f"{provider.upper()}_URL"] + PATHS[provider]
    answer = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=SECONDS)
    answer.raise_for_status()
    dynamodb.put_item(TableName=table, Item=item)
    return answer.json()
