"""What to remember and what to tell: from what is remembered and what was just read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from guard.alert import Alert, Condition, Episode, EpisodeKey, FastDrain, Kind, LowBalance, id_of
from guard.conditions import Finding, conditions
from guard.memory import Memory
from guard.model import NO_MONEY, Account, Failure, Judged, Reading, Rules, Severity
from guard.notify import Flaps, Verdict, flaps_after, reminder_after, verdict
from guard.observe import after_failure, after_reading
from guard.week import spending


@dataclass(frozen=True, slots=True)
class Decision:
    """What to remember, what is thought of each balance, and the alerts that are due.

    `broken` names the conditions that could not be judged, with the sort of error.
    """

    memory: Memory
    judged: tuple[Judged, ...]
    alerts: tuple[Alert, ...]
    broken: tuple[str, ...] = ()


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
        memory = after_failure(memory, now)
    else:
        judged, memory = after_reading(memory, reading, rules, now)
    findings, broken = _look(memory, reading, judged, rules, now)
    episodes, flaps, serial = dict(memory.episodes), dict(memory.flaps), memory.serial
    alerts: list[Alert] = []
    for key, finding in findings.items():
        before = episodes.pop(key, None)
        flapped = flaps.pop(key, Flaps()).within_a_day(now)
        notice = verdict(
            before if before and before.step else None,
            finding.severity,
            now,
            rules.remind_every,
            flapped,
            undelivered=before is not None and before.id in undelivered,
            came_back=finding.judged is not None and finding.judged.returned is not None,
        )
        serial += before is None and notice.kind is Kind.ALERT
        after = _episode(before, finding.severity, notice, account, key, now, serial)
        if after and notice.kind is Kind.ALERT and _told_with_balance(key, before, findings, alerts):
            notice, after = Verdict(None, "the alert of its balance tells it"), replace(after, step=0)
        over = finding.severity is Severity.OK and notice.held_until is None
        if after and not over:
            episodes[key] = after
        if (flapped := flaps_after(flapped, before, finding.severity, notice, now)) != Flaps():
            flaps[key] = flapped
        if after and notice.kind:
            told = _with_rule(finding, findings.get((Condition.FAST_DRAIN, key[1])))
            alert = _alert(notice.kind, after, key, told, account, rules, now)
            alerts.append(_with_balance(alert, findings, memory, now))
    memory = replace(memory, observed_at=now, episodes=episodes, flaps=flaps, serial=serial)
    return Decision(memory, judged, tuple(alerts), broken)


def _look(
    memory: Memory,
    reading: Reading | Failure,
    judged: tuple[Judged, ...],
    rules: Rules,
    now: datetime,
) -> tuple[dict[EpisodeKey, Finding], tuple[str, ...]]:
    """How each condition stands, and which could not be judged."""
    findings: dict[EpisodeKey, Finding] = {}
    broken: list[str] = []
    for key, look in conditions(memory, reading, judged, rules, now):
        try:
            findings[key] = look()
        except Exception as error:  # noqa: BLE001 - one condition's trouble must not hide another's
            broken.append(f"{key[0]} ({type(error).__name__})")
    return findings, tuple(broken)


def _told_with_balance(
    key: EpisodeKey,
    before: Episode | None,
    findings: Mapping[EpisodeKey, Finding],
    alerts: Sequence[Alert],
) -> bool:
    """Whether the alert of a balance tells its drain as well: the same reading made it critical."""
    condition, currency = key
    low = (Condition.LOW_BALANCE, currency)
    if condition is not Condition.FAST_DRAIN or low not in findings:
        return False
    if before:  # it was told so, and its balance is as bad as it was then
        return (findings[low].severity or Severity.OK) >= Severity.CRITICAL
    return any(
        alert.kind is Kind.ALERT and alert.severity >= Severity.CRITICAL
        for alert in alerts
        if (alert.condition, alert.currency) == low
    )


def _with_rule(finding: Finding, drain: Finding | None) -> Finding:
    """What is published of a balance, with the rule by which it drains as well."""
    low, fast = finding.facts, drain and drain.facts
    if isinstance(low, LowBalance) and isinstance(fast, FastDrain) and fast.drain:
        return finding._replace(facts=replace(low, rule=fast.rule))
    return finding


def _with_balance(
    alert: Alert, findings: Mapping[EpisodeKey, Finding], memory: Memory, now: datetime
) -> Alert:
    """An alert with what is known of its balance: what was spent, and what leaves it too fast."""
    row = memory.rows.get(alert.currency or "")
    fast = findings.get((Condition.FAST_DRAIN, alert.currency))
    drain = fast.facts.drain if fast and isinstance(fast.facts, FastDrain) else None
    return replace(alert, spending=spending(row, now) if row else None, drain=drain)


def _episode(
    before: Episode | None,
    severity: Severity | None,
    notice: Verdict,
    account: Account,
    key: EpisodeKey,
    now: datetime,
    serial: int,
) -> Episode | None:
    if before is None:
        if notice.kind is None or severity is None:
            return None
        id = id_of(account, *key, now.isoformat(), serial)
        return Episode(id, now, severity, now, 1, severity)
    standing = before
    if severity is not None:
        standing = replace(before, severity=severity, held_until=notice.held_until)
    if notice.kind is None:
        return standing
    return replace(
        standing,
        notified_at=now,
        step=before.step + 1,
        peak=max(before.peak, standing.severity),
        reminders=before.reminders + 1 if notice.kind is Kind.REMINDER else 0,
    )


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
        id=id_of(account, condition, kind, episode.id, episode.step),
        episode=episode.id,
        kind=kind,
        condition=condition,
        severity=episode.severity,
        peak=episode.peak,
        account=account,
        observed_at=now,
        currency=currency,
        balance=one.balance.amount if one else None,
        burn_per_day=one.burn_per_day if one else None,
        runway=one.runway if one else None,
        runway_between=one.runway_between if one else None,
        reasons=finding.reasons,
        facts=finding.facts,
        expired=one.expired if one else NO_MONEY,
        returned=one.returned if one else None,
        since=episode.opened_at,
        next_reminder=None
        if kind is Kind.RECOVERY
        else reminder_after(episode.severity, rules.remind_every, episode.reminders),
    )
