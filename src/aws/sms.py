"""What SNS says about SMS in this AWS account and region.

https://docs.aws.amazon.com/sns/latest/dg/sns-mobile-phone-number-as-subscriber.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TYPE_CHECKING, Any

from aws.clients import error_code

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

# https://docs.aws.amazon.com/sns/latest/api/API_SetSMSAttributes.html
DEFAULT_LIMIT = Decimal(1)  # USD a month
DEFAULT_TYPE = "Promotional"


@dataclass(frozen=True, slots=True)
class Sms:
    """How SMS stand. `unseen` has AWS's names for what kept something from being seen.

    `limit` is the spending limit, in USD a month.
    """

    in_sandbox: bool = False
    limit: Decimal | None = None
    type: str | None = None
    opted_out: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def look(client: "SNSClient", phones: Sequence[str]) -> Sms:
    """Ask SNS about SMS to these numbers; never raises."""
    unseen = list[str]()

    def answer(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - advice must not keep a message from being sent
            unseen.append(error_code(error))
        return {}

    sandbox = answer(client.get_sms_sandbox_account_status)
    attributes = answer(client.get_sms_attributes)
    opted_out = client.check_if_phone_number_is_opted_out
    of_phones = [(phone, answer(partial(opted_out, phoneNumber=phone))) for phone in phones]
    given = attributes.get("attributes", {}) if attributes else None
    return Sms(
        in_sandbox=bool(sandbox.get("IsInSandbox")),
        limit=None if given is None else _limit(given.get("MonthlySpendLimit")),
        type=None if given is None else given.get("DefaultSMSType", DEFAULT_TYPE),
        opted_out=tuple(phone for phone, found in of_phones if found.get("isOptedOut")),
        unseen=tuple(dict.fromkeys(unseen)),
    )


def _limit(text: str | None) -> Decimal:
    try:
        return Decimal(text) if text else DEFAULT_LIMIT
    except InvalidOperation:
        return DEFAULT_LIMIT
