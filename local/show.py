"""What `make run` prints: progress, the accounts as they stand, each mail and SMS, the metrics."""

import io
import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich import box
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from local.embedded import Letter
from local.tools import LocalError

SPARKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 16
STYLES = {
    "ok": "green",
    "warning": "yellow",
    "critical": "bold red",
    "exhausted": "bold white on red",
    "failed": "magenta",
    "unknown": "dim",
}


def exit_code(console: Console, command: Callable[[], int]) -> int:
    """Run a command; what stops it is said in one sentence, and is its exit code."""
    try:
        return command()
    except LocalError as error:
        console.print(f"[bold red]{error}[/bold red]", highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        return 130


def progress(console: Console) -> Progress:
    """A bar with a sentence and the time it took."""
    return Progress(
        TextColumn("{task.description:<44}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        console=console,
    )


def spark_line(values: list[float], width: int = SPARK_WIDTH) -> str:
    """The values as one line of blocks, from zero to the highest, the newest at the right."""
    if not values:
        return ""
    step = max(1.0, len(values) / width)
    shown = [values[int((n + 1) * step) - 1] for n in range(min(width, len(values)))]
    top = max(*values, 0.01)
    last = len(SPARKS) - 1
    return "".join(SPARKS[round(max(0.0, value) / top * last)] for value in shown)


class Accounts:
    """Each account's balances as they went, from the summaries of the runs."""

    def __init__(self) -> None:
        self._went: dict[tuple[str, str, str], list[float]] = defaultdict(list)
        self._last: dict[tuple[str, str, str], Mapping[str, Any]] = {}
        self._failed: dict[tuple[str, str], str] = {}

    def add(self, summary: Mapping[str, Any]) -> None:
        """Take up one run."""
        for account in summary["accounts"]:
            name = (account["provider"], account["account"])
            self._failed.pop(name, None)
            if account["status"] == "failed":
                self._failed[name] = account["error"]
            for balance in account["balances"]:
                key = (*name, balance["currency"])
                self._went[key].append(float(balance["balance"]))
                self._last[key] = balance

    def table(self) -> Table:
        """One line a balance: what it is, how it went, how fast, how long, how bad."""
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("account", "balance", "as it went", "a day", "runway", "severity"):
            numeric = name in ("balance", "a day", "runway")
            table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
        for (provider, label, currency), last in sorted(self._last.items()):
            error = self._failed.get((provider, label))
            severity = last["severity"]
            state = Text(severity, STYLES[severity])
            if error:
                state = Text(f"{severity} ({error})", STYLES["failed"])
            table.add_row(
                f"{provider}/{label}",
                f"{float(last['balance']):.2f} {currency}",
                Text(spark_line(self._went[provider, label, currency]), STYLES[severity]),
                last["burn_per_day"] or "-",
                "-" if last["runway_days"] is None else f"{last['runway_days']:.1f} d",
                state,
            )
        for (provider, label), error in sorted(self._failed.items()):
            if not any(key[:2] == (provider, label) for key in self._last):
                failed = Text(f"failed: {error}", STYLES["failed"])
                table.add_row(f"{provider}/{label}", "unknown", "", "-", "-", failed)
        return table


def letters(when: datetime, arrived: Iterable[Letter]) -> RenderableType | None:
    """The mail, and the SMS where one came, of what arrived at a tick."""
    panels: list[RenderableType] = []
    for letter in arrived:
        if letter.protocol == "email":
            title = Text(letter.subject, style="bold")
            panels.append(Panel(Text(letter.text), title=title, title_align="left", width=80))
        if letter.protocol == "sms":
            title = Text(f"SMS, {len(letter.text)} characters")
            panels.append(
                Panel(Text(letter.text), title=title, title_align="left", width=80, style="cyan")
            )
    return Group(Text(f"{when:%a %d %b %H:%M} UTC", "bold"), *panels) if panels else None


def lines(when: datetime, arrived: Iterable[Letter], whole: Container[str]) -> Iterator[RenderableType]:
    """A line for each mail that arrived at a tick, and the whole mail for these subjects."""
    found = [*arrived]
    phoned = {letter.subject for letter in found if letter.protocol == "sms"}
    for letter in found:
        if letter.protocol == "email":
            how = "mail, SMS" if letter.subject in phoned else "mail"
            yield Text(
                f"{when:%a %d %b %H:%M}  {how:<9}  {letter.subject}", no_wrap=True, overflow="ellipsis"
            )
            if letter.subject in whole:
                yield Panel(Text(letter.text), width=80)


def metrics(held: Iterable[tuple[str, str, list[float]]]) -> Table:
    """The metrics as CloudWatch holds them: name, dimensions, and what they were."""
    table = Table(
        title="Metrics in CloudWatch, namespace BudgetGuard, hour by hour",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for name in ("metric", "dimensions", "hours", "last", "as it went"):
        numeric = name in ("hours", "last")
        table.add_column(name, justify="right" if numeric else "left", no_wrap=True)
    for name, dimensions, values in held:
        last = f"{values[-1]:.2f}"
        table.add_row(name, dimensions, str(len(values)), last, spark_line(values))
    return table


def save_picture(path: Path, shown: Iterable[RenderableType | None]) -> None:
    """Save what was shown as an SVG file that needs nothing from elsewhere."""
    console = Console(record=True, width=84, file=io.StringIO(), force_terminal=True)
    for one in shown:
        console.print(one or "")
    # Rich's own format fetches a font from the network; any fixed-width one will do.
    plain = re.sub(r"@font-face \{\{.*?\}\}", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(console.export_svg(title="make run", code_format=plain))
