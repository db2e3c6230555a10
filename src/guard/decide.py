"""What to remember and what to tell: from what is remembered and what was just read."""

from dataclasses import dataclass, replace
from datetime import datetime

from guard.alert import Alert, Episode, EpisodeKey, Kind, id_of
from guard.conditions import Finding, conditions
from guard.memory import Memory
from guard.model import Account, Failure, Judged, Reading, Rules, Severity
from guard.notify import Verdict, reminder_after, verdict
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
    episodes, serial = dict(memory.episodes), memory.serial
    alerts: list[Alert] = []
    broken: list[str] = []
    for key, look in conditions(memory, reading, judged, rules, now):
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
        )
        serial += before is None and said.kind is Kind.ALERT
        after = _episode(before, finding.severity, said, account, key, now, serial)
        if after and finding.severity is not Severity.OK:
            episodes[key] = after
        if after and said.kind:
            alert = _alert(said.kind, after, key, finding, account, rules, now)
            row = memory.rows.get(key[1] or "")
            alerts.append(replace(alert, spending=spending(row, now)) if row else alert)
    memory = replace(memory, observed_at=now, episodes=episodes, serial=serial)
    return Decision(memory, judged, tuple(alerts), tuple(broken))


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
        id = id_of(account, *key, now.isoformat(), serial)
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
        id=id_of(account, condition, kind, episode.id, episode.step),
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
        runway_between=one.runway_between if one else None,
        reasons=finding.reasons,
        facts=finding.facts,
        since=episode.opened_at,
        next_reminder=None
        if kind is Kind.RECOVERY
        else reminder_after(episode.severity, rules.remind_every),
    )
