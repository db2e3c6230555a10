"""Moonshot (Kimi): https://platform.moonshot.ai/docs/api/balance."""

from guard.model import NO_MONEY, Balance, CheckError, Contact, Reading
from providers.provider import BadBodyError, Provider, Region, member, money


def parse(body: object, _watch: str | None, currency: str) -> Reading:
    """What is available, or what is owed: a debt shows in the cash alone."""
    if member(body, "code") != "0":
        raise BadBodyError("code is not 0")
    data = member(body, "data")
    available, cash = money(data, "available_balance"), money(data, "cash_balance")
    owed = available <= NO_MONEY and cash < NO_MONEY
    components = {"cash": cash, "voucher": money(data, "voucher_balance")}
    return Reading((Balance(currency, cash if owed else available, components),))


PROVIDER = Provider(
    regions={
        "ai": Region("https://api.moonshot.ai", "USD", "https://platform.moonshot.ai/console/pay"),
        "cn": Region("https://api.moonshot.cn", "CNY", "https://platform.moonshot.cn/console/pay"),
    },
    path="/v1/users/me/balance",
    parse=parse,
    contact=Contact(
        title="Moonshot",
        top_up="https://platform.moonshot.ai/console/pay",
        advice={
            CheckError.AUTH: (
                'A key belongs to one site: say which in the entry, "region": "ai" or "cn". A '
                "key of a subscription can't be used here"
            ),
        },
        when_empty="calls to Moonshot fail",
    ),
)
