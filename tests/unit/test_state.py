"""How the state of many accounts is read, where DynamoDB gives only a part of it."""

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aws import state

KEYS = [f"deepseek/{n:03}" for n in range(150)]


@pytest.fixture
def dynamodb():
    client = boto3.client("dynamodb", region_name="eu-central-1")
    with Stubber(client) as stubber:
        client.stubber = stubber
        yield client
        stubber.assert_no_pending_responses()


def item(key):
    return {"account": {"S": key}, "checked": {"S": "2026-06-10T00:00:00Z"}}


def keys(names):
    return [{"account": {"S": name}} for name in names]


def answers(dynamodb, asked, found, unprocessed=()):
    """Let a batch of keys find some items, and not get to some others."""
    dynamodb.stubber.add_response(
        "batch_get_item",
        {
            "Responses": {"state": [item(key) for key in found]},
            "UnprocessedKeys": {"state": {"Keys": keys(unprocessed)}} if unprocessed else {},
        },
        {"RequestItems": {"state": {"Keys": keys(asked), "ConsistentRead": True}}},
    )


def test_keys_that_an_answer_had_no_room_for_are_read_one_by_one(dynamodb):
    answers(dynamodb, KEYS[:4], KEYS[:2], KEYS[2:4])
    for key, answer in ((KEYS[2], {"Item": item(KEYS[2])}), (KEYS[3], {})):
        asked = {"TableName": "state", "Key": {"account": {"S": key}}, "ConsistentRead": True}
        dynamodb.stubber.add_response("get_item", answer, asked)
    fetched = state.fetch(dynamodb, "state", KEYS[:4])
    assert list(fetched.items) == KEYS[:3]
    assert fetched.item(KEYS[3]) is None


def test_after_a_call_that_fails_no_other_is_made_and_what_was_read_counts(dynamodb):
    answers(dynamodb, KEYS[:100], KEYS[:1])
    dynamodb.stubber.add_client_error("batch_get_item", "InternalServerError")
    fetched = state.fetch(dynamodb, "state", KEYS)
    assert fetched.item(KEYS[0]) == item(KEYS[0])
    assert fetched.item(KEYS[99]) is None  # it was asked for, and isn't there
    with pytest.raises(ClientError, match="InternalServerError"):
        fetched.item(KEYS[100])


@pytest.mark.parametrize("damage", [None, {}, {"checked": {"N": "7"}}, {"checked": {"NULL": True}}])
def test_an_item_that_does_not_say_when_it_was_checked_comes_first(damage):
    assert state.checked(damage) == "" < state.checked(item(KEYS[0]))
