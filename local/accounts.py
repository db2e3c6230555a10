"""`make accounts`: every account that the deployed guard remembers, the one in most need first."""

import os
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aws.clients import error_code
from aws.table import StateTable
from guard.figures import burn
from guard.model import Severity
from guard.week import AccountWeek, Week, sum_up
from local import show
from local.tools import ROOT, LocalError
from messages import digest
from messages.format import amount, clock, counted, lasts, length

CONFIG = ROOT / "samconfig.toml"
WIDE = 160  # columns, where nobody's window says how many there are
EVER = timedelta.max
REFUSALS = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
COLUMNS = ("account", "severity", "balance", "a day", "runway", "last checked")
STYLES = {**show.STYLES, "unreadable": show.STYLES["failed"], "not checked": show.STYLES["failed"]}


@dataclass(frozen=True, slots=True)
class Stack:
    """Which stack to look at, as `make deploy` wrote it down; `None` is left to your AWS setup."""

    name: str
    region: str | None
    profile: str | None


def main(words: Sequence[str]) -> int:
    """Read the table and show it; the exit code."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=WIDE)
    return show.exit_code(console, lambda: _show(words, console))


def _show(words: Sequence[str], console: Console) -> int:
    now = datetime.now(UTC)
    found = remembered(configured(CONFIG.read_text()), now)
    shown = tuple(chosen(found, words))
    if shown:
        console.print(table(shown, now))
    console.print(summed_up(found, shown), highlight=False, soft_wrap=True)
    return 0


def configured(text: str) -> Stack:
    """The stack that samconfig.toml names, what was deployed before what holds for every command."""
    given: dict[str, Any] = tomllib.loads(text).get("default", {})
    parameters: dict[str, str] = {}
    for command in ("global", "deploy"):
        parameters |= given.get(command, {}).get("parameters", {})
    names = (parameters.get(name) for name in ("region", "profile"))
    return Stack(parameters.get("stack_name", "budget-guard"), *names)


def remembered(stack: Stack, now: datetime) -> tuple[AccountWeek, ...]:
    """Every account in the stack's table, the one in most need first; raises `LocalError`."""
    with _told(stack):
        session = boto3.Session(profile_name=stack.profile, region_name=stack.region)
        patience = Config(connect_timeout=5, read_timeout=20)
        formation = session.client("cloudformation", config=patience)
        [described] = formation.describe_stacks(StackName=stack.name)["Stacks"]
        outputs = {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", ())}
        if "State" not in outputs:
            raise LocalError(f"The stack {stack.name} has no output State: it is no budget-guard.")
        memories = StateTable(session.client("dynamodb", config=patience), outputs["State"]).load_all()
    return sum_up(memories, now, EVER)


def chosen(found: Sequence[AccountWeek], words: Sequence[str]) -> Iterator[AccountWeek]:
    """What the words leave: a severity is the least to show, any other is a part of the names.

    An account that can't be read, or is not checked, counts as a warning, as its alert does.
    """
    severities = {severity.word: severity for severity in Severity}
    least = max((severities[word] for word in words if word in severities), default=Severity.OK)
    parts = [word for word in words if word not in severities]
    for one in found:
        severity = one.severity if one.well else max(one.severity, Severity.WARNING)
        if severity >= least and all(part in str(one.account) for part in parts):
            yield one


def table(found: Sequence[AccountWeek], now: datetime) -> Table:
    """One line a balance; an account without any has one as well."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    # Windows are narrow, and most of the time every account can be read.
    failing = ("unreadable since",) * any(one.failing_since for one in found)
    for name in (*COLUMNS, *failing):
        right = name in ("balance", "a day", "runway")
        shown.add_column(name, justify="right" if right else "left", no_wrap=True)
    for one in found:
        word = digest.state(one)
        first, *more = [_figures(week) for week in one.weeks] or [("unknown", "-", "-")]
        since = [clock(one.failing_since)] if one.failing_since else []
        checked = _ago(now - one.checked_at)
        shown.add_row(str(one.account), Text(word, STYLES[word]), *first, checked, *since)
        for figures in more:
            shown.add_row("", "", *figures)
    return shown


def summed_up(found: Sequence[AccountWeek], shown: Sequence[AccountWeek]) -> str:
    """How they all stand, below a table that may be longer than a window."""
    if not found:
        return "No account is remembered yet: put an API key into the secret, and wait for a run."
    together = f"{counted(f'{len(found):,}', 'account')}: {digest.standing(found)}."
    if len(shown) < len(found):
        return f"{len(shown):,} of {together}"
    return f"{together}\nFewer of them: make accounts ONLY=warning, or ONLY=part-of-a-name."


def _figures(week: Week) -> tuple[str, str, str]:
    balance = amount(week.balance, week.currency)
    if week.forecast is None:
        return balance, "-", "-"
    runway = lasts(week.forecast.runway).removeprefix("about ")
    return balance, burn(week.forecast.burn_per_day), runway


def _ago(span: timedelta) -> str:
    return f"{length(span)} ago" if span > timedelta(0) else "just now"


@contextmanager
def _told(stack: Stack) -> Iterator[None]:
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
        raise LocalError(_refused(stack, error)) from None
    except BotoCoreError as error:
        raise LocalError(f"AWS can't be reached ({error_code(error)}).") from None


def _refused(stack: Stack, error: ClientError) -> str:
    if "does not exist" in error.response["Error"].get("Message", ""):
        where = f" in {stack.region}" if stack.region else " in your region"
        return f"There is no stack {stack.name}{where}: deploy it with 'make deploy'."
    code = error_code(error)
    if code in REFUSALS:
        return (
            f"You may not {error.operation_name} ({code}): "
            "cloudformation:DescribeStacks and dynamodb:Scan are needed."
        )
    if code == "ResourceNotFoundException":
        return f"The table of the stack {stack.name} is gone: deploy it anew with 'make deploy'."
    return f"AWS refused to {error.operation_name} ({code})."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
