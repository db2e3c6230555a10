"""What the table knows of digests: that one is sent once, however often its event comes.

One item, `#digest`: `said`, the time of the last digest, and `lease`, until when, in seconds of Unix
time, a run that is at one keeps others from it.
"""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from guard.figures import timestamp

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEY = {"account": {"S": "#digest"}}


class Claim(Enum):
    """What came of asking for a digest."""

    OURS = "ours"
    SAID = "said"
    TAKEN = "taken"


def claim(client: "DynamoDBClient", table: str, due: datetime, now: float, lease_until: float) -> Claim:
    """Ask to send the digest of a time: once, and not while another run is at it."""
    try:
        client.update_item(
            TableName=table,
            Key=_KEY,
            UpdateExpression="SET lease = :until",
            ConditionExpression=(
                "(attribute_not_exists(said) OR said < :due) "
                "AND (attribute_not_exists(lease) OR lease < :now)"
            ),
            ExpressionAttributeValues={
                ":due": {"S": timestamp(due)},
                ":until": {"N": str(int(lease_until))},
                ":now": {"N": str(int(now))},
            },
        )
    except client.exceptions.ConditionalCheckFailedException:
        item = client.get_item(TableName=table, Key=_KEY, ConsistentRead=True).get("Item", {})
        return Claim.SAID if item.get("said", {}).get("S", "") >= timestamp(due) else Claim.TAKEN
    return Claim.OURS


def release(client: "DynamoDBClient", table: str) -> None:
    """Let the next run have it at once: this one said nothing."""
    client.update_item(TableName=table, Key=_KEY, UpdateExpression="REMOVE lease")


def acknowledge(client: "DynamoDBClient", table: str, due: datetime) -> None:
    """Note that the digest of that time is sent."""
    client.update_item(
        TableName=table,
        Key=_KEY,
        UpdateExpression="SET said = :due REMOVE lease",
        ExpressionAttributeValues={":due": {"S": timestamp(due)}},
    )
