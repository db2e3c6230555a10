"""PPIO, which answers as Novita AI does, in CNY: https://ppio.com/docs."""

from guard.model import CheckError, Contact
from providers.novita import PATH, headers, parse, refusal
from providers.provider import Provider, single

PROVIDER = Provider(
    regions=single("https://api.ppio.com", "CNY"),
    path=PATH,
    parse=parse,
    headers=headers,
    refusal=refusal,
    watch=("available", "cash"),
    contact=Contact(
        title="PPIO",
        top_up="https://ppio.com/billing",
        advice={CheckError.AUTH: "Check the key at https://ppio.com/settings/key-management"},
        when_empty="calls to PPIO fail",
    ),
)
