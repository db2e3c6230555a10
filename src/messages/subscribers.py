"""Whom a topic does not reach, and what to do about it."""

from collections.abc import Sequence
from decimal import Decimal

from messages.format import amount, counted

SMS_PAGE = "https://docs.aws.amazon.com/sns/latest/dg"
SHOWN_DIGITS = 3  # of a phone number: enough for its owner, and no use to others


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


def in_sandbox() -> str:
    """That only verified numbers get an SMS."""
    return (
        "This AWS account is in the SMS sandbox: only phone numbers that are verified there get an "
        f"SMS. Verify yours, or leave the sandbox: {SMS_PAGE}/sns-sms-sandbox.html"
    )


def spending_limit(limit: Decimal) -> str:
    """That SMS soon end for the month."""
    return (
        f"SMS end for the month when they have cost {amount(limit, 'USD')}, the spending limit of this "
        f"AWS account: have it raised: {SMS_PAGE}/sms_preferences.html"
    )


def opted_out(phone: str) -> str:
    """That a phone refuses SMS."""
    return (
        f"The phone number that ends in {phone[-SHOWN_DIGITS:]} has opted out of SMS: "
        f"let it in again: {SMS_PAGE}/sms_manage.html"
    )


def promotional() -> str:
    """That the alarms' SMS are of the kind that may come late."""
    return (
        "An SMS of an alarm about the guard goes out as Promotional, and may be late or left out; "
        "alerts about balances are Transactional. Make Transactional the default: "
        "aws sns set-sms-attributes --attributes DefaultSMSType=Transactional"
    )


def sms_unseen(codes: Sequence[str]) -> str:
    """That nobody knows whether SMS are kept back."""
    return f"Whether AWS keeps SMS back could not be seen ({', '.join(codes)})."
