"""One run of the guard, top to bottom: gather, decide, apply."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from aws_lambda_powertools import Logger

import summary
from account_check import Run, check
from aws import api_keys, clients, metrics
from aws.notifications import Topic
from guard.model import Failure, Reading
from problems import GuardError
from schedule import event_time
from settings import Settings
from summary import Outcome

UPSTREAM_SECONDS = 20.0  # no upstream holds a run longer

logger = Logger(service="budget-guard")


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
    watched = api_keys.read(clients.secretsmanager(), settings.secret, settings.rules)
    upstream_end = time.monotonic() + min(UPSTREAM_SECONDS, seconds_left() / 2)
    shared = Run(
        settings=settings,
        table=clients.dynamodb(),
        topic=Topic(settings.topic),
        event_time=event_time(event),
        clock=clock,
        seconds_left=seconds_left,
        upstream_seconds_left=lambda: upstream_end - time.monotonic(),
    )
    with ThreadPoolExecutor(min(len(watched), clients.CONNECTIONS)) as pool:
        outcomes = list(pool.map(lambda one: check(one, shared), watched))
    if any(outcome.now != shared.event_time for outcome in outcomes):
        logger.info("The event gives no time that can be used here; the clock's is taken.")
    for outcome in outcomes:
        _report(outcome, detailed=settings.detailed_metrics)
    troubles = [trouble for outcome in outcomes for trouble in outcome.problems]
    if troubles:
        raise GuardError(" ".join(troubles))
    return summary.of_run(outcomes)


def _report(outcome: Outcome, *, detailed: bool) -> None:
    if outcome.reading is None:
        return
    account, ok = outcome.account, isinstance(outcome.reading, Reading)
    metrics.emit(account, outcome.judged, ok=ok, now=outcome.now, detailed=detailed)
    names = {"provider": account.provider, "account": account.label}
    if isinstance(outcome.reading, Failure):
        logger.warning(outcome.reading.detail, extra={**names, "error": outcome.reading.error})
    for alert in outcome.published:
        logger.info("Published.", extra=summary.for_log(alert))
