"""A guard on moto, with both providers on loopback, run tick by tick."""

import pytest
from moto import mock_aws

from local.sandbox import serving
from tests.world import World


@pytest.fixture
def sandbox():
    with serving() as running:
        yield running


def aws_environment(monkeypatch):
    """An environment that leads to no real AWS account."""
    for name in ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_ENDPOINT_URL", "STACK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world(sandbox, monkeypatch):
    aws_environment(monkeypatch)
    with mock_aws():
        yield World(sandbox, monkeypatch)
