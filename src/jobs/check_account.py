"""One account, top to bottom: read, decide, claim, publish, acknowledge."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from aws import state
from aws.state import Fetched, Pending, Stored
from aws.topic import Topic
from config.accounts import MonitoredAccount
from config.settings import Settings
from guard.decide import Decision, decide
from guard.model import Alert, CheckError, Failure, Reading, worst
from jobs import errors
from jobs.errors import GuardError
from jobs.event_time import observation_time
from jobs.summary import Outcome
from providers import PROVIDERS, http

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACCOUNT_SECONDS = 8.0  # no upstream holds an account longer, retries included
LEAST_SECONDS = 2.0  # with less than these, or a quarter of the run's, it is the run that is late
FINISH_SECONDS = 5.0  # kept for one publish and its acknowledgement
STORING_SECONDS = 1.0  # with less, nothing is stored any more
MOST_SILENT = 3  # writes without an answer, each tried three times; then the others aren't begun
LEASE_MARGIN = 60.0  # seconds after the end of a run until another may take up its claims
# Judging takes the processor, and asking takes patience: who waits for an answer is not to be starved.
JUDGED_AT_ONCE = 8
CLAIM_ATTEMPTS = 25  # each failed one means that another run got through
LONGEST_LEASE = 3600.0  # seconds; a lease beyond is a damaged one

NOT_ASKED = Failure(CheckError.TIMEOUT, "The run had no time left for the provider's answer.")

logger = Logger(service="budget-guard")


@dataclass(frozen=True, slots=True)
class Run:
    """What every account of one run shares.

    `fetched` is what the table had before any provider was asked, so that whatever another run stores
    meanwhile is noticed. `table_silent` and `topic_silent` are what was met in place of an answer.
    """

    settings: Settings
    table: "DynamoDBClient"
    fetched: Fetched
    topic: Topic
    event_time: datetime | None
    clock: Callable[[], datetime]
    seconds_left: Callable[[], float]
    upstream_seconds: float
    upstream_seconds_left: Callable[[], float]
    table_silent: list[HTTPClientError] = field(default_factory=list)
    topic_silent: list[HTTPClientError] = field(default_factory=list)
    speaking: Lock = field(default_factory=Lock)
    judging: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(JUDGED_AT_ONCE))


def check(watched: MonitoredAccount, run: Run) -> Outcome:
    """Everything about one account; its troubles stay its own."""
    outcome = Outcome(watched.account, observation_time(run.event_time, None, run.clock()))
    try:
        _check_account(outcome, watched, run)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, HTTPClientError):
            run.table_silent.append(error)
        outcome.problems.append(errors.of_table(watched.account, error))
    except GuardError as error:
        outcome.problems.append(str(error))
    except Exception as error:  # noqa: BLE001 - a bug met by one account must not silence the others
        outcome.problems.append(errors.of_code(watched.account, error))
    return outcome


def _check_account(outcome: Outcome, watched: MonitoredAccount, run: Run) -> None:
    stored = None
    try:
        stored = state.parse(run.fetched.item(str(watched.account)))
    except (ClientError, BotoCoreError) as error:
        outcome.problems.append(errors.of_table(watched.account, error))
    last = stored.memory.observed_at if stored else None
    outcome.standing = worst(stored.memory.rows.values()) if stored and stored.memory.rows else None
    outcome.now = observation_time(run.event_time, last, run.clock())
    outcome.reading = _read(watched, run)
    if outcome.reading is NOT_ASKED:
        return  # nothing was learnt, not even a failure of the provider's
    if stored:
        _apply(outcome, outcome.reading, watched, stored, run)
    else:
        # Without a memory nothing can be said only once; the metrics still tell.
        _decide(outcome, outcome.reading, watched, Stored())


def _read(watched: MonitoredAccount, run: Run) -> Reading | Failure:
    if isinstance(watched.key, Failure):
        return watched.key
    provider = PROVIDERS[watched.account.provider]
    seconds = min(ACCOUNT_SECONDS, run.upstream_seconds_left())
    if seconds <= min(LEAST_SECONDS, run.upstream_seconds / 4):
        return NOT_ASKED
    origin = run.settings.origins[watched.account.provider]
    reading = http.check(provider, origin, watched.key.reveal(), watched.rules.watch, seconds)
    late = isinstance(reading, Failure) and reading.error is CheckError.TIMEOUT
    cut_short = seconds < min(ACCOUNT_SECONDS, run.upstream_seconds / 2)
    return NOT_ASKED if late and cut_short else reading  # it may well be the run that was late


def _apply(
    outcome: Outcome, reading: Reading | Failure, watched: MonitoredAccount, stored: Stored, run: Run
) -> None:
    """Claim, publish, acknowledge."""
    with run.judging:
        trouble = _trouble_in_storing(outcome, run)
        if trouble:
            _decide(outcome, reading, watched, stored)  # the metrics tell all the same
            raise trouble
        claimed = _claim(outcome, reading, watched, stored, run)
    unsaid = [alert for alert in claimed if not _say(alert, outcome, run)]
    if unsaid:
        with run.judging:
            state.release(run.table, run.settings.table, outcome.account, unsaid)


def _trouble_in_storing(outcome: Outcome, run: Run) -> Exception | None:
    """What would come of storing, where that is nothing good: a silent table holds each account up."""
    if len(run.table_silent) >= MOST_SILENT:
        return run.table_silent[0].with_traceback(None)
    if run.seconds_left() < STORING_SECONDS:
        return GuardError(errors.of_time(outcome.account))
    return None


def _say(alert: Alert, outcome: Outcome, run: Run) -> bool:
    """Publish one alert and note that it is published; false if it was not."""
    # One at a time, across all accounts: a crash can then repeat no more than one.
    with run.speaking:
        if run.topic_silent or run.seconds_left() < FINISH_SECONDS:
            return False
        try:
            run.topic.publish(alert)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, HTTPClientError):
                run.topic_silent.append(error)
            outcome.problems.append(errors.of_topic(alert, error))
            return False
        except Exception as error:  # noqa: BLE001 - one alert that can't be written holds up no other
            outcome.problems.append(errors.of_code(outcome.account, error))
            return False
        outcome.published.append(alert)
        try:
            state.acknowledge(run.table, run.settings.table, outcome.account, alert)
        except (ClientError, BotoCoreError) as error:
            outcome.problems.append(errors.of_table(outcome.account, error))
        return True


def _claim(
    outcome: Outcome, reading: Reading | Failure, watched: MonitoredAccount, stored: Stored, run: Run
) -> list[Alert]:
    """Store what is new with what is due; return what this run has to publish, the oldest first.

    An observation that another run has overtaken is dropped: nothing is rewound. Without time to
    publish, what is due is stored without a lease, for the next run to take up at once.
    """
    table, name = run.table, run.settings.table
    known, overtaken = stored.memory.observed_at, False
    for _ in range(CLAIM_ATTEMPTS):
        decision = None if overtaken else _decide(outcome, reading, watched, stored)
        if stored.damaged is not None:
            key = state.keep_aside(table, name, outcome.account, stored)
            logger.error("A state item can't be read; it is kept aside.", extra={"item": key})
        due = decision.alerts if decision else ()
        claimed, waiting = _shared_out(stored, due, run.clock().timestamp())
        if decision is None and not claimed:
            return []
        lease = _lease_end(run)
        pending = {**stored.pending}
        pending |= {alert.id: Pending(alert, lease) for alert in claimed}
        pending |= {alert.id: Pending(alert, 0) for alert in waiting}
        memory = decision.memory if decision else stored.memory
        if state.save(table, name, outcome.account, stored, memory, pending.values()):
            return claimed if lease else []
        stored = state.load(table, name, outcome.account)
        last = stored.memory.observed_at
        overtaken = last is not None and last != known and last >= outcome.now
    raise GuardError(f"Too many runs wrote the state of {outcome.account} at once.")


def _shared_out(stored: Stored, due: tuple[Alert, ...], now: float) -> tuple[list[Alert], list[Alert]]:
    """What this run may publish, the oldest first, and what has to wait for another run's word.

    What is said of one condition is said in its order: a recovery must not overtake its alert.
    """
    leased = {p.alert.id for p in stored.pending.values() if now < p.lease_until < now + LONGEST_LEASE}
    free = [p.alert for p in stored.pending.values() if p.alert.id not in leased]
    spoken_of = {_subject_of(stored.pending[id].alert) for id in leased}
    ordered = [*sorted(free, key=lambda alert: alert.observed_at), *due]
    return (
        [alert for alert in ordered if _subject_of(alert) not in spoken_of],
        [alert for alert in ordered if _subject_of(alert) in spoken_of],
    )


def _subject_of(alert: Alert) -> tuple[str | None, str | None]:
    return alert.condition, alert.currency


def _decide(
    outcome: Outcome, reading: Reading | Failure, watched: MonitoredAccount, stored: Stored
) -> Decision:
    undelivered = frozenset(p.alert.episode for p in stored.pending.values())
    account = outcome.account
    decision = decide(stored.memory, reading, watched.rules, account, outcome.now, undelivered)
    outcome.judged = decision.judged
    broken = [f"{name} of {account} could not be judged; please report it." for name in decision.broken]
    outcome.problems += [problem for problem in broken if problem not in outcome.problems]
    return decision


def _lease_end(run: Run) -> float:
    """When others may take up what this run claims; 0, at once, if it has no time to publish."""
    left = run.seconds_left()
    return 0 if left < FINISH_SECONDS else run.clock().timestamp() + left + LEASE_MARGIN
