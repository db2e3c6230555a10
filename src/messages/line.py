"""What an alert says in one line, for whatever channel."""

from datetime import datetime

from guard.alert import Alert, Condition, Kind, LowBalance
from guard.forecast import LONGEST
from guard.model import Contact, Severity
from messages.format import amount, lasts, length
from messages.reasons import amounts, gone

SHORTEST_LABEL = 8  # characters; with fewer a label tells nobody which account is meant

_HEADLINES = {
    (Condition.LOW_BALANCE, Kind.ALERT): "{who} is {state}: {balance} left.",
    (Condition.LOW_BALANCE, Kind.REMINDER): "{who} is still {state}: {balance} left.",
    (Condition.LOW_BALANCE, Kind.RECOVERY): "{who} has recovered: {balance}.",
    (Condition.FAST_DRAIN, Kind.ALERT): "Money is leaving {who} unusually fast.",
    (Condition.FAST_DRAIN, Kind.REMINDER): "Money is still leaving {who} unusually fast.",
    (Condition.FAST_DRAIN, Kind.RECOVERY): "The fast drain of {who} is over.",
    (Condition.ON_CREDIT, Kind.ALERT): "{who} has begun to live on credit.",
    (Condition.ON_CREDIT, Kind.REMINDER): "{who} still lives on credit.",
    (Condition.ON_CREDIT, Kind.RECOVERY): "{who} spends its own money again.",
    (Condition.CHECK_FAILING, Kind.ALERT): "The balance of {who} can't be read.",
    (Condition.CHECK_FAILING, Kind.REMINDER): "The balance of {who} still can't be read.",
    (Condition.CHECK_FAILING, Kind.RECOVERY): "The balance of {who} can be read again.",
}

_SUBJECTS = {
    Condition.LOW_BALANCE: "{balance} left, {lasts}",
    Condition.FAST_DRAIN: "{balance} left{for_how_long}, {gone}",
    Condition.ON_CREDIT: "living on credit",
    Condition.CHECK_FAILING: "balance can't be read ({reason})",
}

_RECOVERED = {
    Condition.LOW_BALANCE: "recovered, {balance}",
    Condition.FAST_DRAIN: "fast drain is over, {balance} left",
    Condition.ON_CREDIT: "no longer on credit, {balance}",
    Condition.CHECK_FAILING: "balance can be read again",
}

_STATES = {
    Severity.OK: "well",
    Severity.WARNING: "low",
    Severity.CRITICAL: "critically low",
    Severity.EXHAUSTED: "out of credit",
}


# Forms of a balance's alert that say something else as well.
_USED_UP = ("{who} has used up its {currency}.", "{currency} used up, calls go on from {others}")
_CAME_BACK = ("The money of {who} is back: {balance}, {state} as before.", "money is back, {balance}")
_WITH_DRAIN = (
    "{who} is {state}: {balance} left, and money is leaving unusually fast.",
    "{balance} left{for_how_long}, {gone}",
)


def headline(alert: Alert, contact: Contact) -> str:
    """The first sentence of the mail."""
    form = _special(alert)
    text = form[0] if form else _HEADLINES[_condition(alert), alert.kind]
    return text.format_map(_words(alert, contact))


def summed_up(alert: Alert, contact: Contact) -> str:
    """The figures that matter, in a few words."""
    form = _special(alert)
    texts = _RECOVERED if alert.kind is Kind.RECOVERY else _SUBJECTS
    return (form[1] if form else texts[_condition(alert)]).format_map(_words(alert, contact))


# What happened to how many, for a message that stands for several.
_CAUSES = {
    (Condition.LOW_BALANCE, False): "{n} balances are low",
    (Condition.LOW_BALANCE, True): "{n} balances have recovered",
    (Condition.FAST_DRAIN, False): "money leaves {n} balances unusually fast",
    (Condition.FAST_DRAIN, True): "{n} fast drains are over",
    (Condition.ON_CREDIT, False): "{n} accounts live on credit",
    (Condition.ON_CREDIT, True): "{n} accounts spend their own money again",
    (Condition.CHECK_FAILING, False): "{n} balances can't be read ({reason})",
    (Condition.CHECK_FAILING, True): "{n} balances can be read again",
}


def cause(alert: Alert) -> str:
    """What happened, for how many (`{n}`) it may be."""
    reason = alert.reasons[0] if alert.reasons else ""
    return _CAUSES[_condition(alert), alert.kind is Kind.RECOVERY].replace("{reason}", reason)


def tag(severity: str) -> str:
    """How bad it is, in a word: `ok` where it is over."""
    return "ok" if severity == Severity.OK.word else severity.upper()


def subject_tag(severity: str, kind: str) -> str:
    """How bad it is, and whether it is a reminder."""
    return f"{tag(severity)}, reminder" if kind == Kind.REMINDER else tag(severity)


def _special(alert: Alert) -> tuple[str, str] | None:
    if not isinstance(alert.facts, LowBalance):
        return None
    if alert.facts.others:
        return _USED_UP
    if alert.kind is Kind.RECOVERY:
        return _CAME_BACK if alert.severity is not Severity.OK else None
    return _WITH_DRAIN if alert.drain else None


def labelled(text: str, label: str, length: int) -> str:
    """Put the label in the place of `{}`, shortened if need be: the figures are the message."""
    room = length - len(text) + len("{}")
    return text.replace("{}", label if len(label) <= room else label[: max(room, SHORTEST_LABEL)])


def ends(alert: Alert) -> datetime | None:
    """When the balance is expected to be used up, if that is within a year."""
    if alert.runway is None or alert.runway >= LONGEST:
        return None
    return alert.observed_at + alert.runway


def _words(alert: Alert, contact: Contact) -> dict[str, str]:
    others = alert.facts.others if isinstance(alert.facts, LowBalance) else ()
    known = alert.balance is not None and alert.currency is not None
    return {
        "who": f'{contact.title} account "{alert.account.label}"',
        "state": "refused by its provider" if _refused(alert) else _STATES[alert.severity],
        "balance": amount(alert.balance, alert.currency) if known else "unknown",  # type: ignore[arg-type]
        "lasts": remaining(alert),
        "for_how_long": _for_how_long(alert),
        "reason": alert.reasons[0] if alert.reasons else "",
        "gone": gone(alert.drain, alert.currency or "") if alert.drain else "",
        "currency": alert.currency or "",
        "others": amounts(others),
    }


def remaining(alert: Alert) -> str:
    """How long the balance lasts, for the end of a line."""
    if alert.severity is not Severity.EXHAUSTED:
        if alert.drain:
            return f"about {length(alert.drain.lasts)} at this pace"
        if alert.runway is None:
            return "runway not known yet"
        return lasts(alert.runway, alert.runway_between)
    return "calls are refused" if _refused(alert) else "used up"


def _for_how_long(alert: Alert) -> str:
    """At the present pace, while something drains."""
    if alert.drain is None or alert.severity is Severity.EXHAUSTED:
        return ""
    return f" for about {length(alert.drain.lasts)}"


def _refused(alert: Alert) -> bool:
    """Whether the provider refuses calls, whatever the balance says."""
    return alert.severity is Severity.EXHAUSTED and "unavailable" in alert.reasons


def _condition(alert: Alert) -> Condition:
    if alert.condition is None:
        raise ValueError("this notification is about no condition")
    return alert.condition
