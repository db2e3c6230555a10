"""Novita AI: https://novita.ai/docs/api-reference/basic-get-user-balance."""

from decimal import Decimal

from guard.model import Balance, CheckError, Contact, Reading
from providers.provider import Provider, Refusal, bearer, money, single

UNIT = Decimal("0.0001")  # of the currency; "10000" is one dollar

PATH = "/openapi/v1/billing/balance/detail"
REASONS = {
    "FAILED_TO_AUTH": Refusal(CheckError.AUTH, "the key was refused"),
    "INVALID_API_KEY": Refusal(CheckError.AUTH, "the key is invalid"),
    "MISSING_API_KEY": Refusal(CheckError.AUTH, "it saw no key"),
    "ACCESS_DENY": Refusal(CheckError.PERMISSION, "the key may not read the balance"),
    "NEED_REAL_NAME_VERIFY": Refusal(CheckError.PERMISSION, "the account is not verified"),
    "NOT_ENOUGH_BALANCE": Refusal(CheckError.BILLING, "the balance is not enough"),
    "RATE_LIMIT_EXCEEDED": Refusal(CheckError.RATE_LIMITED, "too many requests"),
}


def parse(body: object, watch: str | None, currency: str) -> Reading:
    """One balance: what is available with the credit line, or the cash alone."""
    available = _amount(body, "availableBalance")
    cash = _amount(body, "cashBalance")
    balance = Balance(
        currency=currency,
        amount=cash if watch == "cash" else available,
        components={
            "cash": cash,
            "credit_limit": _amount(body, "creditLimit"),
            "outstanding_invoices": _amount(body, "outstandingInvoices"),
        },
        cash=cash,
        spendable=available,
    )
    return Reading((balance,))


def _amount(body: object, name: str) -> Decimal:
    return money(body, name, UNIT)


def headers(key: str) -> dict[str, str]:
    """The content type is documented as required, even on this GET."""
    return {**bearer(key), "Content-Type": "application/json"}


def refusal(_status: int, body: object) -> Refusal | None:
    """The class of an error envelope by its reason, which says more than the status does."""
    reason = body.get("reason") if isinstance(body, dict) else None
    if not isinstance(reason, str):
        return None
    if reason.startswith("BILLING_"):
        return Refusal(CheckError.BILLING, "billing failed, or the balance is not enough")
    return REASONS.get(reason)


_KEYS = "https://novita.ai/settings/key-management"

PROVIDER = Provider(
    regions=single("https://api.novita.ai", "USD"),
    path=PATH,
    parse=parse,
    headers=headers,
    refusal=refusal,
    watch=("available", "cash"),
    contact=Contact(
        title="Novita AI",
        top_up="https://novita.ai/billing",
        advice={
            CheckError.AUTH: (
                'The key needs the team permission "Balance": the key of a Developer or Basic member '
                f"runs inference, but is refused here. Check it at {_KEYS}"
            ),
            CheckError.PERMISSION: (
                'Let an owner give the key\'s member the team permission "Balance", or verify the '
                f"account, at {_KEYS}"
            ),
        },
        when_empty="calls to Novita AI fail",
    ),
)
