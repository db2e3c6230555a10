"""One run of the guard, top to bottom: gather, decide, apply."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger

from aws import clients, secret
from aws.items import checked, has_claims
from aws.table import StateTable
from aws.topic import Topic
from config import accounts
from config.accounts import MonitoredAccount
from config.settings import Settings
from guard.model import Account
from jobs import digest, errors, report, shards, summary
from jobs.check_account import Run, check_account
from jobs.deadline import Deadline
from jobs.errors import GuardError
from jobs.event_time import AHEAD, event_time, observation_time
from jobs.outbox import Outbox
from jobs.publisher import Publisher
from jobs.summary import Outcome
from messages.several import together
from providers import PROVIDERS, TITLES

logger = Logger(service="budget-guard")

READING_SHARE = 0.25  # of the function's time, for reading what is known of all accounts
JUDGING_SECONDS = 5.0  # after the last answer, until what is due is published without the others
WORKERS = 64  # for each provider, so that one that is slow holds up none of another's accounts


def run(
    event: object,
    settings: Settings,
    clock: Callable[[], datetime],
    seconds_left: Callable[[], float],
) -> dict[str, Any]:
    """Check every account of the secret, publish what is due, and return the summary.

    The secret is the one that the event names, `ApiKeys` unless it says otherwise. Before its first
    value there is nothing to check, and an answer without accounts. Raises `SecretError` if there is
    nothing to check later, and `GuardError` after everything else if the table or the topic failed.
    """
    named = shards.secret_of(event, settings)
    shard = shards.name_of(named, settings)
    try:
        text = secret.read(clients.secretsmanager(), named)
    except secret.NoValueError as error:
        logger.warning(str(error))  # no failure: somebody has just deployed the stack
        return summary.of_nothing(observation_time(event_time(event), None, clock()))
    monitored = accounts.parse(text, settings.rules)
    table = StateTable(clients.dynamodb(), settings.table, shard)
    keys = [str(one.account) for one in monitored]
    fetched = table.fetch([*keys, digest.KEY], READING_SHARE * seconds_left())
    topic = Topic(settings.topic)
    deadline = Deadline.of(len(monitored), seconds_left)
    shared = Run(
        settings=settings,
        shard=shard,
        fetched=fetched,
        outbox=Outbox(table, topic, deadline, clock, fetched.published),
        event_time=event_time(event),
        clock=clock,
        deadline=deadline,
    )
    several = partial(together, titles=TITLES, zone=settings.zone)
    publisher = Publisher(table, topic, deadline, clock, several)
    outcomes = _check_all(monitored, shared, publisher)
    held_back = digest.send_held_back(fetched.items.get(digest.KEY), shared.outbox, publisher)
    failed = [("", text) for text in (*report.of_run(outcomes, shared), *held_back.errors)]
    failed += [(str(outcome.account), text) for outcome in outcomes for text in outcome.errors]
    if failed:
        raise GuardError(errors.together(failed))
    return summary.of_run(outcomes, held_back.published)


def _priority(run: Run) -> Callable[[MonitoredAccount], tuple[bool, bool, str]]:
    """The order of accounts: first what has still to be published, last what can't be stored."""
    now = run.clock() + AHEAD

    def priority(one: MonitoredAccount) -> tuple[bool, bool, str]:
        key = str(one.account)
        item = run.fetched.items.get(key)
        return key in run.fetched.unread, not has_claims(item), checked(item, now)

    return priority


def _check_all(monitored: Sequence[MonitoredAccount], run: Run, publisher: Publisher) -> list[Outcome]:
    """Check every account, the longest unchecked first; what a run leaves, the next begins with."""
    queues = defaultdict[str, list[MonitoredAccount]](list)
    for one in sorted(monitored, key=_priority(run)):
        queues[one.account.provider if one.account.provider in PROVIDERS else ""].append(one)
    futures = list[Future[Outcome]]()
    outcomes = dict[Account, Outcome]()
    with ExitStack() as pools:
        for queue in queues.values():
            pool = pools.enter_context(ThreadPoolExecutor(min(len(queue), WORKERS)))
            futures += [pool.submit(check_account, one, run) for one in queue]
        # What is due is published when all are judged, or soon after the time for providers is over.
        judged, late = wait(futures, max(run.deadline.asking_left(), 0) + JUDGING_SECONDS)
        for done in (judged, late):
            outcomes |= _published([future.result() for future in done], publisher)
    return [outcomes[one.account] for one in monitored]


def _published(outcomes: Sequence[Outcome], publisher: Publisher) -> dict[Account, Outcome]:
    """The outcomes with what was published of them, and what went wrong."""
    claimed = {str(one.account): one.claimed for one in sorted(outcomes, key=lambda one: one.account)}
    deliveries = publisher.publish(claimed)
    return {
        one.account: replace(
            one,
            published=deliveries[str(one.account)].published,
            errors=(*one.errors, *deliveries[str(one.account)].errors),
        )
        for one in outcomes
    }
