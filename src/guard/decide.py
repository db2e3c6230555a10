"""What to say, and why: from what is remembered and what was just read."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from guard import wording
from guard.drain import drained
from guard.forecast import LONGEST, forecast
from guard.history import SpendingHistory
from guard.memory import EpisodeKey, Failing, Memory, Row
from guard.model import (
    NO_MONEY,
    Account,
    Alert,
    Balance,
    CheckError,
    Condition,
    Episode,
    Failure,
    Judged,
    Kind,
    Reading,
    Rules,
    Severity,
    Spans,
)
from guard.profile import SpendingProfile
from guard.severity import by_runway, judge
from guard.tally import Tally

FAILURES_IN_A_ROW = 3
CLEAR = 2.0  # times its figure; however unsure a runway is, it is over that then
# What another try won't heal is said at the first failure.
AT_ONCE = frozenset({CheckError.AUTH, CheckError.PERMISSION, CheckError.BILLING, CheckError.CONFIG})


class Verdict(NamedTuple):
    """Whether something should be said, and why."""

    kind: Kind | None
    reason: str


class Finding(NamedTuple):
    """How bad one condition is now (`None`: not known), and what to say about it.

    `unsure`, that it may still be as bad as was said.
    """

    severity: Severity | None
    reasons: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    judged: Judged | None = None
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to remember, what is thought of each balance, and the alerts that are due.

    `broken` names the conditions that could not be judged, with the sort of error.
    """

    memory: Memory
    judged: tuple[Judged, ...]
    alerts: tuple[Alert, ...]
    broken: tuple[str, ...] = ()


def verdict(
    episode: Episode | None,
    severity: Severity | None,
    now: datetime,
    remind_every: Spans,
    *,
    undelivered: bool = False,
    unsure: bool = False,
) -> Verdict:
    """Whether to say something about a condition that stands at `severity` now, and why.

    `episode` is what was said before; `undelivered`, that something of it is still on its way;
    `unsure`, that it may still be as bad as was said.
    """
    if severity is None:
        return Verdict(None, "unknown: the last word stands")
    if episode is None:
        return (
            Verdict(None, "all is well")
            if severity is Severity.OK
            else Verdict(Kind.ALERT, "opened: nothing was said of it yet")
        )
    if unsure and severity is Severity.OK:
        return Verdict(None, "better, and not sure to be over")
    if severity is Severity.OK:
        return Verdict(Kind.RECOVERY, "recovered: it was announced, and is over")
    if severity > episode.severity:
        return Verdict(Kind.ALERT, "worse than what was last said")
    if severity < episode.severity and not unsure:
        return Verdict(None, "better, but not over")
    if undelivered:
        return Verdict(None, "the last word is still on its way")
    if now - episode.notified_at >= reminder_after(severity, remind_every):
        return Verdict(Kind.REMINDER, "a reminder is due")
    return Verdict(None, "said already, and no reminder due")


def reminder_after(severity: Severity, remind_every: Spans) -> timedelta:
    """How long to wait before it is said again; exhausted counts as critical."""
    return remind_every.critical if severity >= Severity.CRITICAL else remind_every.warning


def decide(
    memory: Memory,
    reading: Reading | Failure,
    rules: Rules,
    account: Account,
    now: datetime,
    undelivered: frozenset[str] = frozenset(),
) -> Decision:
    """Judge a reading: pure, so that the same run taken again decides the same.

    `undelivered` holds the ids of episodes that have an alert on its way.
    """
    judged: tuple[Judged, ...] = ()
    if isinstance(reading, Failure):
        memory = _after_failure(memory, now)
    else:
        judged, memory = _after_reading(memory, reading, rules, now)
    episodes, serial = dict(memory.episodes), memory.serial
    alerts: list[Alert] = []
    broken: list[str] = []
    for key, look in _conditions(memory, reading, judged, rules, now):
        try:
            finding = look()
        except Exception as error:  # noqa: BLE001 - one condition's trouble must not hide another's
            broken.append(f"{key[0]} ({type(error).__name__})")
            continue
        before = episodes.pop(key, None)
        said = verdict(
            before,
            finding.severity,
            now,
            rules.remind_every,
            undelivered=before is not None and before.id in undelivered,
            unsure=finding.unsure,
        )
        serial += before is None and said.kind is Kind.ALERT
        stands = None if finding.unsure else finding.severity
        after = _episode(before, stands, said, account, key, now, serial)
        if after and stands is not Severity.OK:
            episodes[key] = after
        if after and said.kind:
            alerts.append(_alert(said.kind, after, key, finding, account, rules, now))
    memory = replace(memory, observed_at=now, episodes=episodes, serial=serial)
    return Decision(memory, judged, tuple(alerts), tuple(broken))


def counted(reading: Reading, known: Mapping[str, Row]) -> tuple[Balance, ...]:
    """The rows that count: not those that stand at zero and never held money, unless all do."""
    rows = tuple(b for b in reading.balances if b.amount != 0 or b.currency in known)
    return rows or reading.balances


def _after_failure(memory: Memory, now: datetime) -> Memory:
    before = memory.failing
    if before and before.last_at == now:  # the same event again is the same check
        return memory
    failing = Failing(before.count + 1, before.since, now) if before else Failing(1, now, now)
    return replace(memory, failing=failing, failed=memory.failed.plus(now, Decimal(1)))


def _after_reading(
    memory: Memory, reading: Reading, rules: Rules, now: datetime
) -> tuple[tuple[Judged, ...], Memory]:
    rows, judged = dict(memory.rows), []
    for balance in counted(reading, memory.rows):
        before = rows.get(balance.currency)
        # A row that is new on an account which is known stood at zero until now.
        added = balance.amount if memory.rows else NO_MONEY
        row = _moved(before, balance, now) if before else _begun(balance, added, now)
        pace = forecast(row.history, row.profile, balance.amount, now)
        severity, reasons = judge(
            balance.amount,
            pace and pace.runway,
            rules.budgets.get(balance.currency),
            rules,
            available=reading.available,
            before=before.severity if before else Severity.OK,
        )
        judged.append(
            Judged(
                balance,
                severity,
                pace and pace.burn_per_day,
                pace and pace.runway,
                reasons,
                pace and (pace.earliest, pace.latest),
                topped_up=before is not None and balance.amount > before.balance,
            )
        )
        if before or balance.amount != 0:
            rows[balance.currency] = replace(row, severity=severity)
    return tuple(judged), replace(memory, rows=rows, failing=None)


def _begun(balance: Balance, added: Decimal, now: datetime) -> Row:
    """A row at its first reading."""
    return Row(
        balance.amount,
        Severity.OK,
        SpendingHistory().reading(now, NO_MONEY),
        Tally().plus(now, added),
        SpendingProfile().reading(now, None),
        balance.expiring,
    )


def _moved(before: Row, balance: Balance, now: datetime) -> Row:
    """A row after one more reading: what fell is spent, what rose was added."""
    fall = before.balance - balance.amount
    spent: Decimal | None = fall
    # A grant that goes to the cent, and leaves the rest as it was, has expired: nobody spent it.
    if 0 < before.expiring == fall and not balance.expiring and balance.amount > 0:
        fall, spent = NO_MONEY, None
    elif fall < 0:  # what was spent meanwhile hides in the rise
        spent = None
    return Row(
        balance.amount,
        before.severity,
        before.history.reading(now, fall),
        before.added.plus(now, -fall),
        before.profile.reading(now, spent),
        balance.expiring,
    )


def _check_failing(memory: Memory, failure: Failure) -> Finding:
    failing = memory.failing
    count = failing.count if failing else 0
    announced = (Condition.CHECK_FAILING, None) in memory.episodes
    if failure.error not in AT_ONCE and count < FAILURES_IN_A_ROW and not announced:
        return Finding(Severity.OK)
    # Refused for want of money is what the guard is there to say; else the balances may be fine.
    severity = Severity.CRITICAL if failure.error is CheckError.BILLING else Severity.WARNING
    return Finding(severity, (failure.error,), wording.check_failing(memory, failure))


def _conditions(
    memory: Memory,
    reading: Reading | Failure,
    judged: tuple[Judged, ...],
    rules: Rules,
    now: datetime,
) -> Iterator[tuple[EpisodeKey, Callable[[], Finding]]]:
    """Each condition that this reading says something about, and how to look at it."""
    failing = (Condition.CHECK_FAILING, None)
    if isinstance(reading, Failure):
        yield failing, partial(_check_failing, memory, reading)
        return
    yield failing, partial(Finding, Severity.OK, why=wording.readable(judged))
    used = {one.balance.currency for one in judged}
    for balance in reading.balances:
        if balance.currency not in used:
            yield (Condition.LOW_BALANCE, balance.currency), partial(_unused, balance, used)
    for one in judged:
        currency = one.balance.currency
        yield (Condition.LOW_BALANCE, currency), partial(_low_balance, memory, one, rules)
        if currency in memory.rows:
            yield (Condition.FAST_DRAIN, currency), partial(_fast_drain, memory, one, rules, now)
        if one.balance.cash is not None:
            yield (Condition.ON_CREDIT, currency), partial(_on_credit, memory, one)


def _unused(balance: Balance, used: set[str]) -> Finding:
    why = wording.row_unused(", ".join(sorted(used)))
    return Finding(Severity.OK, (), why, Judged(balance, Severity.OK, None, None))


def _low_balance(memory: Memory, one: Judged, rules: Rules) -> Finding:
    before = memory.episodes.get((Condition.LOW_BALANCE, one.balance.currency))
    found = Finding(one.severity, one.reasons, wording.low_balance(one, rules), one)
    if before is None or rules.runway is None or not _may_still_be(before.severity, one, rules):
        return found
    reasons = tuple(dict.fromkeys((*one.reasons, "runway")))
    why = (*found.why, wording.not_sure(before.severity, rules.runway))
    return found._replace(reasons=reasons, why=why, unsure=True)


def _may_still_be(said: Severity, one: Judged, rules: Rules) -> bool:
    """Whether a runway may be as short as was said: one that swings with bursts is said once.

    It is better when its early end is, or when money was added. A balance is never unsure.
    """
    if one.topped_up or said is Severity.EXHAUSTED or one.between is None or one.runway is None:
        return False
    earliest = LONGEST if one.runway >= LONGEST else max(one.between[0], one.runway / CLEAR)
    return one.severity < min(by_runway(earliest, rules), said)


def _fast_drain(memory: Memory, one: Judged, rules: Rules, now: datetime) -> Finding:
    currency, drain = one.balance.currency, rules.fast_drain
    if drain is None:
        return Finding(Severity.OK, why=wording.drain_off(), judged=one)
    row = memory.rows[currency]
    open_already = (Condition.FAST_DRAIN, currency) in memory.episodes
    found = drained(row.history, row.profile, row.balance, drain, now, open_already=open_already)
    if found is None:
        return Finding(Severity.OK, why=wording.drain_over(drain), judged=one)
    return Finding(Severity.CRITICAL, ("drain",), wording.fast_drain(found, currency, drain), one)


def _on_credit(memory: Memory, one: Judged) -> Finding:
    cash, spendable = one.balance.cash, one.balance.spendable
    if cash is None or spendable is None or cash > 0:
        return Finding(Severity.OK, why=wording.own_money_again(one), judged=one)
    open_already = (Condition.ON_CREDIT, one.balance.currency) in memory.episodes
    if spendable > 0:
        return Finding(Severity.WARNING, ("credit",), wording.on_credit(one), one)
    # The credit has gone as well: that is for low_balance to say, and no recovery of this.
    return Finding(None if open_already else Severity.OK, judged=one)


def _episode(
    before: Episode | None,
    severity: Severity | None,
    said: Verdict,
    account: Account,
    key: EpisodeKey,
    now: datetime,
    serial: int,
) -> Episode | None:
    if before is None:
        if said.kind is None or severity is None:
            return None
        id = _digest(account, *key, now.isoformat(), serial)
        return Episode(id, now, severity, now, 1)
    standing = before if severity is None else replace(before, severity=severity)
    return replace(standing, notified_at=now, step=before.step + 1) if said.kind else standing


def _alert(
    kind: Kind,
    episode: Episode,
    key: EpisodeKey,
    finding: Finding,
    account: Account,
    rules: Rules,
    now: datetime,
) -> Alert:
    condition, currency = key
    one = finding.judged
    return Alert(
        id=_digest(account, condition, kind, episode.id, episode.step),
        episode=episode.id,
        kind=kind,
        condition=condition,
        severity=episode.severity,
        account=account,
        observed_at=now,
        currency=currency,
        balance=one.balance.amount if one else None,
        burn_per_day=one.burn_per_day if one else None,
        runway=one.runway if one else None,
        reasons=finding.reasons,
        since=episode.opened_at,
        why=finding.why,
        next_reminder=None
        if kind is Kind.RECOVERY
        else reminder_after(episode.severity, rules.remind_every),
        between=one.between if one else None,
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:32]
