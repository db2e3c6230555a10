"""`make keys`: put API keys into the secret of the deployed stack, and try each of them once."""

import getpass
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from rich.console import Console

from aws.clients import error_code
from aws.secret import NO_VALUE
from config import accounts, settings
from config.accounts import MonitoredAccount
from config.grammar import SettingsError
from config.settings import Settings
from guard.model import CheckError, Failure, Reading
from local import show
from local.deployed import Deployed, configured, reached
from local.tools import LocalError
from messages.format import amount
from messages.mail import ADVICE
from providers import http, strict_json

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

NEEDED = (
    "cloudformation:DescribeStacks, secretsmanager:GetSecretValue and secretsmanager:PutSecretValue"
)
MOST_NAMED = 10  # accounts in a sentence
SECONDS = 8.0  # as long as the guard itself gives a provider
# What the provider says of the key itself; anything else may be over when the guard asks.
REFUSED = (CheckError.CONFIG, CheckError.AUTH, CheckError.PERMISSION)
NO_RESOURCES = dict.fromkeys(("API_KEYS_SECRET", "STATE_TABLE", "ALERTS_TOPIC"), "-")
MEND = "is not a JSON object with one entry for each account: mend it in the console first"

type Entries = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Vault:
    """One secret of a stack."""

    client: "SecretsManagerClient"
    secret: str

    def stored(self) -> str:
        """Its text; empty before its first value. Raises what botocore does."""
        try:
            found = self.client.get_secret_value(SecretId=self.secret)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException" and NO_VALUE in str(error):
                return ""
            raise
        if "SecretString" not in found:
            raise LocalError(f"The secret is binary, so it {MEND}.")
        return found["SecretString"]

    def store(self, held: Entries) -> None:
        """Give it another value."""
        # Without spaces: the secret holds 64 KB. https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
        text = json.dumps(held, separators=(",", ":"), ensure_ascii=False)
        self.client.put_secret_value(SecretId=self.secret, SecretString=text)


def main() -> int:
    """Ask for keys, try them and store them; the exit code."""
    console = Console(soft_wrap=True)
    return show.exit_code(console, lambda: _put(console))


def _put(console: Console) -> int:
    stack = configured()
    with reached(stack, NEEDED) as deployed:
        rules = _settings(deployed)
        vault = _vault(deployed, os.environ.get("SECRET", ""))
        names = [*entries(vault.stored())]
        console.print(f"The secret of the stack {stack.name} has {_listed(names)}.", highlight=False)
        console.print(
            "An account is a provider, or provider/label for a further one. The key is not shown. In "
            "its place you can give an object of docs/parameters.md.",
            highlight=False,
        )
        for name, text in _typed(console):
            console.print(_said(name, text, vault, rules), highlight=False, markup=False)
        names = [*entries(vault.stored())]
    console.print(f"The secret has {_listed(names)}. The next run reads it.", highlight=False)
    return 0


def _vault(deployed: Deployed, wanted: str) -> Vault:
    shards = deployed.parameters.get("Shards", "").split(",")
    secret = chosen(wanted, deployed.outputs["ApiKeys"], [arn for arn in shards if arn])
    return Vault(deployed.client("secretsmanager"), secret)


def chosen(wanted: str, first: str, shards: Sequence[str]) -> str:
    """The secret of that ARN or name, the first one for no name; raises `LocalError`."""
    known = (first, *shards)
    # AWS adds a hyphen and six characters to a name.
    named = {one: one for one in known} | {one.rpartition(":")[2][:-7]: one for one in known}
    if wanted and wanted not in named:
        raise LocalError("SECRET is neither ApiKeys nor one of Shards: give its ARN, or its name.")
    return named[wanted] if wanted else first


def _settings(deployed: Deployed) -> Settings:
    """What the deployed function would ask, and where; raises `LocalError`."""
    origins = {name: value for name, value in os.environ.items() if name.endswith("_URL")}
    watch = {"NOVITA_WATCH": deployed.parameters["NovitaWatch"]}
    try:
        return settings.read(NO_RESOURCES | origins | watch)
    except SettingsError as error:
        raise LocalError(str(error)) from None


def _typed(console: Console) -> Iterator[tuple[str, str]]:
    """Names and keys as a person types them, until a name is empty."""
    try:
        while name := console.input("\nAccount (Enter to end): ").strip():
            # Without a terminal there is nobody to hide it from, and getpass would look for one.
            hidden = getpass.getpass if sys.stdin.isatty() else console.input
            yield name, hidden("API key: ").strip()
    except EOFError:
        console.print()


def _said(name: str, text: str, vault: Vault, rules: Settings) -> str:
    """Try a key and store it, unless it is refused; what is to be told of it."""
    try:
        held = put(entries(vault.stored()), name, text)
        named = _named(held, name)
        [account] = accounts.parse(json.dumps({named: held[named]}), rules.rules)
    except (LocalError, accounts.SecretError) as error:
        return f"Not stored. {error}"
    read = tried(account, rules)
    if isinstance(read, Failure) and read.error in REFUSED:
        return f"Not stored. {read.detail} {_advice(account, read)}"
    # Read anew: minutes may have passed, and somebody else may have changed another entry.
    vault.store(put(entries(vault.stored()), name, text))
    if isinstance(read, Failure):
        return f"Stored, but not tried: {read.detail} {_advice(account, read)}"
    calls = "" if read.available else " The provider says that it refuses calls."
    return f"Stored. {account.account} has {_balances(read)}.{calls}"


def tried(account: MonitoredAccount, rules: Settings) -> Reading | Failure:
    """What the account's provider answers to its key, or why the key can't be used."""
    if isinstance(account.key, Failure):
        return account.key
    name, region = account.account.provider, account.account.region
    origin, watch = rules.origins.get(name), account.rules.watch
    return http.check(account.provider, origin, account.key.reveal(), watch, SECONDS, region)


def _advice(account: MonitoredAccount, failure: Failure) -> str:
    if failure.error is CheckError.CONFIG:
        return ""
    advice = account.provider.contact.advice.get(failure.error)
    return f"{advice or ADVICE[failure.error]}."


def _balances(read: Reading) -> str:
    return " and ".join(amount(row.amount, row.currency) for row in read.balances)


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{len(names):,} accounts"
    noun = "account" if len(names) == 1 else "accounts"
    return f"the {noun} {', '.join(names)}" if names else "no account yet"


# The secret as JSON. What isn't replaced stays as it is.


def entries(text: str) -> Entries:
    """The entries of a secret in their order; raises `LocalError` for what they would be lost from."""
    if not text.strip():
        return {}
    try:
        strict_json.loads(text)  # which names what stands twice, and would be there once
        found = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        raise LocalError(f"The secret {MEND}.") from None
    if not isinstance(found, dict):
        raise LocalError(f"The secret {MEND}.")
    return found


def put(held: Entries, name: str, text: str) -> Entries:
    """The entries with an account's key: in its entry, whose other members stay, or in a new one."""
    named = _named(held, name)
    return {**held, named: with_key(held.get(named), text)}


def with_key(entry: object, text: str) -> object:
    """An entry with another key; a text that is an object takes the whole entry's place."""
    if text.startswith("{"):
        return _object(text)
    if isinstance(entry, str) and entry.strip().startswith("{"):  # as the console's form makes it
        return json.dumps(_object(entry) | {"api_key": text})
    return entry | {"api_key": text} if isinstance(entry, dict) else text


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise LocalError("An entry begins with '{' and is not JSON.") from None
    if not isinstance(found, dict):
        raise LocalError("An entry begins with '{' and is not an object.")
    return found


def _named(held: Entries, name: str) -> str:
    """The name under which the account stands already, or the one given."""
    return next((one for one in held if _account(one) == _account(name)), name)


def _account(name: str) -> tuple[str, str]:
    provider, slash, label = name.partition("/")
    return provider.lower(), label if slash else "default"


if __name__ == "__main__":
    sys.exit(main())
