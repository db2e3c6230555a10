"""The alert for programs, schema `budget-guard.alert.v1`."""

from guard.alert import Alert
from guard.figures import burn, days, money, timestamp
from messages.line import ends

SCHEMA = "budget-guard.alert.v1"


def as_json(alert: Alert) -> dict[str, object]:
    """The alert as JSON; what isn't known is null."""
    end = ends(alert)
    return {
        "schema": SCHEMA,
        "id": alert.id,
        "episode": alert.episode,
        "kind": alert.kind,
        "condition": alert.condition,
        "severity": alert.severity.word,
        "peak": alert.peak.word,
        "provider": alert.account.provider,
        "account": alert.account.label,
        **({"region": alert.account.region} if alert.account.region else {}),
        "currency": alert.currency,
        "balance": None if alert.balance is None else money(alert.balance),
        "burn_per_day": None if alert.burn_per_day is None else burn(alert.burn_per_day),
        "runway_days": None if alert.runway is None else days(alert.runway),
        "runway_between": alert.runway_between and list(map(days, alert.runway_between)),
        "lasts_at_present_pace": alert.drain and days(alert.drain.lasts),
        "runs_out_at": None if end is None else timestamp(end),
        "reasons": list(alert.reasons),
        "observed_at": timestamp(alert.observed_at),
    }
