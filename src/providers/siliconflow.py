"""SiliconFlow: https://docs.siliconflow.com/en/api-reference/userinfo/get-user-info."""

from guard.model import Balance, CheckError, Contact, Reading
from providers.provider import BadBodyError, Provider, member, money, single

FINE = "20000"


def parse(body: object, _watch: str | None, currency: str) -> Reading:
    """The total. Vouchers are in no field, so it can be negative while the console shows money."""
    if member(body, "code") != FINE:
        raise BadBodyError(f"code is not {FINE}")
    return Reading((Balance(currency, money(member(body, "data"), "totalBalance")),))


PROVIDER = Provider(
    regions=single("https://api.siliconflow.com", "USD"),
    path="/v1/user/info",
    parse=parse,
    contact=Contact(
        title="SiliconFlow",
        top_up="https://cloud.siliconflow.com/bills",
        advice={
            CheckError.AUTH: (
                "Check the key at https://cloud.siliconflow.com/account/ak; a key of the .cn site "
                "can't be used here"
            ),
        },
        when_empty="calls to SiliconFlow fail",
    ),
)
