"""How settings are written: one grammar for the environment and for an entry of the secret."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, timedelta, tzinfo
from decimal import Decimal
from urllib.parse import urlsplit

from guard.forecast import LONGEST
from guard.history import WEEK
from guard.model import Budget, DrainRule, Rules, Spans
from providers import Provider
from providers.provider import listed

BUDGET_GRAMMAR = "warning/critical CURRENCY, with commas between currencies: 20/5 USD, 150/35 CNY"
RUNWAY_GRAMMAR = "warning/critical, units m, h or d, the first no shorter: 7d/2d; or off"
REMIND_GRAMMAR = "warning/critical, units m, h or d: 24h/6h"
DRAIN_GRAMMAR = "share/time, a share of at most 100% and units m, h or d: 25%/1h; or off"
COUNT_GRAMMAR = "a whole number from 0 to 10000: 10"
NAMESPACE_GRAMMAR = "up to 64 letters, digits and . _ # / -: BudgetGuard"
ZONE_GRAMMAR = "the IANA name of a time zone: Europe/Berlin"
SHARDS_GRAMMAR = "ARNs of secrets, with commas between them, each once and without ApiKeys' own"
URL_GRAMMAR = "scheme://host[:port], https unless the host is loopback: https://api.example.com"

RULES = ("budget", "runway", "remind_every", "fast_drain")  # which an entry may have otherwise

_MONEY = r"(\d{1,12}(?:\.\d{1,6})?)"
_SPAN = r"(\d{1,6})([mhd])"
_BUDGET = re.compile(rf"\s*{_MONEY}\s*/\s*{_MONEY}\s+([A-Z]{{3}})\s*", re.ASCII)
_SPANS = re.compile(rf"\s*{_SPAN}\s*/\s*{_SPAN}\s*", re.ASCII)
_DRAIN = re.compile(rf"\s*(\d{{1,3}}(?:\.\d{{1,3}})?)%\s*/\s*{_SPAN}\s*", re.ASCII)
_COUNT = re.compile(r"\s*(\d{1,4}|10000)\s*", re.ASCII)
_NAMESPACE = re.compile(r"[A-Za-z0-9._#/-]{1,64}")
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+")
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-fA-F:.]+")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class SettingsError(Exception):
    """A setting that can't be read: names the setting, its value and the grammar.

    `hint` says the same without the value, for settings that stand beside a key.
    """

    def __init__(self, hint: str, value: str | None = None) -> None:
        shown = "" if value is None else f" It is {value[:80]!r}."
        super().__init__(hint + shown)
        self.hint = hint


def override(rules: Rules, texts: Mapping[str, str], provider: Provider) -> Rules:
    """The rules of one account: those of its provider, but for what its entry says otherwise.

    `texts` maps `budget`, `runway`, `remind_every`, `fast_drain` or `watch` to the same grammar
    that the environment uses. Raises `SettingsError`, also for any other name.
    """
    for name, text in texts.items():
        match name:
            case "budget":
                rules = replace(rules, budgets=budgets(name, text))
            case "runway":
                rules = replace(rules, runway=runway(name, text))
            case "remind_every":
                rules = replace(rules, remind_every=remind_every(name, text))
            case "fast_drain":
                rules = replace(rules, fast_drain=fast_drain(name, text))
            case "watch" if provider.watch:
                rules = replace(rules, watch=choice(name, text, provider.watch))
            case _:
                known = listed(("api_key", *provider.members(), *RULES))
                raise SettingsError(f"it has a member that isn't known; known are {known}")
    return rules


def budgets(name: str, text: str) -> dict[str, Budget]:
    """Parse `20/5 USD, 150/35 CNY`; raises `SettingsError`."""
    found: dict[str, Budget] = {}
    for part in text.split(","):
        match = _BUDGET.fullmatch(part)
        if not match or match[3] in found or Decimal(match[1]) < Decimal(match[2]):
            raise _unreadable(name, text, BUDGET_GRAMMAR)
        found[match[3]] = Budget(Decimal(match[1]), Decimal(match[2]))
    return found


def runway(name: str, text: str) -> Spans | None:
    """Parse `7d/2d` or `off`; raises `SettingsError`."""
    if text.strip() == "off":
        return None
    spans = _spans(name, text, RUNWAY_GRAMMAR)
    if spans.warning < spans.critical:
        raise _unreadable(name, text, RUNWAY_GRAMMAR)
    return spans


def remind_every(name: str, text: str) -> Spans:
    """Parse `24h/6h`; raises `SettingsError`."""
    return _spans(name, text, REMIND_GRAMMAR)


def fast_drain(name: str, text: str) -> DrainRule | None:
    """Parse `25%/1h` or `off`; raises `SettingsError`."""
    if text.strip() == "off":
        return None
    match = _DRAIN.fullmatch(text)
    if not match or not 0 < Decimal(match[1]) <= 100:  # noqa: PLR2004 - per cent
        raise _unreadable(name, text, DRAIN_GRAMMAR)
    within = _span(name, text, DRAIN_GRAMMAR, match[2], match[3])
    if within > WEEK:
        raise _unreadable(name, text, f"{DRAIN_GRAMMAR}; within 7d at most")
    return DrainRule(Decimal(match[1]) / 100, within)


def choice(name: str, text: str, allowed: tuple[str, ...]) -> str:
    """One of a few words; raises `SettingsError`."""
    if text.strip() not in allowed:
        raise _unreadable(name, text, " or ".join(allowed))
    return text.strip()


def namespace(name: str, text: str) -> str:
    """A namespace of CloudWatch; raises `SettingsError`."""
    if not _NAMESPACE.fullmatch(text.strip()):
        raise _unreadable(name, text, NAMESPACE_GRAMMAR)
    return text.strip()


def time_zone(name: str, text: str) -> tzinfo:
    """Parse `Europe/Berlin`; raises `SettingsError`."""
    key = text.strip()
    if key == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - most need none, and would pay for it at each cold start

    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError):  # not there, not a name of one, or a folder of them
        raise _unreadable(name, text, ZONE_GRAMMAR) from None


def count(name: str, text: str) -> int:
    """Parse `10`; raises `SettingsError`."""
    match = _COUNT.fullmatch(text)
    if not match:
        raise _unreadable(name, text, COUNT_GRAMMAR)
    return int(match[1])


def shards(name: str, text: str, first: str) -> tuple[str, ...]:
    """Parse the ARNs of the secrets that there are beside the `first`; raises `SettingsError`."""
    found = tuple(part.strip() for part in text.split(",")) if text.strip() else ()
    if not all(map(_SECRET.fullmatch, found)) or len({first, *found}) <= len(found):
        raise _unreadable(name, text, SHARDS_GRAMMAR)
    return found


def origin(name: str, text: str) -> str:
    """Parse `scheme://host[:port]`; raises `SettingsError`."""
    try:
        url = urlsplit(text.strip())
        host, _port = url.hostname or "", url.port
    except ValueError:
        raise _unreadable(name, text, URL_GRAMMAR) from None
    # Rebuilt from its parts, so that a path, a query or credentials can't come along.
    plain = f"{url.scheme}://{url.netloc}"
    if not _HOST.fullmatch(host) or "@" in url.netloc or text.strip().rstrip("/") != plain:
        raise _unreadable(name, text, URL_GRAMMAR)
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(host)):
        raise _unreadable(name, text, URL_GRAMMAR)
    return plain


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _spans(name: str, text: str, grammar: str) -> Spans:
    match = _SPANS.fullmatch(text)
    if not match:
        raise _unreadable(name, text, grammar)
    return Spans(
        _span(name, text, grammar, match[1], match[2]),
        _span(name, text, grammar, match[3], match[4]),
    )


def _span(name: str, text: str, grammar: str, number: str, unit: str) -> timedelta:
    span = int(number) * _UNITS[unit]
    if not timedelta(0) < span <= LONGEST:
        raise _unreadable(name, text, f"{grammar}; longer than nothing and at most 365d")
    return span


def _unreadable(name: str, text: str, grammar: str) -> SettingsError:
    return SettingsError(f"{name} can't be read. It should be {grammar}.", text)
