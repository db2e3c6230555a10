"""The stack that `make deploy` made: which it is, what it has, and what keeps AWS from telling."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from aws.clients import error_code
from local.tools import ROOT, LocalError

CONFIG = ROOT / "samconfig.toml"
PATIENCE = Config(connect_timeout=5, read_timeout=150)  # the function may take two minutes
NO_STACK = "does not exist"  # its code is ValidationError, as for much else
REFUSALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Stack:
    """Which stack to look at; `None` is left to your AWS setup."""

    name: str
    region: str | None
    profile: str | None

    def session(self) -> boto3.Session:
        """A session in the stack's account and region; raises what botocore does."""
        session = boto3.Session(profile_name=self.profile, region_name=self.region)
        if session.region_name is None:
            raise NoRegionError
        return session


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that was found: what it was given, its outputs, clients for its account and region."""

    session: boto3.Session
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]

    def client(self, name: str) -> Any:
        """A client for a service of AWS."""
        return self.session.client(name, config=PATIENCE)  # type: ignore[call-overload]


def configured(text: str | None = None) -> Stack:
    """The stack that STACK names, else samconfig.toml, which may also say its region and profile."""
    text = CONFIG.read_text() if text is None else text
    given: dict[str, Any] = tomllib.loads(text).get("default", {})
    parameters: dict[str, str] = {}
    for command in ("global", "deploy"):
        parameters |= given.get(command, {}).get("parameters", {})
    names = (parameters.get(name) for name in ("region", "profile"))
    name = os.environ.get("STACK") or parameters.get("stack_name", "budget-guard")
    return Stack(name, *names)


def found(session: boto3.Session, stack: Stack) -> Mapping[str, Any] | None:
    """What CloudFormation knows of the stack; None if there is none. Raises what botocore does."""
    client = session.client("cloudformation", config=PATIENCE)
    try:
        [described] = client.describe_stacks(StackName=stack.name)["Stacks"]
    except ClientError as error:
        if NO_STACK in error.response["Error"].get("Message", ""):
            return None
        raise
    return described


def values(described: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of a stack as CloudFormation describes it."""
    given = described.get("Parameters", ())
    return {one["ParameterKey"]: one["ParameterValue"] for one in given}


@contextmanager
def reached(stack: Stack, needed: str) -> Iterator[Deployed]:
    """The stack with its outputs; in the block, what AWS refuses becomes a `LocalError`.

    `needed` says which permissions the command takes.
    """
    with told(stack, needed):
        session = stack.session()
        described = found(session, stack)
        if described is None:
            raise LocalError(
                f"There is no stack {stack.name} in {session.region_name}: name another with STACK, "
                "or deploy it with 'make deploy'."
            )
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", ())}
        if "State" not in outputs:
            raise LocalError(f"The stack {stack.name} has no output State: it is no budget-guard.")
        yield Deployed(session, values(described), outputs)


@contextmanager
def told(stack: Stack, needed: str) -> Iterator[None]:
    """In the block, what AWS refuses becomes a `LocalError` of one sentence."""
    try:
        yield
    except ProfileNotFound as error:
        raise LocalError(f"Your AWS setup has no profile {error.kwargs['profile']}.") from None
    except NoRegionError:
        raise LocalError(
            "No AWS region is named: set AWS_DEFAULT_REGION, or give your profile a region."
        ) from None
    except (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError):
        raise LocalError(
            "No AWS credentials were found: 'aws configure' writes some, or set AWS_PROFILE."
        ) from None
    except ClientError as error:
        raise LocalError(_refused(stack, needed, error)) from None
    except BotoCoreError as error:
        raise LocalError(f"AWS can't be reached ({error_code(error)}).") from None


def _refused(stack: Stack, needed: str, error: ClientError) -> str:
    code = error_code(error)
    if code in REFUSALS:
        return f"You may not {error.operation_name} ({code}): {needed} are needed."
    if code == "ResourceNotFoundException":
        part = "function" if error.operation_name == "Invoke" else "table"
        return f"The {part} of the stack {stack.name} is gone: deploy it anew with 'make deploy'."
    return f"AWS refused to {error.operation_name} ({code})."
