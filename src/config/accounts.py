"""The accounts to check: the entries of the secret. Their keys are never shown."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches

from config.api_key import ApiKey, bare, read
from config.grammar import SettingsError, override
from config.key_like import WORD, could_be_a_key, says_where, shows_a_key
from guard.model import Account, CheckError, Failure, Rules
from providers import PROVIDERS, Provider
from providers.provider import EntryError, listed
from providers.strict_json import NotStrictJsonError, Number, Pairs, loads

SHAPE = '{"deepseek": "<API key>", "novita": "<API key>"}'

_LABEL = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BAD_LABEL = (
    "the name of its entry should be provider/label, the label of at most 64 letters, digits, "
    "'.', '_' and '-'"
)
_NEAR = 0.7  # of 1: with the library's 0.6, "api" would resemble newapi
_LONGEST_NAME = 100  # characters; a good one has fewer, and comparing takes time


class SecretError(Exception):
    """The secret gives no accounts to check. The text says what to do, and shows none of it."""


@dataclass(frozen=True, slots=True)
class MonitoredAccount:
    """An account to check: its key and rules, or the failure that its entry is.

    `own` is the provider that the entry itself describes, if it does.
    """

    account: Account
    rules: Rules
    key: ApiKey | Failure
    own: Provider | None = None

    @property
    def provider(self) -> Provider:
        """Whom to ask; raises `KeyError` where nobody is known by that name."""
        return self.own or PROVIDERS[self.account.provider]


def parse(text: str, rules: Mapping[str, Rules]) -> tuple[MonitoredAccount, ...]:
    """The accounts of a secret, in its order; `rules` are those of each provider.

    A bad entry is an account whose key is a `Failure`. Raises `SecretError` if there is none at all.
    """
    if not text.strip():
        raise SecretError(f"The secret is empty. Set it to {SHAPE}.")
    try:
        entries = loads(text, objects=_Members)
    except NotStrictJsonError:
        raise SecretError(f"The secret is not JSON. Set it to {SHAPE}.") from None
    if not isinstance(entries, _Members):
        raise SecretError(f"The secret is JSON, but no object. Set it to {SHAPE}.")
    if not entries.pairs:
        raise SecretError(f"The secret names no account. Set it to {SHAPE}.")
    entries = _Members([(name, _unquoted(value)) for name, value in entries.pairs])
    keys = {text for text in _strings(entries) if could_be_a_key(text)}
    found: dict[Account, MonitoredAccount] = {}
    for name, value in entries.pairs:
        watched = _of_entry(name, value, keys, rules)
        if watched.account in found:
            watched = replace(watched, key=_failure("two entries of the secret name this account"))
        found[watched.account] = watched
    return tuple(found.values())


def _of_entry(name: str, value: object, keys: set[str], rules: Mapping[str, Rules]) -> MonitoredAccount:
    """The account that an entry means, or a stand-in that shows nothing of a doubtful name.

    Names and keys do get swapped, so what doesn't read as a name is not repeated.
    """
    provider, slash, label = name.partition("/")
    provider = provider.lower() if provider.lower() in PROVIDERS else provider
    label = label if slash else "default"
    stand_in = "entry-" + hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:8]
    misnamed = f"the name of its entry should be provider/label; {_known_providers()}"
    fallback = next(iter(rules.values()))
    if shows_a_key(name, label, keys):
        return MonitoredAccount(Account("unknown", stand_in), fallback, _failure(misnamed))
    if provider not in PROVIDERS and not WORD.fullmatch(provider):
        return MonitoredAccount(Account("unknown", stand_in), fallback, _unknown_provider(name))
    account = Account(provider, label if _LABEL.fullmatch(label) else stand_in)
    if account.label != label:
        return MonitoredAccount(account, rules.get(provider, fallback), _failure(_BAD_LABEL))
    if provider in PROVIDERS:
        return _watched(account, value, rules[provider])
    return MonitoredAccount(account, fallback, _unknown_provider(name))


def _known_providers() -> str:
    return f"known are {listed(PROVIDERS)}"


def _unknown_provider(name: str) -> Failure:
    """Says which provider the name or a part of it resembles, but nothing of the name."""
    lower = name[:_LONGEST_NAME].lower()
    texts = (lower, *re.findall(r"[a-z0-9]+", lower))
    near = (one for text in texts for one in get_close_matches(text, PROVIDERS, 1, _NEAR))
    nearest = next((f"; the nearest is {one}" for one in near), "")
    return _failure(f"its provider isn't known; {_known_providers()}{nearest}")


class _Members:
    """A JSON object as it was written, names that stand twice included."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def strings(self) -> dict[str, str]:
        """The members, each named once and a string; raises `EntryError`."""
        if len(dict(self.pairs)) != len(self.pairs):
            raise EntryError("its object names a member twice")
        if any(not isinstance(v, str) or isinstance(v, Number) for _, v in self.pairs):
            raise EntryError("it should be a key, or an object of strings")
        return {name: str(value) for name, value in self.pairs}


def _strings(entries: _Members) -> Iterator[str]:
    """Every string in the values of the secret, however deep; not by recursion, which has an end."""
    values = [value for _, value in entries.pairs]
    while values:
        value = values.pop()
        if isinstance(value, _Members):
            values += [inner for name, inner in value.pairs if not says_where(name, inner)]
        elif isinstance(value, list):
            values += value
        elif isinstance(value, str):
            yield value.strip()
            yield bare(value)


def _unquoted(value: object) -> object:
    """An object that was given as a string, as the console's form for keys and values makes it."""
    if isinstance(value, str) and value.strip().startswith("{"):
        with suppress(NotStrictJsonError):
            return loads(value, objects=_Members)
    return value


def _watched(account: Account, value: object, rules: Rules) -> MonitoredAccount:
    members = value if isinstance(value, _Members) else _Members([("api_key", value)])
    try:
        texts = members.strings()
        provider = PROVIDERS[account.provider]
        account = replace(account, region=_region(provider, texts.pop("region", None)))
        key = read(texts.pop("api_key", ""))
        own = _own(provider, texts, key)
        return MonitoredAccount(account, override(rules, texts, provider), key, own)
    except EntryError as error:
        return MonitoredAccount(account, rules, _failure(str(error)))
    except SettingsError as error:
        return MonitoredAccount(account, rules, _failure(error.hint))


def _own(provider: Provider, texts: dict[str, str], key: ApiKey) -> Provider | None:
    """The provider that an entry itself describes; takes its members out; raises `EntryError`."""
    members = {name: texts.pop(name) for name in provider.own_members() if name in texts}
    if key.reveal() in members.get("balance", ""):  # which is shown when it finds nothing
        raise EntryError("its balance has the API key in it; it should say where the balance is")
    return provider.of_entry(members)


def _region(provider: Provider, given: str | None) -> str | None:
    """The site of a provider that has several: the one given, or the first; raises `EntryError`."""
    names = provider.region_names()
    if given is None:
        return names[0] if names else None
    if not names:
        raise EntryError("its provider has a single site, so it takes no region")
    if given.strip().lower() not in names:
        raise EntryError(f"its region should be {' or '.join(names)}")
    return given.strip().lower()


def _failure(why: str) -> Failure:
    return Failure(
        CheckError.CONFIG, f"The account's entry in the secret can't be used: {why.rstrip('.')}."
    )
