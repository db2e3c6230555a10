"""What to remember and what to tell: from what is remembered and what was just read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from guard.alert import Alert, Condition, Episode, EpisodeKey, Kind, id_of
from guard.conditions import Finding, conditions
from guard.drain_with_balance import told_with_balance, with_balance, with_rule
from guard.memory import Memory
from guard.model import NO_MONEY, Account, Failure, Judged, Reading, Rules, Severity
from guard.notify import Flaps, Verdict, flaps_after, reminder_after, verdict
from guard.observe import after_failure, after_reading
from guard.unpublished import Unpublished


@dataclass(frozen=True, slots=True)
class Decision:
    """What to remember, what is thought of each balance, and the alerts that are due.

    `superseded` are the conditions of which an older word, never published, need not be said any more.
    `broken` names the conditions that could not be judged, with the sort of error.
    """

    memory: Memory
    judged: tuple[Judged, ...]
    alerts: tuple[Alert, ...]
    superseded: frozenset[EpisodeKey] = frozenset()
    broken: tuple[str, ...] = ()


def decide(
    memory: Memory,
    reading: Reading | Failure,
    rules: Rules,
    account: Account,
    now: datetime,
    undelivered: frozenset[str] = frozenset(),
    unpublished: Mapping[EpisodeKey, Unpublished] = MappingProxyType({}),
) -> Decision:
    """Judge a reading: pure, so that the same run taken again decides the same.

    `undelivered` holds the ids of episodes of which a message may be out already; `unpublished` what
    was surely never published, so that it can be said anew as things stand now, or not at all.
    """
    judged: tuple[Judged, ...] = ()
    forgotten: frozenset[EpisodeKey] = frozenset()
    if account.region and account.region != memory.region:  # another site has another account's money
        memory, forgotten, unpublished = Memory(region=account.region), frozenset(unpublished), {}
    if isinstance(reading, Failure):
        memory = after_failure(memory, now)
    else:
        judged, memory = after_reading(memory, reading, rules, now)
    as_published = {**memory.episodes, **{key: one.before for key, one in unpublished.items()}}
    findings, broken = _look(replace(memory, episodes=as_published), reading, judged, rules, now)
    episodes, flaps, serial = dict(memory.episodes), dict(memory.flaps), memory.serial
    alerts: list[Alert] = []
    superseded = frozenset(
        key
        for key, one in unpublished.items()
        if key in findings and one.outdated_by(findings[key].severity)
    )
    on_its_way = {key for key in unpublished if key not in superseded}
    for key, finding in findings.items():
        before = episodes.pop(key, None)
        flapped = flaps.pop(key, Flaps()).within_a_day(now)
        if key in superseded:
            before, flapped = unpublished[key].before, unpublished[key].flaps_before(flapped)
        notice = verdict(
            before if before and before.step else None,
            finding.severity,
            now,
            rules.remind_every,
            flapped,
            undelivered=key in on_its_way or (before is not None and before.id in undelivered),
            came_back=finding.judged is not None and finding.judged.returned is not None,
        )
        serial += before is None and notice.kind is Kind.ALERT
        standing = before or (_unopened(account, key, now, serial) if notice.kind else None)
        after = standing and _episode(standing, finding.severity, notice, now)
        if after and notice.kind is Kind.ALERT and told_with_balance(key, standing, findings, alerts):
            notice, after = Verdict(None, "the alert of its balance tells it"), replace(after, step=0)
        over = finding.severity is Severity.OK and notice.held_until is None
        if after and not over:
            episodes[key] = after
        if (flapped := flaps_after(flapped, before, finding.severity, notice, now)) != Flaps():
            flaps[key] = flapped
        if after and notice.kind:
            told = with_rule(finding, findings.get((Condition.FAST_DRAIN, key[1])))
            alert = _alert(notice.kind, after, key, told, account, rules, now)
            alerts.append(replace(with_balance(alert, findings, memory, now), before=standing))
    memory = replace(memory, observed_at=now, episodes=episodes, flaps=flaps, serial=serial)
    return Decision(memory, judged, tuple(alerts), superseded | forgotten, broken)


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


def _unopened(account: Account, key: EpisodeKey, now: datetime, serial: int) -> Episode:
    """A new episode, before its first alert."""
    id = id_of(account, *key, now.isoformat(), serial)
    return Episode(id, now, Severity.OK, now, 0)


def _episode(before: Episode, severity: Severity | None, notice: Verdict, now: datetime) -> Episode:
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
