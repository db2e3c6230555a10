"""One account, top to bottom: read, decide, deliver."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Semaphore

from botocore.exceptions import BotoCoreError, ClientError

from aws.items import Fetched, parse
from aws.stored import Stored
from config.accounts import MonitoredAccount
from config.settings import Settings
from guard.alert import Kind
from guard.decide import Decision, decide
from guard.memory import Memory
from guard.model import Account, CheckError, Failure, Reading, Severity, worst
from jobs import errors
from jobs.deadline import Deadline
from jobs.draft import written
from jobs.event_time import observation_time
from jobs.outbox import Draft, Outbox
from jobs.shards import taken
from jobs.summary import Outcome
from providers import http

ACCOUNT_SECONDS = 8.0  # no provider holds an account longer, retries included
LEAST_SECONDS = 2.0  # with less than these, or a quarter of the run's, it is the run that is late
SECOND_ASKINGS = 50  # in a run; where more accounts look bad at once, it is no odd answer of one

NOT_ASKED = Failure(CheckError.TIMEOUT, "The run had no time left for the provider's answer.")


@dataclass(frozen=True, slots=True)
class Run:
    """What every account of one run shares.

    `shard` is the secret that they are in, where there are several. `fetched` is what the table had
    before any provider was asked, so that whatever another run stores meanwhile is noticed.
    `second_askings` are those that are left.
    """

    settings: Settings
    shard: str | None
    fetched: Fetched
    outbox: Outbox
    event_time: datetime | None
    clock: Callable[[], datetime]
    deadline: Deadline
    second_askings: Semaphore = field(default_factory=lambda: Semaphore(SECOND_ASKINGS))


class OthersAccountError(Exception):
    """An account is another shard's to check, and what is due to publish; `outcome` says so."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome.account))
        self.outcome = outcome


def check_account(monitored: MonitoredAccount, run: Run) -> Outcome:
    """Everything about one account; what goes wrong with it stays its own."""
    outcome = Outcome(monitored.account, observation_time(run.event_time, None, run.clock()))
    ends = time.monotonic() + ACCOUNT_SECONDS
    try:
        outcome, stored = _observe(monitored, run)
        if outcome.reading is None or outcome.reading is NOT_ASKED:
            return outcome  # nothing was learnt, not even a failure of the provider's
        with run.outbox.deciding:
            decision = _decide(monitored, outcome.reading, stored or Stored(), outcome.now)
        # What would wake somebody is asked for once more, and the second answer counts.
        if _wakes(decision, outcome.reading) and run.second_askings.acquire(blocking=False):
            second = _ask(monitored, run, ends - time.monotonic())
            if isinstance(second, Reading):
                outcome = replace(outcome, reading=second)
                with run.outbox.deciding:
                    decision = _decide(monitored, second, stored or Stored(), outcome.now)
        return _claim(outcome, decision, monitored, stored, run)
    except OthersAccountError as error:
        return error.outcome  # what is remembered and told is the other's
    except Exception as error:  # noqa: BLE001 - a bug met by one account must not silence the others
        return replace(outcome, errors=(*outcome.errors, errors.of_code(monitored.account, error)))


def _observe(monitored: MonitoredAccount, run: Run) -> tuple[Outcome, Stored | None]:
    """What the provider answers, and what is remembered, if that could be read."""
    account, stored = monitored.account, None
    failed: tuple[str, ...] = ()
    try:
        stored = parse(run.fetched.item(str(account))).without(run.fetched.published)
    except (ClientError, BotoCoreError) as error:
        failed = (errors.of_table(account, error),)
    memory = stored.memory if stored else Memory()
    now = observation_time(run.event_time, memory.observed_at, run.clock())
    _ensure_ours(memory, account, run, now)
    outcome = Outcome(
        account=account,
        now=now,
        previous_severity=worst(row.severity for row in memory.rows.values()) if memory.rows else None,
        reading=_ask(monitored, run, ACCOUNT_SECONDS),
        errors=failed,
    )
    return outcome, stored


def _ensure_ours(memory: Memory, account: Account, run: Run, now: datetime) -> None:
    """Raise `OthersAccountError` where another shard checks the account."""
    if others := taken(memory, run.shard, now):
        raise OthersAccountError(Outcome(account, now, reading=others))


def _ask(monitored: MonitoredAccount, run: Run, seconds: float) -> Reading | Failure:
    """What the provider answers within `seconds`, or within those that the run has."""
    if isinstance(monitored.key, Failure):
        return monitored.key
    name, region = monitored.account.provider, monitored.account.region
    seconds = min(seconds, run.deadline.asking_left())
    if seconds <= min(LEAST_SECONDS, run.deadline.asking_seconds / 4):
        return NOT_ASKED
    origin = run.settings.origins.get(name)
    key, watch = monitored.key.reveal(), monitored.rules.watch
    reading = http.check(monitored.provider, origin, key, watch, seconds, region)
    late = isinstance(reading, Failure) and reading.error is CheckError.TIMEOUT
    cut_short = seconds < min(ACCOUNT_SECONDS, run.deadline.asking_seconds / 2)
    return NOT_ASKED if late and cut_short else reading  # it may well be the run that was late


def _decide(
    monitored: MonitoredAccount, reading: Reading | Failure, stored: Stored, now: datetime
) -> Decision:
    return decide(
        stored.memory,
        reading,
        monitored.rules,
        monitored.account,
        now,
        stored.undelivered,
        stored.unpublished,
    )


def _wakes(decision: Decision, reading: Reading | Failure) -> bool:
    """Whether an answer opens or worsens what is critical."""
    return isinstance(reading, Reading) and any(
        alert.kind is Kind.ALERT and alert.severity >= Severity.CRITICAL for alert in decision.alerts
    )


def _claim(
    outcome: Outcome,
    decision: Decision,
    monitored: MonitoredAccount,
    stored: Stored | None,
    run: Run,
) -> Outcome:
    """Have a decision stored, with what is to be published."""
    if stored is None:
        # Without a memory nothing can be published only once; the metrics still tell.
        draft = written(decision, Memory(), monitored, run.shard, run.settings.zone)
        return replace(outcome, judged=draft.judged, errors=(*outcome.errors, *draft.errors))
    known = stored.memory.observed_at

    def draft_of(current: Stored) -> Draft | None:
        _ensure_ours(current.memory, outcome.account, run, outcome.now)
        last = current.memory.observed_at
        if last is not None and last != known and last >= outcome.now:
            return None  # another run has a later reading
        if current is stored or outcome.reading is None:
            return written(decision, stored.memory, monitored, run.shard, run.settings.zone)
        again = _decide(monitored, outcome.reading, current, outcome.now)
        return written(again, current.memory, monitored, run.shard, run.settings.zone)

    claim = run.outbox.claim(str(outcome.account), stored, draft_of)
    judged, failed = (claim.draft.judged, claim.draft.errors) if claim.draft else ((), ())
    return replace(
        outcome,
        judged=judged,
        claimed=claim.messages,
        errors=(*outcome.errors, *failed, *claim.errors),
    )
