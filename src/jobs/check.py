"""One run of the guard, top to bottom: gather, decide, apply."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from aws import clients, runs, secret, state
from aws.state import checked, has_claims
from aws.topic import Topic
from config import accounts
from config.accounts import MonitoredAccount
from config.settings import Settings
from guard.model import Account
from jobs import errors, report, summary
from jobs.check_account import Run, check
from jobs.errors import GuardError
from jobs.event_time import AHEAD, event_time
from jobs.summary import Outcome
from providers import PROVIDERS

UPSTREAM_SECONDS = 20.0  # upstreams hold a run no longer; or, where that is more,
UPSTREAM_SECONDS_EACH = 0.05  # so long for each account: at 768 MB judging it takes a fifth of that
READING_SHARE = 0.25  # of the function's time, for reading what is known of all accounts
CLOSING_SECONDS = 15.0  # of the function's time are kept from upstreams
AFTER_UPSTREAMS = 40.0  # seconds; a run ends itself by then, so that others needn't wait for its claims
WORKERS = 64  # for each provider, so that one that is slow holds up none of another's accounts


def run(
    event: object,
    settings: Settings,
    clock: Callable[[], datetime],
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Check every account of the secret, say what is due, and return the summary.

    Raises `SecretError` if there is nothing to check, and `GuardError` after everything else if the
    state table or the topic failed.
    """
    watched = accounts.parse(secret.read(clients.secretsmanager(), settings.secret), settings.rules)
    names = [str(one.account) for one in watched]
    table, reading = clients.dynamodb(), READING_SHARE * seconds_left()
    fetched = state.fetch(table, settings.table, [runs.KEY, *names], reading)
    upstream, begun = _upstream_seconds(len(watched), seconds_left()), time.monotonic()
    shared = Run(
        settings=settings,
        table=table,
        fetched=fetched,
        topic=Topic(settings.topic),
        event_time=event_time(event),
        clock=clock,
        seconds_left=lambda: min(seconds_left(), begun + upstream + AFTER_UPSTREAMS - time.monotonic()),
        upstream_seconds=upstream,
        upstream_seconds_left=lambda: begun + upstream - time.monotonic(),
    )
    outcomes = _check_all(watched, shared)
    troubles = [("", text) for text in report.of_run(outcomes, shared)]
    troubles += [(str(outcome.account), text) for outcome in outcomes for text in outcome.problems]
    if troubles:
        raise GuardError(errors.together(troubles))
    return summary.of_run(outcomes)


def _upstream_seconds(accounts: int, seconds_left: float) -> float:
    """How long upstreams may hold the run; half of its time at least is theirs."""
    wanted = max(UPSTREAM_SECONDS, accounts * UPSTREAM_SECONDS_EACH)
    return min(wanted, max(seconds_left - CLOSING_SECONDS, seconds_left / 2))


def _turn_of(run: Run) -> Callable[[MonitoredAccount], tuple[bool, bool, str]]:
    """In which order accounts come: what can't be stored last, and first what has still to be said."""
    now = run.clock() + AHEAD

    def turn(one: MonitoredAccount) -> tuple[bool, bool, str]:
        key = str(one.account)
        item = run.fetched.items.get(key)
        return key in run.fetched.unread, not has_claims(item), checked(item, now)

    return turn


def _check_all(watched: Sequence[MonitoredAccount], run: Run) -> list[Outcome]:
    """Check every account, the longest unchecked first: what this run leaves, the next begins with."""
    queues = defaultdict[str, list[MonitoredAccount]](list)
    for one in sorted(watched, key=_turn_of(run)):
        queues[one.account.provider if one.account.provider in PROVIDERS else ""].append(one)
    futures = dict[Account, Future[Outcome]]()
    with ExitStack() as pools:
        for queue in queues.values():
            pool = pools.enter_context(ThreadPoolExecutor(min(len(queue), WORKERS)))
            futures |= {one.account: pool.submit(check, one, run) for one in queue}
    return [futures[one.account].result() for one in watched]
