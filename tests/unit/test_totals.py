"""All accounts in a few figures."""

from datetime import timedelta
from decimal import Decimal

from guard.model import Balance, Judged, Severity
from guard.totals import Totals

DAY = timedelta(days=1)


def judged(severity, runway=None, currency="USD"):
    return Judged(Balance(currency, Decimal(9)), severity, None, runway)


def test_accounts_are_counted_by_their_worst_balance_and_the_least_runway_is_that_of_any():
    totals = Totals.of(
        [
            (judged(Severity.OK, 9 * DAY), judged(Severity.WARNING, 30 * DAY, "CNY")),
            (judged(Severity.CRITICAL),),
            (judged(Severity.OK, 4 * DAY),),
            (judged(Severity.OK),),
        ],
        previous=[],
        failed=2,
        unchecked=5,
    )
    assert totals.worst is Severity.CRITICAL
    assert totals.least_runway == 4 * DAY
    assert totals.counts == {
        Severity.OK: 2,
        Severity.WARNING: 1,
        Severity.CRITICAL: 1,
        Severity.EXHAUSTED: 0,
    }
    assert (totals.read, totals.failed, totals.unchecked) == (4, 2, 5)


def test_a_balance_that_is_used_up_has_the_least_runway_of_all():
    exhausted = judged(Severity.EXHAUSTED, timedelta(0))
    totals = Totals.of([(judged(Severity.OK, DAY),), (exhausted,)], [], failed=0, unchecked=0)
    assert (totals.worst, totals.least_runway) == (Severity.EXHAUSTED, timedelta(0))


def test_where_no_account_could_be_judged_nothing_is_known_and_nothing_is_zero():
    totals = Totals.of([(), ()], [], failed=2, unchecked=3)
    assert totals.worst is totals.least_runway is None
    assert set(totals.counts.values()) == {0}
    assert totals.read == 0


def test_a_runway_that_is_not_known_is_not_the_least():
    assert Totals.of([(judged(Severity.OK),)], [], failed=0, unchecked=0).least_runway is None


def test_an_account_that_could_not_be_read_stands_where_it_stood():
    totals = Totals.of([(judged(Severity.OK, DAY),)], [Severity.CRITICAL], failed=1, unchecked=0)
    assert totals.worst is Severity.CRITICAL
    assert (totals.counts[Severity.OK], totals.counts[Severity.CRITICAL]) == (1, 1)
    assert (totals.read, totals.least_runway) == (1, DAY)
