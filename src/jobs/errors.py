"""What goes wrong with the guard's own parts, in words that say what to do and show nothing."""

import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from aws.clients import error_code
from guard.alert import Kind
from guard.model import Account
from messages.message import Message
from messages.several import SEVERAL

MOST_NAMED = 10  # accounts with the same error
SUBJECT = "\0"  # stands for them in a text


class GuardError(Exception):
    """A part of the guard itself failed; all else was done. Says which part, and what to do."""


@contextmanager
def told(words: Callable[[ClientError | BotoCoreError], str]) -> Iterator[None]:
    """Raise what AWS refuses in the block as a `GuardError` in those words."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise GuardError(words(error)) from None


def together(errors: Iterable[tuple[str, str]]) -> str:
    """The errors of a run in one text: each once, with the accounts that met it.

    A table that can't be reached is an error of every account. `errors` are the account, or nothing,
    and the text about it.
    """
    who: dict[str, list[str]] = {}
    for account, text in errors:
        who.setdefault(text.replace(account, SUBJECT) if account else text, []).append(account)
    return " ".join(text.replace(SUBJECT, _listed(accounts)) for text, accounts in who.items())


def _listed(accounts: Sequence[str]) -> str:
    rest = len(accounts) - MOST_NAMED
    names = accounts if rest <= 0 else [*accounts[:MOST_NAMED], f"{rest} more accounts"]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def of_part(failed: str, part: str, error: ClientError | BotoCoreError) -> str:
    """What failed (a sentence without its end), and which part of the guard to look at."""
    return f"{failed} ({error_code(error)}): check {part} and the function's permissions for it."


def of_table(subject: Account | str, error: ClientError | BotoCoreError) -> str:
    """The state of an account, or of the digest, could not be read or stored."""
    return of_part(f"The state of {subject} could not be read or stored", "the table", error)


def of_topic(subject: str, error: ClientError | BotoCoreError) -> str:
    """A message could not be published."""
    return of_part(f"{subject} was not published", "the alerts topic", error)


def of_nobody(subject: str) -> str:
    """A message is due, and nobody would get it."""
    return (
        f"{subject} reaches nobody and stays due: no confirmed subscription of the alerts topic lets "
        "it through. Confirm the mail that AWS sent, or subscribe (AlertEmail)."
    )


def named(message: Message) -> str:
    """A message, as the beginning of a sentence about it."""
    if message.kind == Kind.DIGEST:
        return "The digest"
    if message.condition == SEVERAL:
        return f"One message for several {message.kind}s"
    return f"An alert about {message.provider}/{message.account}"


def of_code(subject: Account, error: Exception) -> str:
    """Where a bug was met; what the error itself says could hold more than it should."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"{subject} could not be worked off: {type(error).__name__} "
        f"at {Path(where.filename).name}:{where.lineno}; please report it."
    )
