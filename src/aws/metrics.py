"""CloudWatch metrics in the Embedded Metric Format: one blob an account, or one of totals for a run.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (
    AmazonCloudWatchEMFProvider,
)

from guard.figures import days
from guard.model import Account, Judged, worst
from guard.totals import Totals


def emit(
    namespace: str,
    account: Account,
    judged: tuple[Judged, ...],
    *,
    ok: bool,
    now: datetime,
    detailed: bool,
) -> None:
    """Print the metrics of one account, for CloudWatch Logs to take up.

    A failed check has no balance and no severity: unknown is no datapoint.
    """
    for blob in blobs(namespace, account, judged, ok=ok, now=now, detailed=detailed):
        _print(blob)


def emit_totals(namespace: str, totals: Totals, now: datetime, shard: str | None = None) -> None:
    """Print what takes the place of a blob for each account: one for all accounts of a run.

    Where there are shards, their counts have a dimension, and so a blob of their own.
    """
    if shard:
        _print(_blob(namespace, _ends(totals), ({},), now))
        emit_counts(namespace, totals, now, shard)
    else:
        _print(blob_of_totals(namespace, totals, now))


def emit_counts(namespace: str, totals: Totals, now: datetime, shard: str) -> None:
    """Print how many accounts of a shard stand where.

    The engine repeats a shard that failed, and a metric comes at least once. So counts are gauges of
    one shard each, of which the dashboard adds the maxima.
    """
    _print(_blob(namespace, _counts(totals), ({"Shard": shard},), now))


def emit_unchecked(namespace: str, unchecked: int, now: datetime) -> None:
    """Print how many accounts a run had no time for, beside the blobs for those that it checked."""
    _print(_blob(namespace, {"ChecksLeft": unchecked}, ({},), now))


def blob_of_totals(namespace: str, totals: Totals, now: datetime) -> dict[str, Any]:
    """One EMF blob without dimensions; what isn't known, or was not tried, is no datapoint.

    `Severity` and `CheckSucceeded` are the same metrics as those of `emit` without dimensions, so
    that the alarms on them go on.
    """
    return _blob(namespace, {**_counts(totals), **_ends(totals)}, ({},), now)


def _counts(totals: Totals) -> dict[str, float]:
    """What adds up over shards."""
    counts = {f"Accounts{severity.word.title()}": n for severity, n in totals.counts.items()}
    return {**counts, "ChecksFailed": totals.failed}


def _ends(totals: Totals) -> dict[str, float]:
    """What goes by its maximum or its minimum, over shards as over accounts."""
    figures: dict[str, float] = {"ChecksLeft": totals.unchecked}
    if totals.read + totals.failed:
        figures["CheckSucceeded"] = int(not totals.failed)
    if totals.worst is not None:
        figures["Severity"] = totals.worst
    if totals.least_runway is not None:
        figures["RunwayDays"] = days(totals.least_runway)
    return figures


def blobs(
    namespace: str,
    account: Account,
    judged: tuple[Judged, ...],
    *,
    ok: bool,
    now: datetime,
    detailed: bool,
) -> Iterator[dict[str, Any]]:
    """One EMF blob for the account with its first balance, and one for each further currency.

    A blob can hold a metric once only, so two currencies can't share one.
    """
    names = {"Provider": account.provider, "Account": account.label}
    figures: dict[str, float] = {"CheckSucceeded": int(ok)}
    if ok and judged:
        figures["Severity"] = worst(one.severity for one in judged)
    whole = _blob(namespace, figures, ({}, names), now)
    if judged:
        first, *others = (_of_balance(namespace, one, names, now, detailed=detailed) for one in judged)
        directives = [*whole["_aws"]["CloudWatchMetrics"], *first["_aws"]["CloudWatchMetrics"]]
        yield {**whole, **first, "_aws": {**whole["_aws"], "CloudWatchMetrics": directives}}
        yield from others
    else:
        yield whole


def _print(blob: Mapping[str, Any]) -> None:
    print(json.dumps(blob, separators=(",", ":"), allow_nan=False))  # noqa: T201 - EMF is printed


def _of_balance(
    namespace: str, one: Judged, names: Mapping[str, str], now: datetime, *, detailed: bool
) -> dict[str, Any]:
    figures = {"Balance": float(one.balance.amount)}
    if one.runway is not None:
        figures["RunwayDays"] = days(one.runway)
    if detailed and one.burn_per_day is not None:
        figures["BurnPerDay"] = float(one.burn_per_day)
    if detailed:
        for name, amount in one.balance.components.items():
            figures[name.title().replace("_", "")] = float(amount)
    return _blob(namespace, figures, ({**names, "Currency": one.balance.currency},), now)


def _blob(
    namespace: str,
    figures: Mapping[str, float],
    dimension_sets: tuple[Mapping[str, str], ...],
    now: datetime,
) -> dict[str, Any]:
    # The provider itself rather than `Metrics`, which keeps one set of dimensions for the whole
    # process; and no service, which would become a dimension.
    metrics = AmazonCloudWatchEMFProvider(namespace=namespace, service="")
    for name, value in figures.items():
        metrics.add_metric(name=name, unit=MetricUnit.NoUnit, value=value)
    first, *others = dimension_sets
    for name, label in first.items():
        metrics.add_dimension(name=name, value=label)
    for dimensions in others:
        metrics.add_dimensions(**dimensions)
    # Set directly: `set_timestamp` warns of every time that CloudWatch would skip, in a replay too.
    metrics.timestamp = int(now.timestamp() * 1000)
    return {
        name: value[0] if isinstance(value, list) else value
        for name, value in metrics.serialize_metric_set().items()
    }
