"""`make run`: the whole main job on one machine, as it would be on AWS."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress import Progress

from local import show, story
from local.embedded import Embedded, embedded
from local.sandbox import serving
from local.tools import ROOT, LocalError

KEYS = {"deepseek": "DEEPSEEK_API_KEY", "novita": "NOVITA_API_KEY"}
DELIVERY_SECONDS = 5

NEXT = """\
[bold]What next[/bold]
  make run with DEEPSEEK_API_KEY or NOVITA_API_KEY set asks the real API once.
  make deploy puts the stack into your AWS account; README.md says how.
  make test runs every test, this one included."""


def main() -> int:
    """Deploy, run and show; the exit code. With PICTURE set, save how it ended as an SVG file."""
    console = Console()
    keys = {name: os.environ[key] for name, key in KEYS.items() if os.environ.get(key, "").strip()}
    try:
        with embedded() as aws:
            _deploy(aws, console)
            if keys:
                return _ask(aws, keys, console)
            _play(aws, console)
    except LocalError as error:
        console.print(f"[bold red]{error}[/bold red]", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130
    console.print(NEXT, highlight=False)
    return 0


def _deploy(aws: Embedded, console: Console) -> None:
    with show.progress(console) as bar:
        building = bar.add_task("Building the function (sam build)", total=None)
        aws.build()
        bar.update(building, total=1, completed=1)
        deploying = bar.add_task("Deploying the template (sam deploy)", total=None)
        aws.deploy(heard=_counted(bar, deploying))
        bar.update(deploying, total=1, completed=1)
    aws.open_letter_box()


def _counted(bar: Progress, task: Any) -> Callable[[str], None]:
    """Turn the lines of `sam deploy` into progress: resources announced, resources made."""
    announced, made = 0, 0

    def heard(line: str) -> None:
        nonlocal announced, made
        announced += line.startswith("+ Add")
        made += line.startswith("CREATE_COMPLETE")
        bar.update(task, total=announced + 1 if announced else None, completed=made)

    return heard


def _ask(aws: Embedded, keys: Mapping[str, str], console: Console) -> int:
    """One true check with the keys of the environment, and its answer; 1 if a check failed."""
    console.print(f"Asking the real API of {' and '.join(keys)} ...")
    aws.keys(keys)
    summary = aws.invoke(_scheduled(datetime.now(UTC)))
    accounts = show.Accounts()
    accounts.add(summary)
    console.print(accounts.table())
    for account in summary["accounts"]:
        if account["status"] == "failed":
            said = _why(aws, account) or account["error"]
            console.print(f"[magenta]{account['provider']}: {said}[/magenta]", highlight=False)
    _deliver(aws, summary, datetime.now(UTC), console)
    return int(any(account["status"] == "failed" for account in summary["accounts"]))


def _why(aws: Embedded, account: Mapping[str, Any]) -> str | None:
    """The sentence that the function logged about a failed check."""
    names = (account["provider"], account["account"])
    lines = [line for line in aws.logged() if (line.get("provider"), line.get("account")) == names]
    return next((line["message"] for line in reversed(lines) if "error" in line), None)


def _play(aws: Embedded, console: Console) -> None:
    """Play the story through the deployed function, tick by tick."""
    start = (datetime.now(UTC) - timedelta(days=story.DAYS, hours=1)).replace(
        minute=0, second=0, microsecond=0
    )
    # The story begins on a Monday morning or the nearest that CloudWatch's two weeks allow.
    start = min((start - timedelta(days=n) for n in range(3)), key=lambda day: day.weekday())
    start = start.replace(hour=0)
    console.print(
        f"No key in the environment: a sandbox plays {story.DAYS} days of two accounts, "
        f"from {start:%a %d %b}. Each notification is shown as its mail, and as its SMS where "
        "the phone gets one.\n",
        highlight=False,
    )
    accounts, began, ran, sent = show.Accounts(), time.monotonic(), 0, 0
    worst: RenderableType | None = None
    with serving() as sandbox, Live(console=console, auto_refresh=False) as live:
        aws.keys({"deepseek": story.DEEPSEEK_KEY, "novita": story.NOVITA_KEY})
        aws.point_to({"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url})
        for tick in story.ticks(sandbox, start):
            if tick.event:
                console.print(f"[dim]{tick.at:%a %d %b %H:%M} - {tick.event}[/dim]")
            summary = aws.invoke(_scheduled(tick.at))
            accounts.add(summary)
            ran += 1
            sent += len(summary["alerts"])
            shown = _deliver(aws, summary, tick.at, console)
            worst = shown if tick.at - start == story.BURST + 2 * story.QUARTER else worst
            live.update(accounts.table(), refresh=console.is_terminal or not tick.at.hour)
        live.update(accounts.table(), refresh=True)
    console.print(f"\n{ran} runs and {sent} notifications in {time.monotonic() - began:.0f} s.\n")
    aws.collect_metrics()
    metrics = show.metrics(aws.metrics())
    console.print(metrics)
    if picture := os.environ.get("PICTURE"):
        show.save_picture(Path(picture), (worst, accounts.table(), metrics))


def _scheduled(when: datetime) -> dict[str, Any]:
    """The event of the schedule, at a time."""
    event = json.loads((ROOT / "events" / "scheduled.json").read_text())
    return {**event, "time": when.isoformat(timespec="seconds").replace("+00:00", "Z")}


def _deliver(
    aws: Embedded, summary: Mapping[str, Any], when: datetime, console: Console
) -> RenderableType | None:
    """Show what arrived for the alerts of a run, and return it."""
    if not summary["alerts"]:
        return None
    shown = show.letters(when, aws.letters(DELIVERY_SECONDS))
    if shown:
        console.print(shown)
    return shown


if __name__ == "__main__":
    sys.exit(main())
