"""`make ask`: ask a provider once, and show what the guard makes of its answer."""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from urllib.parse import quote

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from config import accounts, settings
from config.accounts import MonitoredAccount
from config.grammar import SettingsError
from guard.alert import Alert
from guard.decide import decide
from guard.memory import Memory
from guard.model import Failure, Judged, Reading, worst
from local import show
from local.keys import NO_RESOURCES, tried
from local.tools import LocalError
from messages.format import amount
from messages.render import render
from providers import PROVIDERS

USAGE = "make ask PROVIDER=deepseek, with the key in API_KEY or DEEPSEEK_API_KEY"
# What an entry may have beside its key, each as a variable in capitals.
MEMBERS = ("region", "watch", "origin", "url", "balance", "currency", "unit", "header", "budget")
HIDDEN = "<API key>"
QUARTER = timedelta(minutes=15)  # from one check to the next


def main() -> int:
    """Ask and show; the exit code: 0 if a balance was read."""
    console = Console(soft_wrap=True, highlight=False)
    return show.exit_code(console, lambda: _ask(console, os.environ))


def _ask(console: Console, env: Mapping[str, str]) -> int:
    name = env.get("PROVIDER", "").strip()
    if not name:
        raise LocalError(f"Say which provider: {USAGE}.")
    key = _key(env, name.partition("/")[0].lower())
    # Of the environment only what the provider takes; other variables may have these names.
    provider = PROVIDERS.get(name.partition("/")[0].lower())
    taken = ("budget", *provider.members()) if provider else ()
    given = {member: env[member.upper()] for member in MEMBERS if env.get(member.upper(), "").strip()}
    entry = {member: text for member, text in given.items() if member in taken}
    if unused := [member.upper() for member in given if member not in taken]:
        console.print(f"Not used for this provider: {', '.join(unused)}.")
    try:
        settled = settings.read({**env, **NO_RESOURCES})
        text = json.dumps({name: {"api_key": key, **entry}})
        [account] = accounts.parse(text, settled.rules)
    except SettingsError as error:
        raise LocalError(str(error)) from None
    if isinstance(account.key, Failure):
        raise LocalError(account.key.detail)
    contact = account.provider.contact_in(account.account.region)
    read = tried(account, settled)
    console.print(f"Asked {contact.title} once.")
    zone = settled.zone
    if isinstance(read, Failure):
        console.print(Text(f"{read.detail} ({read.error})", style="magenta"))
        failures, told = _told(account, read)
        when = "at once" if failures == 1 else f"if {failures} checks in a row fail"
        console.print(f"The guard would tell you {when}:")
    else:
        judged, told = _judged(account, read)
        console.print(_table(judged))
        for row in judged:
            if row.balance.currency not in account.rules.budgets:
                console.print(
                    f"There is no budget in {row.balance.currency}, so only the runway counts. One "
                    f'in the entry: "budget": "20/5 {row.balance.currency}"'
                )
        calls = "" if read.available else ", since the provider says that it refuses calls"
        severity = worst(row.severity for row in judged if row.counts).word
        console.print(f"The severity is {severity}{calls}.", end=" ")
        console.print("The guard would send:" if told else "The guard would send nothing.")
    for alert in told:
        message = render(alert, contact, zone)
        console.print(Panel(Text(message.mail), title=Text(message.subject), box=box.ROUNDED))
    if isinstance(read, Reading):
        shown = {member: _without(key, text.strip()) for member, text in entry.items()}
        in_secret = json.dumps({name: {"api_key": HIDDEN, **shown}}, ensure_ascii=False)
        console.print("\nThe entry for the secret (make keys takes the object after the name):")
        console.print(Text(in_secret))
    return int(isinstance(read, Failure))


def _key(env: Mapping[str, str], provider: str) -> str:
    own = f"{provider.upper()}_API_KEY"
    key = env.get("API_KEY", "").strip() or env.get(own, "").strip()
    if not key:
        # A key in the provider's place is not repeated.
        names = f"API_KEY or {own}" if provider in PROVIDERS else "API_KEY"
        raise LocalError(f"There is no API key: set {names} in the environment.")
    return key


def _without(key: str, text: str) -> str:
    """A text without the key, as it is or as a URL writes it."""
    for shown in (key, quote(key, safe=""), quote(key)):
        text = text.replace(shown, HIDDEN)
    return text


def _judged(account: MonitoredAccount, read: Reading) -> tuple[tuple[Judged, ...], tuple[Alert, ...]]:
    decision = decide(Memory(), read, account.rules, account.account, _now())
    return decision.judged, decision.alerts


def _told(account: MonitoredAccount, read: Failure) -> tuple[int, tuple[Alert, ...]]:
    """How often a check has to fail until it is told, and what is told then."""
    memory, now = Memory(), _now()
    for failures in count(1):
        decision = decide(memory, read, account.rules, account.account, now + failures * QUARTER)
        if decision.alerts:
            break
        memory = decision.memory
    return failures, decision.alerts


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # as a schedule's time is


def _table(judged: tuple[Judged, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("balance", "severity", "its parts"):
        table.add_column(column)
    for row in judged:
        currency = row.balance.currency
        parts = (
            f"{name.replace('_', ' ')} {amount(part, currency)}"
            for name, part in row.balance.components.items()
        )
        severity = Text(row.severity.word, show.STYLES[row.severity.word])
        table.add_row(amount(row.balance.amount, currency), severity, ", ".join(parts) or "-")
    return table


if __name__ == "__main__":
    sys.exit(main())
