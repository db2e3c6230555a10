"""The only reader of the environment: every setting, parsed once, and every bad value named."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from config.grammar import (
    SettingsError,
    budgets,
    choice,
    count,
    fast_drain,
    namespace,
    origin,
    remind_every,
    runway,
    shards,
    time_zone,
)
from guard.model import Rules
from providers import PROVIDERS

BUDGETS = "20/5 USD, 150/35 CNY"  # 20 USD are a morning's work to spend, and 5 an hour's
# Providers with a budget of their own, and with a choice of what is the balance.
OWN_BUDGETS = {"deepseek": BUDGETS, "novita": "20/5 USD"}
WATCHED = {"novita": ("available", "cash")}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the environment says, parsed.

    `shards` are further secrets, which a run takes when its event names them. `rules` and `origins` are
    keyed by the provider's name; an origin is there only where one is given in place of the provider's
    own. Beyond `per_account_metrics` accounts there are no metrics of each, but only totals. Texts for
    people have their times in `zone`.
    """

    secret: str
    shards: tuple[str, ...]
    table: str
    topic: str
    rules: Mapping[str, Rules]
    origins: Mapping[str, str]
    namespace: str
    detailed_metrics: bool
    per_account_metrics: int
    ops_topic: str | None
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class DigestSettings:
    """What the digest has to know of the environment; it needs no API keys."""

    table: str
    topic: str
    ops_topic: str | None
    zone: tzinfo
    paused: bool


def from_environment() -> Settings:
    """Read `os.environ`; raises `SettingsError`."""
    return read(os.environ)


def read(env: Mapping[str, str]) -> Settings:
    """Parse the variables of the contract's section 2; raises `SettingsError`."""
    return Settings(
        secret=_required(env, "API_KEYS_SECRET"),
        shards=shards("SHARDS", env.get("SHARDS", ""), env["API_KEYS_SECRET"].strip()),
        table=_required(env, "STATE_TABLE"),
        topic=_required(env, "ALERTS_TOPIC"),
        rules=_rules(env),
        origins=dict(_origins(env)),
        namespace=namespace("METRICS_NAMESPACE", env.get("METRICS_NAMESPACE", "BudgetGuard")),
        detailed_metrics=choice(
            "DETAILED_METRICS", env.get("DETAILED_METRICS", "false"), ("true", "false")
        )
        == "true",
        per_account_metrics=count("PER_ACCOUNT_METRICS", env.get("PER_ACCOUNT_METRICS", "10")),
        ops_topic=_optional(env, "OPS_TOPIC"),
        zone=time_zone("TIME_ZONE", env.get("TIME_ZONE", "UTC")),
    )


def for_digest() -> DigestSettings:
    """Read `os.environ` for the digest; raises `SettingsError`."""
    return read_for_digest(os.environ)


def read_for_digest(env: Mapping[str, str]) -> DigestSettings:
    """Parse the digest's variables; raises `SettingsError`."""
    return DigestSettings(
        table=_required(env, "STATE_TABLE"),
        topic=_required(env, "ALERTS_TOPIC"),
        ops_topic=_optional(env, "OPS_TOPIC"),
        zone=time_zone("TIME_ZONE", env.get("TIME_ZONE", "UTC")),
        paused=choice("SCHEDULE_STATE", env.get("SCHEDULE_STATE", "ENABLED"), ("ENABLED", "DISABLED"))
        == "DISABLED",
    )


def _rules(env: Mapping[str, str]) -> dict[str, Rules]:
    """The rules of each provider. None is imported for that."""
    for_all = Rules(
        budgets=budgets("BUDGETS", env.get("BUDGETS", BUDGETS)),
        runway=runway("RUNWAY", env.get("RUNWAY", "7d/2d")),
        remind_every=remind_every("REMIND_EVERY", env.get("REMIND_EVERY", "24h/6h")),
        fast_drain=fast_drain("FAST_DRAIN", env.get("FAST_DRAIN", "25%/1h")),
    )
    rules = dict.fromkeys(PROVIDERS, for_all)
    for name, default in OWN_BUDGETS.items():
        variable = f"{name.upper()}_BUDGET"
        rules[name] = replace(rules[name], budgets=budgets(variable, env.get(variable, default)))
    for name, figures in WATCHED.items():
        variable = f"{name.upper()}_WATCH"
        watch = choice(variable, env.get(variable, figures[0]), figures)
        rules[name] = replace(rules[name], watch=watch)
    return rules


def _origins(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in PROVIDERS:
        variable = f"{name.upper()}_URL"
        if text := env.get(variable):
            yield name, origin(variable, text)


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise SettingsError(
            f"{name} is not set. The template sets it; deploy the stack with 'sam deploy'."
        )
    return value


def _optional(env: Mapping[str, str], name: str) -> str | None:
    return env.get(name, "").strip() or None
