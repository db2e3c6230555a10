"""StepFun: https://platform.stepfun.com/docs/api-reference/accounts."""

from guard.model import Balance, CheckError, Contact, Reading
from providers.provider import (
    NOT_PREPAID,
    NOT_PREPAID_ADVICE,
    BadBodyError,
    Provider,
    Refusal,
    Region,
    member,
    money,
)


def parse(body: object, _watch: str | None, currency: str) -> Reading:
    """The balance. The totals beside it are what was ever paid, and no parts of it."""
    if member(body, "type") != "prepaid":
        raise BadBodyError("type is no text")
    return Reading((Balance(currency, money(body, "balance")),))


def refusal(_status: int, body: object) -> Refusal | None:
    """An account that pays afterwards says so by its type."""
    kind = body.get("type") if isinstance(body, dict) and "balance" in body else None
    return NOT_PREPAID if isinstance(kind, str) and kind != "prepaid" else None


PROVIDER = Provider(
    regions={
        "com": Region(
            "https://api.stepfun.com", "CNY", "https://platform.stepfun.com/account-overview"
        ),
        "ai": Region("https://api.stepfun.ai", "USD", "https://platform.stepfun.ai/account-overview"),
    },
    path="/v1/accounts",
    parse=parse,
    refusal=refusal,
    contact=Contact(
        title="StepFun",
        top_up="https://platform.stepfun.com/account-overview",
        advice={
            CheckError.CONFIG: NOT_PREPAID_ADVICE,
            CheckError.AUTH: (
                'A key belongs to one site: say which in the entry, "region": "com" or "ai"'
            ),
        },
        when_empty="calls to StepFun fail",
    ),
)
