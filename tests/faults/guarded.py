"""A guard with low accounts at a provider that will misbehave, and a healthy one at the other."""

import re
import time

import pytest

from providers import PROVIDERS

# Of no words that the guard uses, so that a part of one is found only where it leaked.
# pragma: allowlist nextline secret - made up
KEYS = {"deepseek": "sk-Qz7Xw3Kp9VtLm2RbYc8N", "novita": "sk_Hj4Fd6Gs1ZxUe5WoTa0P"}
# An API of an entry's own.
OWN = {"url": "https://api.example.com/v1/me", "balance": "left", "currency": "USD"}
OWN_KEY = "Vm-Lw8Tq2Zx6Hr4Nd1Jc"
ACCOUNT_SECONDS, RUN_SECONDS = 10, 25  # the contract's bounds
AT_ONCE = 30  # accounts that are surely checked side by side, so that a run takes what one takes
# What no other try would heal is said at once, and how bad it is.
SAID_AT_ONCE = {"auth": "warning", "permission": "warning", "billing": "critical"}


class Guarded:
    """An account for each case at `provider`, every one at `warning` until it is misled."""

    def __init__(self, world, provider, upstream, emitted):
        self.world, self.provider = world, provider
        self.upstream, self.emitted = upstream, emitted
        self.neighbour = "novita" if provider == "deepseek" else "deepseek"
        self.key = KEYS.get(provider, OWN_KEY)
        self.keys, self.took = {}, 0.0

    def watch(self, *cases):
        """Open an account for each case, and see it stand at `warning`."""
        self.keys = {case: f"{self.key}{n:03}" for n, case in enumerate(cases)}
        entries = {f"{self.provider}/{label(case)}": self.entry(key) for case, key in self.keys.items()}
        self.world.keys({self.neighbour: KEYS[self.neighbour], **entries})
        for key in self.keys.values():
            if self.provider == "deepseek":
                self.world.sandbox.fund(key, USD="15")
            elif self.provider == "novita":
                self.world.sandbox.lend(key, "15")
            else:
                own = PROVIDERS[self.provider].of_entry(OWN)
                self.world.sandbox.record(own, key, 200, b'{"left": 15}')
        self.mislead(self.world.sandbox.url)
        assert set(self.of_each(self.tick(), "severity").values()) == {"warning"}
        assert set(self.world.said()) == {("alert", "low_balance", "warning")}

    def entry(self, key):
        """What the secret has of an account with this key."""
        return {"api_key": key, **OWN} if self.provider == "custom" else key

    def mislead(self, url):
        """Let the provider be at this origin from now on."""
        self.world.setenv(f"{self.provider.upper()}_URL", url)

    def tick(self, seconds_left=60):
        self.emitted.forget_printed()
        begun = time.monotonic()
        with self.emitted:
            summary = self.world.tick(seconds_left=seconds_left)
        self.took = time.monotonic() - begun
        assert self.took <= min(RUN_SECONDS, seconds_left)
        self.emitted.returned(summary)
        return summary

    def of_each(self, summary, name):
        """One member of the account of each case."""
        read = {a["account"]: a for a in summary["accounts"] if a["provider"] == self.provider}
        return {case: read[label(case)].get(name) for case in self.keys}

    def assert_fail(self, faults, url=None, seconds_left=60):
        """Play each script; see it fail as its class, and change nothing else.

        `faults` maps a case to its script and its class.
        """
        self.watch(*faults)
        self.upstream.scripts = {self.keys[case]: script for case, (script, _) in faults.items()}
        self.mislead(url or self.upstream.url)
        summary = self.tick(seconds_left)
        if len(faults) <= AT_ONCE:
            assert self.took <= ACCOUNT_SECONDS
        assert self.of_each(summary, "error") == {case: error for case, (_, error) in faults.items()}
        assert set(self.of_each(summary, "status").values()) == {"failed"}
        assert all(balances == [] for balances in self.of_each(summary, "balances").values())
        self.assert_neighbour_is_well(summary)
        metrics = self.emitted.metrics()
        for case in faults:
            assert metrics[self.provider, label(case)] == {"CheckSucceeded": 0}
        said_at_once = sum(error in SAID_AT_ONCE for _, error in faults.values())
        self.assert_said("alert", said_at_once)
        self.assert_clean()
        self.assert_severities_stood(recoveries=said_at_once)

    def assert_read(self, answers):
        """Play each script; see the odd answer understood, as a severity and a balance."""
        self.watch(*answers)
        self.upstream.scripts = {self.keys[case]: script for case, (script, *_) in answers.items()}
        self.mislead(self.upstream.url)
        summary = self.tick()
        balances = self.of_each(summary, "balances")
        severities = self.of_each(summary, "severity")
        found = {case: (severities[case], *(b["balance"] for b in balances[case])) for case in answers}
        assert found == {case: tuple(expected) for case, (_, *expected) in answers.items()}
        self.assert_neighbour_is_well(summary)
        self.assert_clean()

    def assert_said(self, kind, times):
        said = self.world.said()
        assert [(k, condition) for k, condition, _ in said] == [(kind, "check_failing")] * times

    def assert_neighbour_is_well(self, summary):
        [well] = [a for a in summary["accounts"] if a["provider"] == self.neighbour]
        assert (well["status"], well["severity"]) == ("ok", "ok")
        metrics = self.emitted.metrics()[self.neighbour, "default"]
        assert metrics == {"CheckSucceeded": 1, "Severity": 0, "Balance": 100}

    def assert_severities_stood(self, *, recoveries):
        """The next good answers find the accounts as low as they were: nothing more is said of it."""
        self.mislead(self.world.sandbox.url)
        assert set(self.of_each(self.tick(), "severity").values()) == {"warning"}
        self.assert_said("recovery", recoveries)

    def assert_clean(self):
        self.emitted.assert_clean(self.world, *KEYS.values(), self.key, *self.keys.values())


def label(case):
    """The case as the label of an account."""
    return re.sub(r"[^A-Za-z0-9.-]", "-", case)[:64]


def guarded_at(*providers):
    """A fixture: a guard that each of these is about to mislead, with a healthy account elsewhere."""

    @pytest.fixture(params=providers)
    def guarded(request, world, upstream, emitted):
        return Guarded(world, request.param, upstream, emitted)

    return guarded
