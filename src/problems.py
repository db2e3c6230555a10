"""What goes wrong with the guard's own parts, in words that say what to do and show nothing."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from aws.clients import error_code
from guard.model import Account, Alert

MOST_TOLD = 10  # troubles of one run


class GuardError(Exception):
    """A part of the guard itself failed; all else was done. Says which part, and what to do."""


@contextmanager
def told(words: Callable[[ClientError | BotoCoreError], str]) -> Iterator[None]:
    """Raise what AWS refuses in the block as a `GuardError` in those words."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise GuardError(words(error)) from None


def together(troubles: Sequence[str]) -> str:
    """The troubles of a run in one text; a table that can't be reached troubles every account."""
    rest = len(troubles) - MOST_TOLD
    more = [f"And so on, {rest} more."] if rest > 0 else []
    return " ".join([*troubles[:MOST_TOLD], *more])


def of_table(subject: Account | str, error: ClientError | BotoCoreError) -> str:
    """The state of an account, or of something else, could not be read or stored."""
    return (
        f"The state of {subject} could not be read or stored ({error_code(error)}): "
        "check the table and the function's permissions for it."
    )


def of_topic(alert: Alert, error: ClientError | BotoCoreError) -> str:
    """An alert could not be published."""
    return (
        f"An alert about {alert.account} was not published ({error_code(error)}) and stays "
        "pending: check the alerts topic and the function's permissions for it."
    )


def of_message(name: str, error: ClientError | BotoCoreError) -> str:
    """A test notification or a digest could not be published."""
    return (
        f"The {name} was not published ({error_code(error)}): "
        "check the alerts topic and the function's permissions for it."
    )


def of_code(subject: Account, error: Exception) -> str:
    """Where a bug was met; what the error itself says could hold more than it should."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{subject} could not be worked off: {type(error).__name__} "
        f"at {Path(where.filename).name}:{where.lineno}; please report it."
    )
