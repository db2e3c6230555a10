"""A run that ends at any AWS call, before it or after: nothing is lost, and little is said twice."""

from itertools import product

from tests.faults.interrupt import points
from tests.world import DEEPSEEK_KEY, START

TICKS_TO_RECOVER = 2


def recovered(frozen):
    for _ in range(TICKS_TO_RECOVER):
        frozen.tick()
    return frozen.kinds()


def fresh(frozen, usd="4"):
    """Forget everything, as if just deployed; the balance stands at `usd`."""
    frozen.anew()
    frozen.world.deepseek(usd)


def calls_of_an_alerting_run(frozen):
    with frozen.calls.counted() as calls:
        frozen.tick()
    fresh(frozen)
    return calls.names


def test_an_alerting_run_claims_before_it_publishes_and_acknowledges_after(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    names = calls_of_an_alerting_run(frozen)
    asking = ["ListSubscriptionsByTopic", "GetSubscriptionAttributes"]
    assert names == ["GetSecretValue", "BatchGetItem", *asking, "PutItem", "Publish", "UpdateItem"]


def test_a_quiet_run_makes_one_write_per_account_and_one_read_for_all_of_them(frozen):
    frozen.tick()
    with frozen.calls.counted() as calls:
        frozen.tick()
    assert sorted(calls.names) == ["BatchGetItem", "GetSecretValue", "PutItem", "PutItem"]


def test_at_any_moment_at_most_one_alert_is_published_and_not_acknowledged(frozen):
    frozen.world.keys({f"deepseek/{n}": DEEPSEEK_KEY for n in range(5)})
    frozen.world.deepseek("4")
    with frozen.calls.counted() as calls:
        frozen.tick()
    said = [name for name in calls.names if name in {"Publish", "UpdateItem"}]
    assert said == ["Publish", "UpdateItem"] * 5


def test_after_a_crash_at_any_call_each_alert_arrives_and_at_most_one_twice(frozen):
    frozen.world.novita("3")
    frozen.world.deepseek("4")
    expected = {("deepseek", "alert", "critical"), ("novita", "alert", "critical")}
    for point in points(calls_of_an_alerting_run(frozen)):
        assert frozen.crash(point), point
        told = recovered(frozen)
        assert set(told) == expected, point
        assert frozen.repeats() == len(told) - 2 <= 1, point
        fresh(frozen)


def test_after_a_crash_among_several_alerts_of_one_account_at_most_one_comes_twice(frozen):
    frozen.world.setenv("FAST_DRAIN", "25%/1h")
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})

    def drained():
        fresh(frozen, "100")
        frozen.tick()
        frozen.world.deepseek("15")

    drained()
    with frozen.calls.counted() as calls:
        frozen.tick()
    assert calls.names.count("Publish") == 2
    for point in points(calls.names):
        drained()
        assert frozen.crash(point), point
        recovered(frozen)
        conditions = [mail.data["condition"] for mail in frozen.told()]
        assert set(conditions) == {"low_balance", "fast_drain"}, point
        assert frozen.repeats() == len(conditions) - 2 <= 1, point


def test_after_two_crashes_at_any_calls_the_alert_arrives_and_at_most_two_more_times(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    alerting = points(calls_of_an_alerting_run(frozen))
    for pair in product(alerting, alerting):
        crashes = sum(frozen.crash(point) for point in pair)
        told = recovered(frozen)
        assert set(told) == {("deepseek", "alert", "critical")}, pair
        assert frozen.repeats() == len(told) - 1 <= crashes, pair
        fresh(frozen)


def test_a_crash_on_the_way_from_alert_to_recovery_loses_neither(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    for point in points(calls_of_an_alerting_run(frozen)):
        frozen.tick()
        frozen.world.deepseek("100")
        assert frozen.crash(point), point
        told = recovered(frozen)
        assert list(dict.fromkeys(told)) == [
            ("deepseek", "alert", "critical"),
            ("deepseek", "recovery", "ok"),
        ], point
        assert frozen.repeats() <= 1
        fresh(frozen)


def test_an_alert_that_was_claimed_arrives_even_if_the_balance_recovers_meanwhile(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    publish = calls_of_an_alerting_run(frozen).index("Publish")
    frozen.crash((publish, "before"))
    frozen.world.deepseek("100")
    assert recovered(frozen) == [("deepseek", "alert", "critical"), ("deepseek", "recovery", "ok")]


def test_a_lease_that_has_not_lapsed_is_left_to_its_owner(frozen):
    frozen.world.keys({"deepseek": DEEPSEEK_KEY})
    frozen.world.deepseek("4")
    publish = calls_of_an_alerting_run(frozen).index("Publish")
    frozen.crash((publish, "before"))
    frozen.clock.move_to(START)
    frozen.world.run({})
    assert frozen.kinds() == []
    frozen.tick()
    assert frozen.kinds() == [("deepseek", "alert", "critical")]
