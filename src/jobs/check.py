"""One run of the guard, top to bottom: gather, decide, apply."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from typing import Any

from aws import clients, secret
from aws.items import checked, has_claims
from aws.table import StateTable
from aws.topic import Topic
from config import accounts
from config.accounts import MonitoredAccount
from config.settings import Settings
from guard.model import Account
from jobs import errors, report, summary
from jobs.check_account import Run, check_account
from jobs.deadline import Deadline
from jobs.errors import GuardError
from jobs.event_time import AHEAD, event_time
from jobs.outbox import Outbox
from jobs.summary import Outcome
from providers import PROVIDERS

READING_SHARE = 0.25  # of the function's time, for reading what is known of all accounts
WORKERS = 64  # for each provider, so that one that is slow holds up none of another's accounts


def run(
    event: object,
    settings: Settings,
    clock: Callable[[], datetime],
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Check every account of the secret, publish what is due, and return the summary.

    Raises `SecretError` if there is nothing to check, and `GuardError` after everything else if the
    state table or the topic failed.
    """
    text = secret.read(clients.secretsmanager(), settings.secret)
    monitored = accounts.parse(text, settings.rules)
    table = StateTable(clients.dynamodb(), settings.table)
    keys = [str(one.account) for one in monitored]
    fetched = table.fetch(keys, READING_SHARE * seconds_left())
    deadline = Deadline.of(len(monitored), seconds_left)
    shared = Run(
        settings=settings,
        fetched=fetched,
        outbox=Outbox(table, Topic(settings.topic), deadline, clock),
        event_time=event_time(event),
        clock=clock,
        deadline=deadline,
    )
    outcomes = _check_all(monitored, shared)
    failed = [("", text) for text in report.of_run(outcomes, shared)]
    failed += [(str(outcome.account), text) for outcome in outcomes for text in outcome.errors]
    if failed:
        raise GuardError(errors.together(failed))
    return summary.of_run(outcomes)


def _priority(run: Run) -> Callable[[MonitoredAccount], tuple[bool, bool, str]]:
    """The order of accounts: first what has still to be published, last what can't be stored."""
    now = run.clock() + AHEAD

    def priority(one: MonitoredAccount) -> tuple[bool, bool, str]:
        key = str(one.account)
        item = run.fetched.items.get(key)
        return key in run.fetched.unread, not has_claims(item), checked(item, now)

    return priority


def _check_all(monitored: Sequence[MonitoredAccount], run: Run) -> list[Outcome]:
    """Check every account, the longest unchecked first; what a run leaves, the next begins with."""
    queues = defaultdict[str, list[MonitoredAccount]](list)
    for one in sorted(monitored, key=_priority(run)):
        queues[one.account.provider if one.account.provider in PROVIDERS else ""].append(one)
    futures = dict[Account, Future[Outcome]]()
    with ExitStack() as pools:
        for queue in queues.values():
            pool = pools.enter_context(ThreadPoolExecutor(min(len(queue), WORKERS)))
            futures |= {one.account: pool.submit(check_account, one, run) for one in queue}
    return [futures[one.account].result() for one in monitored]
