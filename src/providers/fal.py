"""fal: https://docs.fal.ai/platform-apis/v1/account/billing."""

from guard.model import Balance, CheckError, Contact, Reading
from providers.provider import Provider, currency, member, money, single


def parse(body: object, _watch: str | None, _currency: str) -> Reading:
    """The credits, in the currency that stands beside them."""
    credits_left = member(body, "credits")
    return Reading((Balance(currency(credits_left), money(credits_left, "current_balance")),))


def headers(key: str) -> dict[str, str]:
    """It has a scheme of its own."""
    return {"Authorization": f"Key {key}"}


_NEEDED = (
    "Only a key with the scope ADMIN may read the balance; make one at https://fal.ai/dashboard/keys"
)

PROVIDER = Provider(
    regions=single("https://api.fal.ai"),
    path="/v1/account/billing?expand=credits",
    parse=parse,
    headers=headers,
    key_looks=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}:[0-9a-f]{32}",
    contact=Contact(
        title="fal",
        top_up="https://fal.ai/dashboard/billing",
        status_page="https://status.fal.ai",
        advice={CheckError.AUTH: _NEEDED, CheckError.PERMISSION: _NEEDED},
        when_empty="calls to fal fail, and already below a threshold of the account",
    ),
)
