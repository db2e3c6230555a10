"""A balance and its drain: one alert tells both where one reading made both bad."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from guard.alert import Alert, Condition, Episode, EpisodeKey, FastDrain, Kind, LowBalance
from guard.conditions import Finding
from guard.memory import Memory
from guard.model import Severity
from guard.week import spending


def told_with_balance(
    key: EpisodeKey,
    standing: Episode | None,
    findings: Mapping[EpisodeKey, Finding],
    alerts: Sequence[Alert],
) -> bool:
    """Whether the alert of a balance tells its drain as well: the same reading made it critical."""
    condition, currency = key
    low = (Condition.LOW_BALANCE, currency)
    if condition is not Condition.FAST_DRAIN or low not in findings:
        return False
    if standing and standing.severity is not Severity.OK:
        # It was told so, and its balance is as bad as it was then.
        return (findings[low].severity or Severity.OK) >= Severity.CRITICAL
    return any(
        alert.kind is Kind.ALERT and alert.severity >= Severity.CRITICAL
        for alert in alerts
        if (alert.condition, alert.currency) == low
    )


def with_rule(finding: Finding, drain: Finding | None) -> Finding:
    """What is published of a balance, with the rule by which it drains as well."""
    low, fast = finding.facts, drain and drain.facts
    if isinstance(low, LowBalance) and isinstance(fast, FastDrain) and fast.drain:
        return finding._replace(facts=replace(low, rule=fast.rule))
    return finding


def with_balance(
    alert: Alert, findings: Mapping[EpisodeKey, Finding], memory: Memory, now: datetime
) -> Alert:
    """An alert with what is known of its balance: what was spent, and what leaves it too fast."""
    row = memory.rows.get(alert.currency or "")
    fast = findings.get((Condition.FAST_DRAIN, alert.currency))
    drain = fast.facts.drain if fast and isinstance(fast.facts, FastDrain) else None
    return replace(alert, spending=spending(row, now) if row else None, drain=drain)
