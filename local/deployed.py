"""The stack that `make deploy` made: which it is, what it has, and what keeps AWS from telling."""

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
REFUSALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")


@dataclass(frozen=True, slots=True)
class Stack:
    """Which stack to look at, as `make deploy` wrote it down; `None` is left to your AWS setup."""

    name: str
    region: str | None
    profile: str | None


@dataclass(frozen=True, slots=True)
class Deployed:
    """A stack that was found: its outputs, and clients for its account and region."""

    session: boto3.Session
    outputs: Mapping[str, str]

    def client(self, name: str) -> Any:
        """A client for a service of AWS."""
        return self.session.client(name, config=PATIENCE)  # type: ignore[call-overload]


def configured(text: str | None = None) -> Stack:
    """The stack that samconfig.toml names, what was deployed before what holds for every command."""
    text = CONFIG.read_text() if text is None else text
    given: dict[str, Any] = tomllib.loads(text).get("default", {})
    parameters: dict[str, str] = {}
    for command in ("global", "deploy"):
        parameters |= given.get(command, {}).get("parameters", {})
    names = (parameters.get(name) for name in ("region", "profile"))
    return Stack(parameters.get("stack_name", "budget-guard"), *names)


@contextmanager
def reached(stack: Stack, needed: str) -> Iterator[Deployed]:
    """The stack with its outputs; in the block, what AWS refuses becomes a `LocalError`.

    `needed` says which permissions the command takes.
    """
    with _told(stack, needed):
        session = boto3.Session(profile_name=stack.profile, region_name=stack.region)
        formation = session.client("cloudformation", config=PATIENCE)
        [described] = formation.describe_stacks(StackName=stack.name)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", ())}
        if "State" not in outputs:
            raise LocalError(f"The stack {stack.name} has no output State: it is no budget-guard.")
        yield Deployed(session, outputs)


@contextmanager
def _told(stack: Stack, needed: str) -> Iterator[None]:
    """Say in one sentence what keeps AWS from answering."""
    try:
        yield
    except ProfileNotFound as error:
        raise LocalError(f"Your AWS setup has no profile {error.kwargs['profile']}.") from None
    except NoRegionError:
        raise LocalError(
            "No AWS region is named: set AWS_DEFAULT_REGION, or deploy with 'make deploy' first."
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
    if "does not exist" in error.response["Error"].get("Message", ""):
        where = f" in {stack.region}" if stack.region else " in your region"
        return f"There is no stack {stack.name}{where}: deploy it with 'make deploy'."
    code = error_code(error)
    if code in REFUSALS:
        return f"You may not {error.operation_name} ({code}): {needed} are needed."
    if code == "ResourceNotFoundException":
        part = "function" if error.operation_name == "Invoke" else "table"
        return f"The {part} of the stack {stack.name} is gone: deploy it anew with 'make deploy'."
    return f"AWS refused to {error.operation_name} ({code})."
