"""Vercel AI Gateway: https://vercel.com/docs/ai-gateway/usage."""

from guard.model import Balance, CheckError, Contact, Reading
from providers.provider import Provider, money, single


def parse(body: object, _watch: str | None, currency: str) -> Reading:
    """The credits that are left."""
    return Reading((Balance(currency, money(body, "balance")),))


_KEYS = "The key should be one of the AI Gateway's own; a token of the Vercel account is refused"

PROVIDER = Provider(
    regions=single("https://ai-gateway.vercel.sh", "USD"),
    path="/v1/credits",
    key_looks=r"vck_[A-Za-z0-9]{32,}",
    parse=parse,
    contact=Contact(
        title="Vercel AI Gateway",
        top_up="https://vercel.com/d?to=/%5Bteam%5D/~/ai",
        status_page="https://www.vercel-status.com",
        advice={CheckError.AUTH: _KEYS, CheckError.PERMISSION: _KEYS},
        when_empty="calls through the gateway fail",
    ),
)
