"""OpenRouter: https://openrouter.ai/docs/api-reference/credits/get-credits."""

from guard.model import EXACT, NO_MONEY, Balance, CheckError, Contact, Reading
from providers.provider import BadBodyError, Provider, Refusal, member, money, single

NO_RIGHT = Refusal(
    CheckError.PERMISSION, "it shows neither credits nor usage, as to a key that is no management key"
)


def parse(body: object, _watch: str | None, currency: str) -> Reading:
    """What is left of all credits that were ever bought; it may be negative."""
    data = member(body, "data")
    left = EXACT.subtract(money(data, "total_credits"), money(data, "total_usage"))
    return Reading((Balance(currency, left),))


def refusal(_status: int, body: object) -> Refusal | None:
    """A 200 with 0 and 0 was seen with ordinary keys: that is no balance of nothing."""
    try:
        data = member(body, "data")
        nothing = money(data, "total_credits") == money(data, "total_usage") == NO_MONEY
    except BadBodyError:
        return None
    return NO_RIGHT if nothing else None


_KEYS = "https://openrouter.ai/settings/management-keys"
_NEEDED = f"Only a management key may read the credits; make one at {_KEYS}"

PROVIDER = Provider(
    regions=single("https://openrouter.ai", "USD"),
    path="/api/v1/credits",
    parse=parse,
    refusal=refusal,
    contact=Contact(
        title="OpenRouter",
        top_up="https://openrouter.ai/settings/credits",
        status_page="https://status.openrouter.ai",
        advice={CheckError.AUTH: _NEEDED, CheckError.PERMISSION: _NEEDED},
        when_empty="calls to OpenRouter fail",
    ),
)
