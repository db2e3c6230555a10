"""`make run`: the whole main job on one machine, as it would be on AWS."""

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
from local.play import delivered, deploy, play, scheduled

KEYS = {"deepseek": "DEEPSEEK_API_KEY", "novita": "NOVITA_API_KEY"}

NEXT = """\
[bold]What next[/bold]
  make run with DEEPSEEK_API_KEY or NOVITA_API_KEY set asks the real API once.
  make deploy puts the stack into your AWS account; README.md says how.
  make test runs every test, this one included."""


def main() -> int:
    """Deploy, run and show; the exit code. With PICTURE set, save how it ended as an SVG file."""
    console = Console()
    return show.exit_code(console, lambda: _run(console))


def _run(console: Console) -> int:
    keys = {name: os.environ[key] for name, key in KEYS.items() if os.environ.get(key, "").strip()}
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
    console.print(
        f"No key in the environment: a sandbox plays {story.DAYS} days of two accounts, "
        f"from {start:%a %d %b}. Each notification is shown as its mail, and as its SMS where "
        "the phone gets one.\n",
        highlight=False,
    )
    accounts, began, ran, sent = show.Accounts(), time.monotonic(), 0, 0
    worst: RenderableType | None = None
    with Live(console=console, auto_refresh=False) as live:
        for step in play(aws, start):
            at = step.tick.at
            if step.tick.event:
                console.print(f"[dim]{at:%a %d %b %H:%M} - {step.tick.event}[/dim]")
            accounts.add(step.summary)
            ran += 1
            sent += len({letter.subject for letter in step.letters})
            shown = _print(at, step.letters, console)
            worst = shown if at - start == story.BURST + 2 * story.QUARTER else worst
            live.update(accounts.table(), refresh=console.is_terminal or not at.hour)
        live.update(accounts.table(), refresh=True)
    console.print(f"\n{ran} runs and {sent} notifications in {time.monotonic() - began:.0f} s.\n")
    aws.collect_metrics()
    metrics = show.metrics(aws.metrics())
    console.print(metrics)
    if picture := os.environ.get("PICTURE"):
        show.save_picture(Path(picture), (worst, accounts.table(), metrics))


def _print(when: datetime, letters: tuple[Letter, ...], console: Console) -> RenderableType | None:
    """Show what arrived after a run, and return it."""
    shown = show.letters(when, letters)
    if shown:
        console.print(shown)
    return shown


if __name__ == "__main__":
    sys.exit(main())
