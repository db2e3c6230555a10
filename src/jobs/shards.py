"""Shards: one secret a run, where there are several. An account is its name, in whatever secret."""

from datetime import datetime, timedelta

from config.accounts import SecretError
from config.settings import Settings
from guard.memory import Memory
from guard.model import CheckError, Failure

# Four checks; after that an account may have moved to another secret. Not at an hour, when an hourly
# schedule checks it again.
NOTED = timedelta(hours=1)


def secret_of(event: object, settings: Settings) -> str:
    """The secret that an event names, or the first one; raises `SecretError` for any other."""
    if not isinstance(event, dict) or "secret" not in event:
        return settings.secret
    named = event["secret"]
    if isinstance(named, str) and named in (settings.secret, *settings.shards):
        return named
    raise SecretError(
        "The event names a secret that is neither ApiKeys nor one of Shards, so nothing was read. Add "
        "its ARN to the parameter Shards, or leave it out of the event."
    )


def name_of(secret: str, settings: Settings) -> str | None:
    """What a secret is called in metrics and table, where there are shards: the end of its ARN."""
    return secret.rpartition(":")[2] if settings.shards else None


def taken(memory: Memory, shard: str | None, now: datetime) -> Failure | None:
    """Why an account is not this shard's to check: another secret has an entry of the same name."""
    owner, last = memory.shard, memory.observed_at
    if shard is None or owner in (None, shard) or last is None or now - last > NOTED:
        return None
    return Failure(
        CheckError.CONFIG,
        f"The account's entry in the secret can't be used: the secret {owner} has one of the same "
        "name, which is checked. Give one of the two another label; if the account moved, wait for an "
        "hour.",
    )
