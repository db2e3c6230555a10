"""Whom a topic does not reach, and what to do about it."""

from messages.format import counted


def nobody_subscribed(topic: str, missed: str, waiting: int) -> str:
    """That what a topic says reaches nobody."""
    confirm = (
        f"confirm the {waiting} that AWS asked for by mail"
        if waiting
        else "subscribe to it (AlertEmail)"
    )
    return f"No subscription of the {topic} topic is confirmed, so {missed} reach nobody: {confirm}."


def somebody_waits(topic: str, waiting: int) -> str:
    """That a subscription was never confirmed."""
    wait = "wait" if waiting > 1 else "waits"
    return (
        f"{counted(waiting, 'subscription')} of the {topic} topic {wait} "
        "for confirmation: look for AWS's mail, or subscribe anew if it is older than two days."
    )


def subscriptions_unseen(topic: str, code: str) -> str:
    """That nobody knows whether a topic reaches anybody."""
    return f"Whether the {topic} topic reaches anybody could not be seen ({code})."
