"""How the guard says money, time and causes: short, and the same everywhere."""

import textwrap
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from guard.drain import Drain
from guard.figures import money
from guard.forecast import LONGEST
from guard.history import DAY
from guard.memory import Memory
from guard.model import Budget, CheckError, DrainRule, Failure, Judged, Rules, Severity, Spans

CENT = Decimal("0.01")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)

ADVICE = {
    CheckError.CONFIG: (
        "Correct the account's entry in the secret; its name is the stack's output ApiKeys"
    ),
    CheckError.AUTH: (
        "Put a valid key into the secret; it is read anew in every run, so nothing else needs a restart"
    ),
    CheckError.PERMISSION: (
        "Give the key the right to read the balance, or put another into the secret; it is read anew "
        "in every run"
    ),
    CheckError.BILLING: "Look at the account's billing page; calls may be refused already",
    CheckError.RATE_LIMITED: "Use a longer Schedule, or find out who else asks with this key",
    CheckError.TIMEOUT: "Wait, or look at the provider's status",
    CheckError.UNREACHABLE: "Wait, or look at the provider's status",
    CheckError.REDIRECTED: "See whether the provider moved its API, and whether an update is out",
    CheckError.SERVER_ERROR: "Wait, or look at the provider's status",
    CheckError.BAD_RESPONSE: "See whether the provider changed its API, and whether an update is out",
}


def amount(value: Decimal, currency: str) -> str:
    """`4.20 USD`; below ten cents as exact as it is."""
    exact = value if abs(value) < CENT * 10 else value.quantize(CENT, ROUND_HALF_UP)
    return f"{money(exact)} {currency}"


def figure(value: Decimal, currency: str) -> str:
    """A round figure as its owner wrote it: `20 USD`."""
    return f"{value.normalize():f} {currency}"


def length(span: timedelta) -> str:
    """`40 minutes`, `1 hour`, `90 minutes`, `2.5 hours`, `22 hours`, `3.2 days`, `12 days`."""
    minutes = round(span / MINUTE)
    if minutes < 120 and minutes != 60:  # noqa: PLR2004 - an hour, and two
        return _in(span, MINUTE)
    return _in(span, HOUR if span < 2 * DAY else DAY)


def _in(span: timedelta, unit: timedelta) -> str:
    """`47 hours`; a minute at least."""
    if unit == MINUTE:
        return counted(max(round(span / MINUTE), 1), "minute")
    return counted(_rough(span / unit), "hour" if unit == HOUR else "day")


def clock(when: datetime) -> str:
    """`Wed 10 Jun 2026, 14:15 UTC`."""
    utc = when.astimezone(UTC)
    return f"{utc:%a} {utc.day} {utc:%b %Y, %H:%M} UTC"


def lasts(runway: timedelta | None) -> str:
    """How long a balance is expected to last, for the middle of a sentence."""
    if runway is None:
        return "not known yet"
    if runway >= LONGEST:
        return "a year or more"
    return f"about {length(runway)}" if runway > timedelta(0) else "used up"


def between(runway: timedelta | None, ends: tuple[timedelta, timedelta] | None) -> str:
    """How sure that is, in brackets: ` (between 2 and 6)`; nothing where it is plain."""
    if runway is None or ends is None or not timedelta(0) < runway < LONGEST:
        return ""
    if ends[1] >= LONGEST:
        return f" (at least {length(ends[0])})"
    unit = next(each for each in (DAY, HOUR, MINUTE) if length(runway) == _in(runway, each))
    earliest, latest = (_in(end, unit).partition(" ")[0] for end in ends)
    return f" (between {earliest} and {latest})" if earliest != latest else ""


def low_balance(one: Judged, rules: Rules) -> tuple[str, ...]:
    """Which threshold says that a balance is low, or that it isn't any more."""
    if one.severity is Severity.OK:
        return ("the balance is above every figure that was set for it, with a margin",)
    budget = rules.budgets.get(one.balance.currency)
    return tuple(_cause(reason, one, budget, rules) for reason in one.reasons)


def _cause(reason: str, one: Judged, budget: Budget | None, rules: Rules) -> str:
    if reason == "unavailable":
        return "the provider says that it will refuse calls"
    word = "critical" if one.severity >= Severity.CRITICAL else "warning"
    if reason == "runway" and rules.runway:
        span = rules.runway.critical if word == "critical" else rules.runway.warning
        if one.runway and one.runway > span:
            return not_sure(one.severity, rules.runway)
        return f"it is expected to last no longer than {length(span)}, the {word} figure for the runway"
    if one.balance.amount <= 0 or budget is None:
        return "the balance is used up"
    money_figure = budget.critical if word == "critical" else budget.warning
    figures = figure(money_figure, one.balance.currency)
    if one.balance.amount > money_figure:
        return f"the balance is still within a tenth of {figures}, its {word} figure"
    return f"the balance is at or below {figures}, its {word} figure"


def not_sure(said: Severity, runway: Spans) -> str:
    """A runway that is over its figure, and not by enough to count on."""
    if said >= Severity.CRITICAL:
        return f"it is not yet sure to last longer than {length(runway.critical)}, the critical figure"
    return f"it is not yet sure to last longer than {length(runway.warning)}, the warning figure"


def fast_drain(found: Drain, currency: str, drain: DrainRule) -> tuple[str, ...]:
    """How much went how fast, how long the rest lasts at that pace, and why that is too fast."""
    gone, within, left, times = found
    share = gone / (left + gone) if left > 0 else Decimal(1)
    exact = gone.quantize(CENT, ROUND_HALF_UP) if gone >= CENT else gone
    said = [f"{amount(exact, currency)} went within {length(within)}: {share:.0%} of what was there"]
    if times is not None:
        said.append(f"that is {_rough(float(times))} times the usual pace")
    if left > 0 and gone > 0:
        said.append(f"at that pace the rest lasts {length(within * float(left / gone))}")
    if share > drain.share:
        limit = f"{_percent(drain.share)} within {length(drain.within)}"
        return (*said, f"more than {limit} is taken as a drain")
    return (*said, "nothing stood out as much for weeks, as a leaked key does")


def drain_over(drain: DrainRule) -> tuple[str, ...]:
    """That a drain has slowed down."""
    return (f"less than half of {_percent(drain.share)} went within the last {length(drain.within)}",)


def drain_off() -> tuple[str, ...]:
    """That nobody watches for a drain any more."""
    return ("FAST_DRAIN is off now, so nobody watches for it any more",)


def on_credit(one: Judged) -> tuple[str, ...]:
    """That an account spends what it doesn't own."""
    currency = one.balance.currency
    cash, spendable = one.balance.cash or Decimal(0), one.balance.spendable or Decimal(0)
    return (
        f"the account's own cash is {amount(cash, currency)}; what is spent now will be billed",
        f"with the credit line {amount(spendable, currency)} can still be spent",
    )


def own_money_again(one: Judged) -> tuple[str, ...]:
    """That an account spends its own money again."""
    return (
        f"the account's own cash is {amount(one.balance.cash or Decimal(0), one.balance.currency)}",
    )


def row_unused(currencies: str) -> tuple[str, ...]:
    """That a currency row no longer counts."""
    return (f"this currency is not used; the account's money is in {currencies}",)


def check_failing(memory: Memory, failure: Failure) -> tuple[str, ...]:
    """What failed, since when, and what was known before."""
    failing = memory.failing
    said = [failure.detail.rstrip(".")]
    if failing and failing.count > 1:
        said.append(f"{failing.count} checks failed in a row, the first on {clock(failing.since)}")
    if memory.rows:
        known = ", ".join(
            f"{amount(row.balance, currency)} ({row.severity.word})"
            for currency, row in sorted(memory.rows.items())
        )
        said.append(f"the last known balance is {known}; it may have changed since")
    return tuple(said)


def readable(judged: tuple[Judged, ...]) -> tuple[str, ...]:
    """That the balance can be read again, and what it is."""
    known = ", ".join(
        f"{amount(one.balance.amount, one.balance.currency)} ({one.severity.word})" for one in judged
    )
    return (f"the balance is {known}",)


def nobody_subscribed(topic: str, missed: str, waiting: int) -> str:
    """That what a topic says reaches nobody."""
    confirm = (
        f"confirm the {waiting} that AWS asked for by mail"
        if waiting
        else "subscribe to it (AlertEmail)"
    )
    return f"No subscription of the {topic} topic is confirmed, so {missed} reach nobody: {confirm}."


def somebody_waits(topic: str, waiting: int) -> str:
    """That a subscription was never confirmed."""
    wait = "wait" if waiting > 1 else "waits"
    return (
        f"{counted(waiting, 'subscription')} of the {topic} topic {wait} "
        "for confirmation: look for AWS's mail, or subscribe anew if it is older than two days."
    )


def subscriptions_unseen(topic: str, code: str) -> str:
    """That nobody knows whether a topic reaches anybody."""
    return f"Whether the {topic} topic reaches anybody could not be seen ({code})."


def filled(text: str, width: int, first: str = "", rest: str = "") -> str:
    """Wrap a paragraph for a narrow mail window, behind these indents; a link is never broken."""
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _percent(share: Decimal) -> str:
    return f"{(share * 100).normalize():f}%"


def _rough(number: float) -> str:
    """One decimal below ten, none where it says nothing."""
    return f"{number:.1f}".removesuffix(".0") if number < 10 else f"{number:.0f}"  # noqa: PLR2004


def counted(number: int | str, unit: str) -> str:
    """`1 account`, `2 accounts`."""
    return f"{number} {unit}" if str(number) == "1" else f"{number} {unit}s"
