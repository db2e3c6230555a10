"""What the table knows of runs, and of no account: since when they measure totals only.

One item, `#run`: `totals_since`, while accounts are too many to measure each.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from guard.figures import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY = "#run"


def measures_totals(item: Mapping[str, Any] | None) -> bool:
    """Whether it is noted that only totals are measured."""
    return "totals_since" in (item or {})


def note_totals(client: "DynamoDBClient", table: str, now: datetime) -> bool:
    """Note that only totals are measured from now on; false if another run has.

    Raises `ClientError` or `BotoCoreError`, as the others do.
    """
    try:
        client.update_item(
            TableName=table,
            Key={"account": {"S": KEY}},
            UpdateExpression="SET totals_since = :now",
            ConditionExpression="attribute_not_exists(totals_since)",
            ExpressionAttributeValues={":now": {"S": timestamp(now)}},
        )
    except client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def forget_totals(client: "DynamoDBClient", table: str) -> None:
    """Note that each account is measured again."""
    client.update_item(
        TableName=table,
        Key={"account": {"S": KEY}},
        UpdateExpression="REMOVE totals_since",
    )


def totals_since(client: "DynamoDBClient", table: str) -> datetime | None:
    """Since when CloudWatch has been given only totals; `None` while it has figures of each account."""
    answer = client.get_item(TableName=table, Key={"account": {"S": KEY}}, ConsistentRead=True)
    with suppress(ValueError):
        return datetime.fromisoformat(answer.get("Item", {}).get("totals_since", {}).get("S", ""))
    return None
