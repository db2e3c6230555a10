"""How the state of many accounts is read, where DynamoDB gives only a part of it."""

from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aws import items, table
from aws.table import StateTable
from tests.world import START

NOTES = ["published#2026-06-09", "published#2026-06-10"]
LEASED = START + timedelta(minutes=2)  # until then, so the note is of that day or of the one before
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
            "Responses": {"state": [item(key) if isinstance(key, str) else key for key in found]},
            "UnprocessedKeys": {"state": {"Keys": keys(unprocessed)}} if unprocessed else {},
        },
        {"RequestItems": {"state": {"Keys": keys(asked), "ConsistentRead": True}}},
    )


def test_keys_that_dynamodb_did_not_get_to_are_asked_for_with_those_to_come(dynamodb):
    answers(dynamodb, KEYS[:100], KEYS[:98], KEYS[98:100])
    answers(dynamodb, [*KEYS[100:], *KEYS[98:100]], [*KEYS[101:], KEYS[98]])
    fetched = StateTable(dynamodb, "state").fetch(KEYS, 60)
    assert fetched.error is None
    assert {key for key in KEYS if fetched.item(key)} == set(KEYS) - {KEYS[99], KEYS[100]}


def test_a_table_that_never_gets_to_some_keys_is_not_asked_for_ever(dynamodb):
    for _ in range(2 + table.MOST_CALLS):
        answers(dynamodb, KEYS[:2], [], KEYS[:2])
    fetched = StateTable(dynamodb, "state").fetch(KEYS[:2], 60)
    assert fetched.unread == frozenset(KEYS[:2])
    with pytest.raises(table.TableTooSlowError):
        fetched.item(KEYS[0])


def test_a_table_that_takes_too_long_is_asked_for_no_more(dynamodb):
    fetched = StateTable(dynamodb, "state").fetch(KEYS, -1)
    assert fetched.unread == frozenset(KEYS)
    assert isinstance(fetched.error, table.TableTooSlowError)


def test_after_a_call_that_fails_no_other_is_made_and_what_was_read_counts(dynamodb):
    answers(dynamodb, KEYS[:100], KEYS[:1])
    dynamodb.stubber.add_client_error("batch_get_item", "InternalServerError")
    fetched = StateTable(dynamodb, "state").fetch(KEYS, 60)
    assert fetched.item(KEYS[0]) == item(KEYS[0])
    assert fetched.item(KEYS[99]) is None  # it was asked for, and isn't there
    with pytest.raises(ClientError, match="InternalServerError"):
        fetched.item(KEYS[100])


def test_what_was_read_counts_where_the_rest_of_an_answer_can_not_be_read(dynamodb):
    answers(dynamodb, KEYS[:4], KEYS[:2], KEYS[2:4])
    dynamodb.stubber.add_client_error("batch_get_item", "InternalServerError")
    fetched = StateTable(dynamodb, "state").fetch(KEYS[:4], 60)
    assert set(fetched.items) == set(KEYS[:2])
    assert fetched.unread == frozenset(KEYS[2:4])


def claiming(key):
    lease = {"N": f"{LEASED.timestamp():.0f}"}
    return {**item(key), "pending": {"M": {"id": {"M": {"lease": lease}}}}}


def test_what_is_noted_as_published_is_read_where_something_is_claimed(dynamodb):
    answers(dynamodb, KEYS[:2], [claiming(KEYS[0]), KEYS[1]])
    note = {**item(NOTES[0]), "ids": {"SS": ["one", "other"]}}
    answers(dynamodb, NOTES, [note])
    fetched = StateTable(dynamodb, "state").fetch(KEYS[:2], 60)
    assert fetched.published == {"one", "other"}
    assert fetched.item(KEYS[0]) == claiming(KEYS[0])


def test_without_the_notes_of_what_is_published_nothing_that_is_claimed_counts_as_read(dynamodb):
    answers(dynamodb, KEYS[:2], [claiming(KEYS[0]), KEYS[1]])
    dynamodb.stubber.add_client_error("batch_get_item", "InternalServerError")
    fetched = StateTable(dynamodb, "state").fetch(KEYS[:2], 60)
    assert fetched.item(KEYS[1]) == item(KEYS[1])
    with pytest.raises(ClientError, match="InternalServerError"):
        fetched.item(KEYS[0])


DAMAGED = [
    None,
    {},
    {"checked": {"N": "7"}},
    {"checked": {"S": "zzz"}},
    {"checked": {"S": "2099-01-01"}},
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_an_item_that_does_not_say_when_it_was_checked_comes_first(damage):
    assert items.checked(damage, START) == "" < items.checked(item(KEYS[0]), START)
