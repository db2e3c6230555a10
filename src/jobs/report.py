"""What a run leaves in the log: the metrics, what failed, what was published, and what was left."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aws_lambda_powertools import Logger

from aws import metrics
from config.settings import Settings
from guard.model import Failure, Reading
from guard.totals import Totals
from jobs import summary
from jobs.check_account import NOT_ASKED, Run
from jobs.summary import Outcome

UNCHECKED = (
    "{unchecked} of {accounts} accounts were left for want of time; the next run begins with them."
)
NO_TIME = (
    "No account was checked: the table, or what came before the first check, took all the time. Look "
    "at the durations of the last runs, and at the health of DynamoDB."
)
MOST_NAMED = 20  # accounts in one line of the log

logger = Logger(service="budget-guard")


def of_run(outcomes: Sequence[Outcome], run: Run) -> Iterator[str]:
    """Print and log it; the errors that were met in doing so."""
    if any(outcome.now != run.event_time for outcome in outcomes):
        logger.info("The event gives no time that can be used here; the clock's is taken.")
    checked = [one for one in outcomes if one.reading is not None and one.reading is not NOT_ASKED]
    unchecked = [str(one.account) for one in outcomes if one.reading is NOT_ASKED]
    now = max(outcome.now for outcome in outcomes)
    if len(outcomes) > run.settings.per_account_metrics:
        totals = _totals(outcomes, len(unchecked))
        metrics.emit_totals(run.settings.namespace, totals, now, run.shard)
    else:
        _measure_each(run.settings, checked, len(unchecked), now)
        if run.shard:  # the dashboard adds the counts of all shards, small ones too
            totals = _totals(outcomes, len(unchecked))
            metrics.emit_counts(run.settings.namespace, totals, now, run.shard)
    for outcome in checked:
        _log(outcome)
    if unchecked:
        text = UNCHECKED.format(unchecked=len(unchecked), accounts=len(outcomes))
        logger.warning(text, extra={"left": len(unchecked), "accounts": unchecked[:MOST_NAMED]})
    if len(unchecked) == len(outcomes):
        yield NO_TIME


def _measure_each(
    settings: Settings, checked: Sequence[Outcome], unchecked: int, now: datetime
) -> None:
    namespace, detailed = settings.namespace, settings.detailed_metrics
    for one in checked:
        ok = isinstance(one.reading, Reading)
        metrics.emit(namespace, one.account, one.judged, ok=ok, now=one.now, detailed=detailed)
    if unchecked:
        metrics.emit_unchecked(namespace, unchecked, now)


def _totals(outcomes: Sequence[Outcome], unchecked: int) -> Totals:
    failed = sum(isinstance(one.reading, Failure) for one in outcomes) - unchecked
    unread = (one.previous_severity for one in outcomes if not one.judged)
    previous = (severity for severity in unread if severity is not None)
    return Totals.of((one.judged for one in outcomes), previous, failed, unchecked)


def _log(outcome: Outcome) -> None:
    names = {"provider": outcome.account.provider, "account": outcome.account.label}
    if isinstance(outcome.reading, Failure):
        logger.warning(outcome.reading.detail, extra={**names, "error": outcome.reading.error})
    for message in outcome.published:
        logger.info("Published.", extra=summary.for_log(message))
