"""Any order of runs, crashes, overlaps, silences and failures, while somebody listens or nobody does.

The model is a set: after a crash nobody knows whether the observation was stored, so both stories
are possible, and what was told must be one of them.
"""

from collections import Counter
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from moto import mock_aws

from jobs.errors import GuardError
from local.sandbox import serving
from tests.conftest import aws_environment
from tests.faults.frozen import Frozen
from tests.faults.interrupt import AFTER, BEFORE, Calls
from tests.world import DEEPSEEK_KEY, START, World

# Far enough from each other that no margin is in play.
BALANCES = {"100": "ok", "15": "warning", "3": "critical", "0": "exhausted"}
LATER = timedelta(hours=13)  # two of them are more than a day
RANK = list(BALANCES.values())


@dataclass(frozen=True)
class Story:
    """What a person was told of one account, and what the guard thinks.

    `unheard` is a word about the balance that nobody could hear, with the severity that it tells.
    """

    told: tuple = ()
    severity: str = "ok"
    failures: int = 0
    announced: bool = False
    unheard: tuple | None = None

    def reads(self, severity, *, heard):
        """The story after a check that read a balance of this severity."""
        told, word = self.told, None
        if self.announced and heard:
            told += (("check_failing", "recovery", "ok"),)
        if severity == "ok" != self.severity:
            word = ("low_balance", "recovery", "ok")
        elif RANK.index(severity) > RANK.index(self.severity):
            word = ("low_balance", "alert", severity)
        announced = self.announced and not heard
        if word and not heard:
            return Story(told, self.severity, 0, announced, (word, severity))
        return Story((*told, *[word] * bool(word)), severity, 0, announced)

    def fails(self, *, heard):
        """The story after a check that failed: of the balance nothing newer is known."""
        story = replace(self, failures=self.failures + 1)
        if heard and self.unheard:
            word, severity = self.unheard
            story = replace(story, told=(*self.told, word), severity=severity, unheard=None)
        if story.failures < 3 or self.announced or not heard:
            return story
        told = (*story.told, ("check_failing", "alert", "warning"))
        return replace(story, told=told, announced=True)

    def by_condition(self):
        return by_condition(self.told)


def by_condition(told):
    """What was told of each condition, in its order."""
    names = ("low_balance", "check_failing")
    return tuple(tuple(one for one in told if one[0] == name) for name in names)


class Machine(RuleBasedStateMachine):
    """One account; its notifications go one by one."""

    labels = ("default",)

    def __init__(self):
        super().__init__()
        self.open = ExitStack()
        monkeypatch = self.open.enter_context(pytest.MonkeyPatch.context())
        aws_environment(monkeypatch)
        sandbox = self.open.enter_context(serving())
        self.open.enter_context(mock_aws())
        world = World(sandbox, monkeypatch)
        calls = Calls(monkeypatch)
        clock = self.open.enter_context(freeze_time(START))
        for name, value in (("FAST_DRAIN", "off"), ("RUNWAY", "off"), ("REMIND_EVERY", "365d/365d")):
            world.setenv(name, value)
        world.keys({f"deepseek/{label}": DEEPSEEK_KEY for label in self.labels})
        self.frozen, self.world = Frozen(world, clock, calls), world
        self.stories, self.crashes, self.heard = {Story()}, 0, True

    def runs(self):
        """A run, later than the last by so much that no money came back and nothing flaps."""
        with self.failing_where_nobody_hears():
            self.frozen.tick(step=LATER)

    def again(self):
        """The last event once more."""
        with self.failing_where_nobody_hears():
            self.frozen.again()

    def failing_where_nobody_hears(self):
        return nullcontext() if self.heard else suppress(GuardError)

    def teardown(self):
        with self.open:
            # Whatever happened last, two quiet ticks deliver what is still on its way.
            self.somebody_listens(heard=True)
            for _ in range(2):
                self.tick()
            told = [one for mail in self.frozen.told() for one in mail.data.get("alerts", [mail.data])]
            for label in self.labels:
                of_it = {one["id"]: one for one in told if one["account"] == label}
                story = tuple((m["condition"], m["kind"], m["severity"]) for m in of_it.values())
                assert by_condition(story) in {story.by_condition() for story in self.stories}
            repeats = Counter(one["id"] for one in told)
            assert all(times <= 1 + self.crashes for times in repeats.values())
            assert self.frozen.repeats() <= self.crashes

    def observed(self, story):
        if self.world.sandbox.failing:
            return story.fails(heard=self.heard)
        return story.reads(BALANCES[self.usd], heard=self.heard)

    @initialize()
    def begin(self):
        self.usd = "100"
        self.world.deepseek(self.usd)

    @rule(usd=st.sampled_from(list(BALANCES)))
    def the_balance_moves(self, usd):
        self.usd = usd
        self.world.deepseek(usd)

    @rule(fails=st.booleans())
    def the_provider_fails(self, fails):
        self.world.sandbox.failing = {"deepseek": 404} if fails else {}

    @rule(heard=st.booleans())
    def somebody_listens(self, heard):
        if heard and not self.heard:
            self.world.somebody_listens()
        if self.heard and not heard:
            self.world.nobody_listens()
        self.heard = heard

    @rule()
    def tick(self):
        self.runs()
        self.stories = {self.observed(story) for story in self.stories}

    @rule(usd=st.sampled_from(list(BALANCES)))
    def a_run_that_nobody_hears(self, usd):
        self.somebody_listens(heard=False)
        self.the_balance_moves(usd)
        self.tick()
        self.somebody_listens(heard=True)

    @rule(number=st.integers(0, 12), moment=st.sampled_from([BEFORE, AFTER]))
    def crash(self, number, moment):
        with self.failing_where_nobody_hears():
            crashed = False
            crashed = self.frozen.crash((number, moment))
        self.world.now += LATER
        self.crashes += crashed
        seen = {self.observed(story) for story in self.stories}
        self.stories = self.stories | seen if crashed else seen

    @rule()
    def the_same_event_again(self):
        self.runs()
        self.again()
        self.stories = {self.observed(story) for story in self.stories}

    @rule(number=st.integers(0, 4))
    def a_run_within_a_run(self, number):
        with self.frozen.calls.counted(between=(number, self.again)):
            self.runs()
        self.stories = {self.observed(story) for story in self.stories}

    @rule(hours=st.integers(1, 100))
    def silence(self, hours):
        self.world.now += timedelta(hours=hours)


class ManyAtOnce(Machine):
    """Six accounts of the same ways; their notifications go together."""

    labels = tuple("abcdef")


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=40,
    stateful_step_count=16,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestManyAtOnce = ManyAtOnce.TestCase
TestManyAtOnce.settings = settings(TestMachine.settings, max_examples=15)
