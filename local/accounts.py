"""`make accounts`: every account that the deployed guard remembers, the one in most need first."""

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aws.table import StateTable
from guard.figures import burn
from guard.model import Severity
from guard.week import AccountWeek, Week, sum_up
from local import show
from local.deployed import Stack, configured, reached
from messages import digest
from messages.format import amount, clock, counted, lasts, length

WIDE = 160  # columns, where nobody's window says how many there are
EVER = timedelta.max
NEEDED = "cloudformation:DescribeStacks and dynamodb:Scan"
COLUMNS = ("account", "severity", "balance", "a day", "runway", "last checked")
STYLES = {**show.STYLES, "unreadable": show.STYLES["failed"], "not checked": show.STYLES["failed"]}


def main(words: Sequence[str]) -> int:
    """Read the table and show it; the exit code."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=WIDE)
    return show.exit_code(console, lambda: _show(words, console))


def _show(words: Sequence[str], console: Console) -> int:
    now = datetime.now(UTC)
    found = remembered(configured(), now)
    shown = tuple(chosen(found, words))
    if shown:
        console.print(table(shown, now))
    console.print(summed_up(found, shown), highlight=False, soft_wrap=True)
    return 0


def remembered(stack: Stack, now: datetime) -> tuple[AccountWeek, ...]:
    """Every account in the stack's table, the one in most need first; raises `LocalError`."""
    with reached(stack, NEEDED) as deployed:
        table = StateTable(deployed.client("dynamodb"), deployed.outputs["State"])
        return sum_up(table.memories(), now, EVER)


def chosen(found: Sequence[AccountWeek], words: Sequence[str]) -> Iterator[AccountWeek]:
    """What the words leave: a severity is the least to show, any other is a part of the names.

    An account that can't be read, or is not checked, counts as a warning, as its alert does.
    """
    severities = {severity.word: severity for severity in Severity}
    least = max((severities[word] for word in words if word in severities), default=Severity.OK)
    parts = [word for word in words if word not in severities]
    for one in found:
        severity = one.severity if one.well else max(one.severity, Severity.WARNING)
        if severity >= least and all(part in str(one.account) for part in parts):
            yield one


def table(found: Sequence[AccountWeek], now: datetime) -> Table:
    """One line a balance; an account without any has one as well."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    # Windows are narrow, and most of the time every account can be read.
    failing = ("unreadable since",) * any(one.failing_since for one in found)
    for name in (*COLUMNS, *failing):
        right = name in ("balance", "a day", "runway")
        shown.add_column(name, justify="right" if right else "left", no_wrap=True)
    for one in found:
        word = digest.state(one)
        first, *more = [_figures(week) for week in one.weeks] or [("unknown", "-", "-")]
        since = [clock(one.failing_since)] if one.failing_since else []
        checked = _ago(now - one.checked_at)
        shown.add_row(str(one.account), Text(word, STYLES[word]), *first, checked, *since)
        for figures in more:
            shown.add_row("", "", *figures)
    return shown


def summed_up(found: Sequence[AccountWeek], shown: Sequence[AccountWeek]) -> str:
    """How they all stand, below a table that may be longer than a window."""
    if not found:
        return "No account is remembered yet: put an API key into the secret, and wait for a run."
    together = f"{counted(f'{len(found):,}', 'account')}: {digest.standing(found)}."
    if len(shown) < len(found):
        return f"{len(shown):,} of {together}"
    return f"{together}\nFewer of them: make accounts ONLY=warning, or ONLY=part-of-a-name."


def _figures(week: Week) -> tuple[str, str, str]:
    balance = amount(week.balance, week.currency)
    if week.forecast is None:
        return balance, "-", "-"
    runway = lasts(week.forecast.runway).removeprefix("about ")
    return balance, burn(week.forecast.burn_per_day), runway


def _ago(span: timedelta) -> str:
    return f"{length(span)} ago" if span > timedelta(0) else "just now"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
