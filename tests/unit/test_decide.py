"""What is said, and when: the table of one condition, and what a run decides from a reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guard.alert import Episode, Kind
from guard.decide import decide
from guard.memory import Memory
from guard.model import (
    Account,
    Balance,
    Budget,
    CheckError,
    DrainRule,
    Failure,
    Reading,
    Rules,
    Severity,
    Spans,
)
from guard.notify import verdict
from guard.unpublished import Unpublished
from messages.reasons import why

OK, WARNING, CRITICAL, EXHAUSTED = Severity
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 6, 10, tzinfo=UTC)
EVERY = Spans(24 * HOUR, 6 * HOUR)
DRAIN = DrainRule(Decimal("0.25"), HOUR)
RULES = Rules({"USD": Budget(Decimal(20), Decimal(5))}, Spans(7 * DAY, 2 * DAY), EVERY, None)
PLAIN = Rules(RULES.budgets, None, EVERY, None)
DRAINED = Rules({}, None, EVERY, DRAIN)


# What was last said and how many hours ago, how it stands now, whether something of it is still on its
# way; then what to say, and why.
VERDICTS = [
    (None,      0, OK,        False, None,       "all is well"),
    (None,      0, WARNING,   False, "alert",    "opened: nothing was published of it yet"),
    (None,      0, EXHAUSTED, False, "alert",    "opened: nothing was published of it yet"),
    (None,      0, None,      False, None,       "unknown: what was published stands"),
    (WARNING,   1, CRITICAL,  False, "alert",    "worse than what was last published"),
    (CRITICAL,  1, EXHAUSTED, False, "alert",    "worse than what was last published"),
    (WARNING,   1, CRITICAL,  True,  "alert",    "worse than what was last published"),
    (CRITICAL,  1, WARNING,   False, None,       "better, but not over"),
    (CRITICAL, 99, WARNING,   False, None,       "better, but not over"),
    (WARNING,   1, OK,        False, "recovery", "recovered: it was announced, and is over"),
    (EXHAUSTED, 1, OK,        False, "recovery", "recovered: it was announced, and is over"),
    (WARNING,   1, OK,        True,  "recovery", "recovered: it was announced, and is over"),
    (WARNING,  23, WARNING,   False, None,       "published already, and no reminder due"),
    (WARNING,  24, WARNING,   False, "reminder", "a reminder is due"),
    (CRITICAL,  5, CRITICAL,  False, None,       "published already, and no reminder due"),
    (CRITICAL,  6, CRITICAL,  False, "reminder", "a reminder is due"),
    (EXHAUSTED, 6, EXHAUSTED, False, "reminder", "a reminder is due"),
    (EXHAUSTED, 6, EXHAUSTED, True,  None,       "the last message is still on its way"),
    (CRITICAL, 99, None,      False, None,       "unknown: what was published stands"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "hours_ago", "stands", "undelivered", "kind", "reason"), VERDICTS)
def test_whether_to_say_something(said, hours_ago, stands, undelivered, kind, reason):
    at = NOW - hours_ago * HOUR
    episode = None if said is None else Episode("e", at, said, at, 1, said)
    assert verdict(episode, stands, NOW, EVERY, undelivered=undelivered) == (kind, reason, None)


class Story:
    """One account over time: each reading or failure tells what is said because of it."""

    def __init__(self, rules=RULES, account="default"):
        self.rules, self.account = rules, Account("deepseek", account)
        self.memory, self.now, self.alerts = Memory(), NOW, []

    def takes(self, reading, after=HOUR, undelivered=()):
        self.now += after
        decision = decide(
            self.memory, reading, self.rules, self.account, self.now, frozenset(undelivered)
        )
        self.memory, self.judged, self.broken = decision.memory, decision.judged, decision.broken
        self.alerts += decision.alerts
        return [f"{a.kind} {a.condition} {a.severity.word}" for a in decision.alerts]

    def reads(self, usd, after=HOUR, **more):
        return self.takes(Reading((Balance("USD", Decimal(usd)),)), after, **more)

    def fails(self, error=CheckError.TIMEOUT, after=HOUR):
        return self.takes(Failure(error, "It failed."), after)


def test_a_balance_is_announced_on_every_rise_and_once_when_it_is_over():
    story = Story(PLAIN)
    said = [story.reads(usd) for usd in ("100", "20", "19", "5", "0", "-1", "4", "15", "100", "100")]
    low, critical, gone, over = (
        ["alert low_balance warning"],
        ["alert low_balance critical"],
        ["alert low_balance exhausted"],
        ["recovery low_balance ok"],
    )
    assert said == [[], low, [], critical, gone, [], [], [], over, []]
    assert len({alert.episode for alert in story.alerts}) == 1


def test_a_severity_that_rises_again_within_its_episode_is_said_again():
    story = Story(PLAIN)
    assert story.reads("4") == ["alert low_balance critical"]
    assert story.reads("10") == []
    assert story.reads("4") == ["alert low_balance critical"]


def test_a_balance_that_hovers_at_its_figure_says_so_once():
    story = Story(PLAIN)
    said = [story.reads(usd, MINUTE) for usd in ("20.01", "19.99", "20.01", "19.99", "21.99", "20")]
    assert [each for each in said if each] == [["alert low_balance warning"]]


def test_an_account_that_fell_again_opens_a_new_episode():
    story = Story(PLAIN)
    assert story.reads("10") == ["alert low_balance warning"]
    assert story.reads("100") == ["recovery low_balance ok"]
    assert story.reads("10") == ["alert low_balance warning"]
    first, over, second = story.alerts
    assert first.episode == over.episode != second.episode


def test_reminders_come_as_often_as_the_severity_says_and_end_with_it():
    story = Story(PLAIN)
    story.reads("10")
    assert story.reads("10", 23 * HOUR) == []
    assert story.reads("10", 1 * HOUR) == ["reminder low_balance warning"]
    assert story.reads("3", 1 * HOUR) == ["alert low_balance critical"]
    assert story.reads("3", 5 * HOUR) == []
    assert story.reads("3", 1 * HOUR) == ["reminder low_balance critical"]
    assert [a.next_reminder for a in story.alerts] == [24 * HOUR, 48 * HOUR, 6 * HOUR, 12 * HOUR]
    story.reads("100", 6 * HOUR)
    assert story.alerts[-1].next_reminder is None


def test_no_reminder_is_due_while_the_last_word_is_still_on_its_way():
    story = Story(PLAIN)
    story.reads("3")
    episode = story.alerts[0].episode
    assert story.reads("3", 7 * HOUR, undelivered=[episode]) == []
    assert story.reads("3", 7 * HOUR, undelivered=["another"]) == ["reminder low_balance critical"]


def test_a_failed_check_leaves_the_last_severity_standing():
    story = Story(PLAIN)
    story.reads("10")
    rows = story.memory.rows
    assert story.fails(after=48 * HOUR) == []
    assert (story.memory.rows, story.judged) == (rows, ())
    assert story.reads("10", 0 * HOUR) == ["reminder low_balance warning"]


def test_a_short_runway_is_announced_although_the_balance_is_high():
    story = Story()
    assert story.reads("2000") == []
    assert story.reads("1200", 96 * HOUR) == []
    assert story.reads("800", 48 * HOUR) == ["alert low_balance warning"]
    [alert] = story.alerts
    assert (alert.reasons, alert.balance, round(alert.burn_per_day)) == (("runway",), 800, 200)
    assert alert.runway == pytest.approx(timedelta(days=4), abs=timedelta(hours=1))
    assert alert.runway_between[0] < alert.runway < alert.runway_between[1]


def test_calls_that_will_be_refused_are_announced_although_money_is_left():
    story = Story(PLAIN)
    row = Balance("USD", Decimal(50))
    assert story.takes(Reading((row,), available=False)) == ["alert low_balance exhausted"]
    assert story.alerts[0].reasons == ("unavailable",)
    assert story.takes(Reading((row,))) == ["recovery low_balance ok"]


def rows(**amounts):
    return Reading(tuple(Balance(currency, Decimal(amount)) for currency, amount in amounts.items()))


def test_a_row_that_never_held_money_pages_nobody():
    story = Story(PLAIN)
    assert story.takes(rows(CNY="0.00", USD="100")) == []
    assert [(one.balance.currency, one.severity, one.runway) for one in story.judged] == [
        ("CNY", OK, None),
        ("USD", OK, None),
    ]


def test_a_row_that_is_used_up_does_not_count_while_another_holds_money():
    story = Story(PLAIN)
    assert story.takes(rows(CNY="9", USD="100")) == []
    assert story.takes(rows(USD="100", CNY="0")) == []
    assert story.takes(rows(USD="0", CNY="-1")) == ["alert low_balance exhausted"]
    assert story.alerts[0].currency == "USD"  # which was used last


def test_an_account_that_only_has_rows_at_zero_is_exhausted():
    story = Story(PLAIN)
    assert story.takes(rows(USD="0")) == ["alert low_balance exhausted"]
    assert story.takes(rows(USD="0")) == []
    assert story.takes(rows(USD="50")) == ["recovery low_balance ok"]


def test_money_in_another_row_ends_what_was_said_of_the_idle_one():
    story = Story(PLAIN)
    story.takes(rows(CNY="0", USD="0"))
    assert sorted(alert.currency for alert in story.alerts) == ["CNY", "USD"]
    assert story.takes(rows(CNY="0", USD="50")) == ["recovery low_balance ok"] * 2
    idle = story.alerts[2]
    assert (idle.currency, idle.reasons) == ("CNY", ("other_wallet",))
    assert why(idle) == ("the CNY are used up, and calls go on from 50.00 USD",)


def test_a_row_that_appears_is_judged_from_then_on():
    story = Story(PLAIN)
    assert story.takes(rows(CNY="100")) == []
    assert story.takes(rows(CNY="100", USD="4")) == ["alert low_balance critical"]


def test_a_row_that_is_missing_is_neither_zero_nor_a_recovery():
    story = Story(PLAIN)
    story.takes(rows(CNY="100", USD="4"))
    assert story.takes(rows(CNY="100")) == []
    assert story.takes(rows(CNY="100", USD="30")) == ["recovery low_balance ok"]


def test_a_drain_is_announced_above_its_share_and_over_at_half_of_it():
    story = Story(DRAINED)
    said = [story.reads(usd) for usd in ("100", "75", "50", "43", "38", "38")]
    assert said == [[], [], ["alert fast_drain critical"], [], ["recovery fast_drain ok"], []]
    assert why(story.alerts[0])[0] == "25.00 USD went within 1 hour: 33% of what was there"


def test_a_drain_within_the_hour_is_seen_across_several_readings():
    story = Story(DRAINED)
    said = [story.reads(usd, 15 * MINUTE) for usd in ("100", "92", "84", "76", "73")]
    assert said == [[], [], [], [], ["alert fast_drain critical"]]


def test_a_drain_that_makes_a_balance_critical_is_told_with_it():
    story = Story(replace(PLAIN, fast_drain=DRAIN))
    story.reads("40")
    assert story.reads("4") == ["alert low_balance critical"]
    assert "36.00 USD went within 1 hour: 90% of what was there" in why(story.alerts[0])
    assert story.reads("4", 2 * HOUR) == []  # of a drain that was not said, no end is said


def test_a_drain_is_told_by_itself_when_the_balance_is_no_longer_critical():
    story = Story(replace(PLAIN, fast_drain=DRAIN))
    story.reads("400")
    assert story.reads("4", 30 * MINUTE) == ["alert low_balance critical"]
    assert story.reads("1", 15 * MINUTE) == []
    said = story.reads("100", 15 * MINUTE)
    assert said == ["recovery low_balance ok", "alert fast_drain critical"]


def test_a_critical_balance_that_drains_later_is_told_of_the_drain():
    story = Story(replace(PLAIN, fast_drain=DRAIN))
    story.reads("4.50")
    assert story.reads("2") == ["alert fast_drain critical"]


def test_money_that_was_gone_before_and_a_drain_to_below_zero_count_in_full():
    story = Story(replace(DRAINED, fast_drain=DRAIN))
    story.reads("0.01")
    assert story.reads("-5") == ["alert low_balance exhausted"]
    assert "5.01 USD went within 1 hour: 100% of what was there" in why(story.alerts[0])


def spending(story, balance, a_day, span, step):
    """What is said while so much a day is spent of a balance, and what is left of it."""
    said = []
    for _ in range(span // step):
        balance -= Decimal(a_day) / (DAY // step)
        said += story.reads(round(balance, 6), step)
    return said, balance


def test_a_leak_is_announced_once_while_it_goes_on_and_over_when_it_stops():
    story, quarter = Story(DRAINED), 15 * MINUTE
    said, left = spending(story, Decimal(1000), 24, 5 * DAY, HOUR)
    assert said == []
    said, left = spending(story, left, 264, 6 * HOUR, quarter)
    assert said == ["alert fast_drain critical"]
    assert "times the usual pace" in " ".join(why(story.alerts[0]))
    said, _ = spending(story, left, 24, 2 * HOUR, quarter)
    assert said == ["recovery fast_drain ok"]


def test_nobody_looks_at_the_pace_where_the_drain_is_off():
    story = Story(replace(DRAINED, fast_drain=None))
    said, left = spending(story, Decimal(1000), 24, 5 * DAY, HOUR)
    assert said == []
    said, _ = spending(story, left, 12_000, HOUR, 15 * MINUTE)
    assert said == []


def test_a_drain_is_not_looked_for_when_it_is_turned_off():
    story = Story(PLAIN)
    story.reads("1000")
    assert story.reads("100") == []
    assert story.broken == ()


def on_credit(cash, available):
    figures = {"cash": Decimal(cash), "spendable": Decimal(available)}
    return Reading((Balance("USD", Decimal(available), **figures),))


def test_living_on_credit_is_announced_once_and_over_with_the_first_cash():
    story = Story(PLAIN)
    assert story.takes(on_credit("0.01", "200")) == []
    assert story.takes(on_credit("0", "200")) == ["alert on_credit warning"]
    assert story.takes(on_credit("-80", "120")) == []
    assert story.takes(on_credit("-199.99", "0.01")) == ["alert low_balance critical"]
    assert "recovery on_credit ok" in story.takes(on_credit("0.01", "200"))
    assert why(story.alerts[0]) == (
        "the account's own cash is 0.00 USD; what is spent now will be billed",
        "with the credit line 200.00 USD can still be spent",
    )
    assert why(story.alerts[-1]) == ("the account's own cash is 0.01 USD",)


def test_credit_that_is_used_up_is_no_recovery_and_left_to_the_balance():
    story = Story(PLAIN)
    story.takes(on_credit("-80", "120"))
    assert story.takes(on_credit("-200", "0")) == ["alert low_balance exhausted"]
    assert story.takes(on_credit("50", "250")) == ["recovery low_balance ok", "recovery on_credit ok"]


def test_the_last_of_the_credit_line_still_counts():
    said = Story(PLAIN).takes(on_credit("-1", "0.50"))
    assert said == ["alert low_balance critical", "alert on_credit warning"]


def test_an_account_without_a_credit_line_is_never_on_credit():
    assert Story(PLAIN).takes(on_credit("0", "0")) == ["alert low_balance exhausted"]


PASSING = sorted(set(CheckError) - {"auth", "permission", "billing", "config"})


@pytest.mark.parametrize("error", PASSING)
def test_what_may_pass_is_announced_at_the_third_failure_in_a_row(error):
    story = Story()
    assert [story.fails(error) for _ in range(4)] == [[], [], ["alert check_failing warning"], []]
    assert story.alerts[0].reasons == (error,)
    assert story.reads("100") == ["recovery check_failing ok"]
    assert story.fails(error) == []


@pytest.mark.parametrize(
    ("error", "severity"),
    [("auth", "warning"), ("permission", "warning"), ("config", "warning"), ("billing", "critical")],
)
def test_what_another_try_will_not_heal_is_announced_at_once(error, severity):
    story = Story()
    assert story.fails(CheckError(error)) == [f"alert check_failing {severity}"]
    assert why(story.alerts[0]) == ("It failed",)
    assert story.fails(CheckError(error)) == []
    assert story.reads("100") == ["recovery check_failing ok"]


def test_an_answer_in_between_starts_the_count_anew_and_no_recovery_is_said_of_what_was_not():
    story = Story()
    said = [story.fails(), story.fails(), story.reads("100"), story.fails(), story.fails()]
    assert said == [[], [], [], [], []]
    assert story.fails() == ["alert check_failing warning"]


def test_a_failing_check_that_turns_into_another_failure_is_not_over():
    story = Story()
    assert story.fails(CheckError.AUTH) == ["alert check_failing warning"]
    assert story.fails(CheckError.TIMEOUT) == []
    assert story.fails(CheckError.BILLING) == ["alert check_failing critical"]
    assert story.fails(CheckError.TIMEOUT) == []


def test_the_alert_of_a_failing_check_says_what_was_known_before():
    story = Story()
    story.reads("42")
    for _ in range(3):
        story.fails()
    assert why(story.alerts[0]) == (
        "It failed",
        "3 checks failed in a row, the first on Wed 10 Jun 2026, 02:00 UTC",
        "the last known balance is 42.00 USD (ok); it may have changed since",
    )


def test_the_same_failure_taken_again_counts_once():
    story = Story()
    said = [story.fails(), *(story.fails(after=0 * HOUR) for _ in range(3))]
    assert said == [[], [], [], []]
    assert story.memory.failing.count == 1


def test_the_same_reading_taken_again_says_and_changes_nothing():
    story = Story(DRAINED)
    for usd in ("100", "90", "10"):
        story.reads(usd)
    before = story.memory
    assert story.reads("10", 0 * HOUR) == []
    assert story.memory == before


def eventful(account="default"):
    story = Story(Rules(RULES.budgets, None, EVERY, DRAIN), account)
    for usd in ("100", "60", "15", "4", "100", "15", "0", "50", "50"):
        story.reads(usd, 7 * HOUR)
    story.now += 30 * HOUR
    story.reads("4", 0 * HOUR)  # over and opened again in one instant
    story.reads("400", 0 * HOUR)
    story.reads("4", 0 * HOUR)
    story.fails(CheckError.AUTH)
    story.reads("100", 30 * HOUR)
    return story


def test_every_notification_has_an_id_of_its_own_and_the_same_run_gives_the_same_ids():
    first, again, other = eventful(), eventful(), eventful("research")
    ids = [alert.id for alert in first.alerts]
    assert len(ids) > 10
    assert len(set(ids)) == len(ids)
    assert ids == [alert.id for alert in again.alerts]
    assert not set(ids) & {alert.id for alert in other.alerts}


def test_a_condition_that_can_not_be_judged_hides_no_other_and_forgets_nothing():
    story = Story(DRAINED)
    story.reads("100")
    assert story.reads("50") == ["alert fast_drain critical"]
    story.rules = Rules(RULES.budgets, None, EVERY, DrainRule(None, HOUR))
    assert story.reads("4") == ["alert low_balance critical"]
    assert story.broken == ("fast_drain (TypeError)",)
    assert len(story.memory.episodes) == 2


# An account on another site of its provider.


def test_another_region_is_another_account_s_money_and_nothing_of_the_first_is_told():
    low = Reading((Balance("USD", Decimal(4)),))
    first = decide(Memory(), low, RULES, Account("moonshot", "x", "ai"), NOW)
    assert [alert.kind for alert in first.alerts] == ["alert"]
    assert first.memory.region == "ai"
    [(key, episode)] = first.memory.episodes.items()
    unheard = {key: Unpublished(Kind.ALERT, episode.severity, replace(episode, step=0))}
    rich = Reading((Balance("USD", Decimal(400)),))
    moved = decide(
        first.memory, rich, RULES, Account("moonshot", "x", "cn"), NOW + HOUR, unpublished=unheard
    )
    assert (moved.memory.region, moved.alerts, dict(moved.memory.episodes)) == ("cn", (), {})
    assert moved.superseded == {key}
    assert moved.memory.rows["USD"].history.first == NOW + HOUR


def test_an_entry_that_names_no_region_for_a_while_forgets_nothing():
    rich = Reading((Balance("USD", Decimal(400)),))
    before = decide(Memory(), rich, RULES, Account("moonshot", "x", "cn"), NOW).memory
    failure = Failure(CheckError.CONFIG, "Its region should be ai or cn.")
    after = decide(before, failure, RULES, Account("moonshot", "x"), NOW + HOUR).memory
    assert (after.region, after.rows) == ("cn", before.rows)
