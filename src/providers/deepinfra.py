"""DeepInfra: https://deepinfra.com/docs/advanced/billing."""

from guard.model import EXACT, NO_MONEY, Balance, CheckError, Contact, Reading
from providers.provider import (
    NOT_PREPAID,
    NOT_PREPAID_ADVICE,
    BadBodyError,
    Provider,
    Refusal,
    member,
    money,
    single,
)


def parse(body: object, _watch: str | None, currency: str) -> Reading:
    """What is left. Its own figures are what is owed: paid in advance is below zero."""
    suspended = member(body, "suspended")
    if not isinstance(suspended, bool):
        raise BadBodyError("suspended is no boolean")
    owed = EXACT.add(money(body, "stripe_balance"), money(body, "recent"))
    return Reading((Balance(currency, EXACT.subtract(NO_MONEY, owed)),), available=not suspended)


def refusal(_status: int, body: object) -> Refusal | None:
    """Who has paid nothing in advance pays afterwards; but calls that are refused are to be told."""
    try:
        postpaid = money(body, "stripe_balance") >= NO_MONEY and member(body, "suspended") is False
    except BadBodyError:
        return None
    return NOT_PREPAID if postpaid else None


PROVIDER = Provider(
    regions=single("https://api.deepinfra.com", "USD"),
    path="/payment/checklist?compute_owed=true",
    parse=parse,
    refusal=refusal,
    contact=Contact(
        title="DeepInfra",
        top_up="https://deepinfra.com/dash/billing",
        status_page="https://status.deepinfra.com",
        advice={
            CheckError.CONFIG: NOT_PREPAID_ADVICE,
            CheckError.AUTH: "Check the key at https://deepinfra.com/dash/api_keys",
        },
        when_empty="calls to DeepInfra fail",
    ),
)
