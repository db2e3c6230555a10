"""DeepSeek: https://api-docs.deepseek.com/api/get-user-balance."""

from guard.model import Balance, CheckError, Contact, Reading
from providers.provider import BadBodyError, Provider, currency, member, money, single


def parse(body: object, _watch: str | None, _currency: str) -> Reading:
    """Every currency row, whatever their order, which changes from call to call."""
    available = member(body, "is_available")
    rows = member(body, "balance_infos")
    if not isinstance(available, bool):
        raise BadBodyError("is_available is no boolean")
    if not isinstance(rows, list) or not rows:
        raise BadBodyError("balance_infos is no list of balances")
    balances = tuple(_balance(row) for row in rows)
    if len({balance.currency for balance in balances}) != len(balances):
        raise BadBodyError("a currency stands there twice")
    return Reading(balances, available)


def _balance(row: object) -> Balance:
    counted_in = currency(row)  # CNY and USD are documented; any other must not hide these
    granted = money(row, "granted_balance")
    return Balance(
        currency=counted_in,
        amount=money(row, "total_balance"),
        components={"granted": granted, "topped_up": money(row, "topped_up_balance")},
        expiring=granted,
    )


PROVIDER = Provider(
    regions=single("https://api.deepseek.com"),
    path="/user/balance",
    parse=parse,
    contact=Contact(
        title="DeepSeek",
        top_up="https://platform.deepseek.com/top_up",
        status_page="https://status.deepseek.com",
        advice={
            CheckError.AUTH: (
                "Check that the key still exists at https://platform.deepseek.com/api_keys"
            ),
        },
        when_empty="calls to DeepSeek fail; it already slows down accounts that run low",
    ),
)
