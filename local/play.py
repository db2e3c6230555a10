"""Deploy the stack into the embedded AWS and play the story through it: what every command shares."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import Progress

from local import show, story
from local.embedded import Embedded, Letter
from local.recorded import good
from local.sandbox import serving
from local.tools import ROOT
from providers import PROVIDERS

DELIVERY_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the deployed function: when and after what, what it returned, what arrived."""

    tick: story.Tick
    summary: dict[str, Any]
    letters: tuple[Letter, ...]


def deploy(aws: Embedded, console: Console) -> None:
    """Build and deploy the template as it stands, with a bar for each; raises `LocalError`."""
    with show.progress(console) as bar:
        building = bar.add_task("Building the function (sam build)", total=None)
        aws.build()
        bar.update(building, total=1, completed=1)
        deploying = bar.add_task("Deploying the template (sam deploy)", total=None)
        aws.deploy(heard=_counted(bar, deploying))
        bar.update(deploying, total=1, completed=1)
    aws.open_letter_box()


def play(aws: Embedded, start: datetime) -> Generator[Step]:
    """Play the story through the deployed function, one run at a time; raises `LocalError`."""
    with serving() as sandbox:
        aws.keys({"deepseek": story.DEEPSEEK_KEY, "novita": story.NOVITA_KEY})
        aws.point_to({"DEEPSEEK_URL": sandbox.url, "NOVITA_URL": sandbox.url})
        for tick in story.ticks(sandbox, start):
            summary = aws.invoke(scheduled(tick.at))
            letters = delivered(aws, summary)
            if tick.at - start == story.DIGEST:
                letters += delivered(aws, aws.invoke(scheduled(tick.at), "SendDigest"))
            yield Step(tick, summary, letters)


def every_provider(aws: Embedded, when: datetime) -> dict[str, Any]:
    """One run with an account at each provider, which answers as it was recorded."""
    with serving() as sandbox:
        entries: dict[str, dict[str, str]] = {}
        for number, name in enumerate(PROVIDERS):
            recorded, key = good(name), f"sk-sandbox-{number}"
            sandbox.record(recorded.asked, key, recorded.status, recorded.body)
            entries[name] = {"api_key": key, **recorded.entry}
        aws.keys(entries)
        aws.point_to({f"{name.upper()}_URL": sandbox.url for name in PROVIDERS})
        return aws.invoke(scheduled(when))


def scheduled(when: datetime) -> dict[str, Any]:
    """The event of the schedule, at a time."""
    event = json.loads((ROOT / "events" / "scheduled.json").read_text())
    return {**event, "time": when.isoformat(timespec="seconds").replace("+00:00", "Z")}


def delivered(aws: Embedded, summary: dict[str, Any]) -> tuple[Letter, ...]:
    """What arrived for the alerts of a run."""
    return tuple(aws.letters(DELIVERY_SECONDS)) if summary["alerts"] else ()


def _counted(bar: Progress, task: Any) -> Callable[[str], None]:
    """Turn the lines of `sam deploy` into progress: resources announced, resources made."""
    announced, made = 0, 0

    def heard(line: str) -> None:
        nonlocal announced, made
        announced += line.startswith("+ Add")
        made += line.startswith("CREATE_COMPLETE")
        bar.update(task, total=announced + 1 if announced else None, completed=made)

    return heard
