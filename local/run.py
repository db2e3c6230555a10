"""`make run`: the whole main job on one machine, as it would be on AWS."""

import json
import os
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live

from local import show, story
from local.embedded import Embedded, Letter, embedded
from local.play import delivered, deploy, every_provider, play, scheduled
from providers import PROVIDERS

# Of those that a key alone is enough for.
KEYS = {name: f"{name.upper()}_API_KEY" for name, one in PROVIDERS.items() if one.own is None}

INTRO = f"""\
[bold]budget-guard watches prepaid LLM balances, and tells you before the money is gone.[/bold]

The real stack is deployed into an AWS on this machine. A sandbox then plays {story.DAYS} days of two
accounts through it: work by day, a key that leaks, a provider with a bad afternoon, two
top-ups. You see what you would be told and when: the first alert of each kind and the
digest as their mails, everything else as a line.
"""

NEXT = """\
[bold]What next[/bold]
  make dashboard shows the same days on the dashboard, as a page.
  make local runs both functions in AWS's own image, if you have Docker.
  make run with DEEPSEEK_API_KEY (or another's) set asks the real API once.
  make deploy puts the stack into your AWS account; README.md says how."""


def main() -> int:
    """Deploy, run and show; the exit code. With PICTURE set, save how it ended as an SVG file."""
    console = Console()
    return show.exit_code(console, lambda: _run(console))


def _run(console: Console) -> int:
    keys = {name: os.environ[key] for name, key in KEYS.items() if os.environ.get(key, "").strip()}
    if not keys:
        console.print(INTRO, highlight=False)
    with embedded() as aws:
        deploy(aws, console)
        if keys:
            return _ask(aws, keys, console)
        _tell(aws, console)
    console.print(NEXT, highlight=False)
    return 0


def _ask(aws: Embedded, keys: Mapping[str, str], console: Console) -> int:
    """One true check with the keys of the environment, and its answer; 1 if a check failed."""
    console.print(f"Asking the real API of {' and '.join(keys)} ...")
    aws.keys(keys)
    summary = aws.invoke(scheduled(datetime.now(UTC)))
    accounts = show.Accounts()
    accounts.add(summary)
    console.print(accounts.table())
    for account in summary["accounts"]:
        if account["status"] == "failed":
            said = _why(aws, account) or account["error"]
            console.print(f"[magenta]{account['provider']}: {said}[/magenta]", highlight=False)
    _print(datetime.now(UTC), delivered(aws, summary), console)
    return int(any(account["status"] == "failed" for account in summary["accounts"]))


def _why(aws: Embedded, account: Mapping[str, Any]) -> str | None:
    """The sentence that the function logged about a failed check."""
    names = (account["provider"], account["account"])
    lines = [line for line in aws.logged() if (line.get("provider"), line.get("account")) == names]
    return next((line["message"] for line in reversed(lines) if "error" in line), None)


def _tell(aws: Embedded, console: Console) -> None:
    """Play the story and print it as it goes: what happened, what arrived, how the accounts stand."""
    start = story.on_a_monday(datetime.now(UTC))
    console.print()
    accounts, began, ran, sent = show.Accounts(), time.monotonic(), 0, 0
    told: set[str] = set()
    worst: RenderableType | None = None
    with Live(console=console, auto_refresh=False) as live:
        for step in play(aws, start):
            at = step.tick.at
            if step.tick.event:
                console.print(f"[dim]{at:%a %d %b %H:%M}  {step.tick.event}[/dim]")
            accounts.add(step.summary)
            ran += 1
            sent += len({letter.subject for letter in step.letters})
            for line in show.lines(at, step.letters, _turning_points(step.letters, told)):
                console.print(line)
            if at - start == story.BURST + 2 * story.QUARTER:
                worst = show.letters(at, step.letters)
            live.update(accounts.table(), refresh=console.is_terminal or not at.hour)
        live.update(accounts.table(), refresh=True)
    console.print(f"\n{ran} runs and {sent} notifications in {time.monotonic() - began:.0f} s.\n")
    aws.collect_metrics()
    metrics = show.metrics(aws.metrics())
    console.print(metrics)
    others = show.Accounts()
    others.add(every_provider(aws, datetime.now(UTC)))
    console.print("\nAn account at each provider that the guard knows, as its answer was recorded:")
    console.print(others.table())
    if picture := os.environ.get("PICTURE"):
        show.save_picture(Path(picture), (worst, accounts.table(), metrics))


def _turning_points(letters: tuple[Letter, ...], told: set[str]) -> set[str]:
    """The subjects of what is shown whole: what no mail has said before; adds that to `told`."""
    found = set()
    for letter in letters:
        if letter.protocol == "sqs":
            alert = json.loads(letter.text)
            what = alert["condition"] or alert["kind"]
            if alert["kind"] in ("alert", "digest") and what not in told:
                told.add(what)
                found.add(letter.subject)
    return found


def _print(when: datetime, letters: tuple[Letter, ...], console: Console) -> None:
    """Show what arrived after a run."""
    if shown := show.letters(when, letters):
        console.print(shown)


if __name__ == "__main__":
    sys.exit(main())
