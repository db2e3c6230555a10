"""What the stack costs in a month: the template's resources and a quiet run's use, at AWS's prices.

Nothing here is a count of its own: what is deployed comes from the translated template, what a run
uses from runs of the real handlers. What can't be seen without AWS is assumed, and says so.

Not counted: what you do yourself (deploy, look at the dashboard, query the log, send a test), the
answers of the providers and the requests to them (a few MB a month, of 100 GB that are free), and
what a failure costs.
"""

import io
import json
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from math import ceil
from typing import Any, NamedTuple, cast
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from jobs import check
from local.sandbox import serving
from tests import stack
from tests.conftest import aws_environment
from tests.world import DEEPSEEK_KEY, NOVITA_KEY, QUARTER, World

# Assumed. A cold start and a run of two accounts took 1.2 to 1.3 s at 768 MB with providers that answer
# in half a second (`benchmarks/speed/memory.py`). The start is billed (since August 2025), and at a run
# every 15 minutes nearly every run has one. The rest is for slow providers.
# https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
BILLED_SECONDS = Decimal(2)
# Assumed. What each account adds to a run, in seconds of one whole core: twice what `make bench`
# measures. Lambda gives CPU by memory, a core at 1,769 MB, so that the price is the same at any.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
CORE_SECONDS, CORE_MEGABYTES = Decimal("0.015"), 1769
# Assumed. Alerts, reminders, recoveries and alarms, each as one mail; the digests come on top.
MAILS_EACH = 15
# Assumed. Lambda's own four lines about a run: INIT_START, START, END and REPORT.
# https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
PLATFORM_LINES, PLATFORM_BYTES = 4, 700
# CloudWatch Logs adds this to every line.
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
LINE_BYTES = 26
# Several items in a call cost what each would alone.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
READ_UNIT, WRITE_UNIT = 4096, 1024
READ_BY_KEY = ("GetItem", "BatchGetItem")
STANDARD_SECONDS = 60  # the shortest period of an alarm of standard resolution
FREE_BOARD = 50  # metrics
HOURS = Decimal(730)  # a month, as AWS's own calculator has it
GB = Decimal(1024**3)
MILLION = Decimal(1_000_000)
LIMIT = int(stack.source()["Parameters"]["PerAccountMetrics"]["Default"])

type Call = tuple[str, str]
"""A service of AWS, and its operation."""
type Calls = Mapping[Call, Decimal]
type Item = dict[str, Any]
type Metric = tuple[str, str, tuple[tuple[str, str], ...]]
"""Namespace, name, and dimensions."""
type Month = Mapping[str, Decimal]
"""How much of each priced thing, by the names of `PRICES`."""

LAMBDA = "https://aws.amazon.com/lambda/pricing/"
SCHEDULER = "https://aws.amazon.com/eventbridge/pricing/"
CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
SECRETS = "https://aws.amazon.com/secrets-manager/pricing/"  # pragma: allowlist secret - a page
SNS = "https://aws.amazon.com/sns/pricing/"
SQS = "https://aws.amazon.com/sqs/pricing/"
KMS = "https://aws.amazon.com/kms/pricing/"
STATES = "https://aws.amazon.com/step-functions/pricing/"


class Price(NamedTuple):
    """What one costs, where AWS says so, and how many of them are free every month, for ever."""

    each: Decimal
    source: str
    free: Decimal = Decimal(0)


# List prices of us-east-1 in 2026, without volume discounts. What is free for the first
# twelve months only, or comes as a credit for new accounts, is not counted as free.
PRICES = {
    "runs": Price(Decimal("0.20") / MILLION, LAMBDA, MILLION),
    "GB-seconds on arm64": Price(Decimal("0.0000133334"), LAMBDA, Decimal(400_000)),
    "GB-seconds on x86_64": Price(Decimal("0.0000166667"), LAMBDA, Decimal(400_000)),
    "starts": Price(Decimal("1.00") / MILLION, SCHEDULER, 14 * MILLION),
    "metrics": Price(Decimal("0.30"), CLOUDWATCH, Decimal(10)),
    "alarm metrics": Price(Decimal("0.10"), CLOUDWATCH, Decimal(10)),
    "dashboards": Price(Decimal("3.00"), CLOUDWATCH, Decimal(3)),
    "dashboards of over 50 metrics": Price(Decimal("3.00"), CLOUDWATCH),
    # Five gigabytes are free for taking in, keeping and searching together; here a half for each.
    "GB taken in": Price(Decimal("0.50"), CLOUDWATCH, Decimal("2.5")),
    "GB of log kept": Price(Decimal("0.03"), CLOUDWATCH, Decimal("2.5")),
    # Halved in November 2024. The free requests are those of provisioned capacity, not on demand.
    "read units": Price(Decimal("0.125") / MILLION, DYNAMODB),
    "write units": Price(Decimal("0.625") / MILLION, DYNAMODB),
    "GB of items": Price(Decimal("0.25"), DYNAMODB, Decimal(25)),
    # Point-in-time recovery, for the size of the table.
    "GB kept for recovery": Price(Decimal("0.20"), DYNAMODB),
    "secrets": Price(Decimal("0.40"), SECRETS),
    "secret reads": Price(Decimal("0.05") / 10_000, SECRETS),
    "SNS requests": Price(Decimal("0.50") / MILLION, SNS, MILLION),
    "mails": Price(Decimal("2.00") / 100_000, SNS, Decimal(1000)),
    "SQS requests": Price(Decimal("0.40") / MILLION, SQS, MILLION),
    "state transitions": Price(Decimal("0.025") / 1000, STATES, Decimal(4000)),
    "KMS keys": Price(Decimal("1.00"), KMS),
    "KMS requests": Price(Decimal("0.03") / 10_000, KMS, Decimal(20_000)),
}


# What a run uses.


@dataclass(frozen=True)
class Measured:
    """What so many checks and one digest used.

    Calls are by service and operation; `asked` are the items that they read by their keys, however
    many a call; `items` are the sizes in bytes of what the table holds then. In a stack of several
    `secrets` it is so for each of them.
    """

    accounts: int
    ticks: int
    calls: Counter[Call]
    asked: int
    log_bytes: int
    metrics: frozenset[Metric]
    digest_calls: Counter[Call]
    digest_asked: int
    digest_log_bytes: int
    items: tuple[int, ...]
    secrets: int = 1


MACHINE = "EachShard"
CHECKS = 8  # each is like the next, but for some digits
# So that the memory of every account is as long as it gets: 28 days, and the readings of the last day.
HISTORY = [timedelta(hours=5)] * 140 + [QUARTER] * 112


def measured(
    accounts: int, *, ticks: int = CHECKS, detailed: bool = False, limit: int = LIMIT, secrets: int = 1
) -> Measured:
    """Run some checks and a digest, after two weeks in which every account spends steadily.

    Half of the accounts are DeepSeek's and half Novita AI's, each with one currency. Past `limit` of
    them only totals are measured. With several `secrets` each has so many accounts.
    """
    run = _measured(accounts, ticks, detailed=detailed, limit=limit, sharded=secrets > 1)
    return replace(run, secrets=secrets)


@cache
def _measured(accounts: int, ticks: int, *, detailed: bool, limit: int, sharded: bool) -> Measured:
    lived = _lived()  # in a world of its own, and before this one
    with _guard(accounts, detailed=detailed, limit=limit, sharded=sharded) as guard:
        guard.remember(lived)
        calls, asked, printed = guard.watched(lambda: [guard.tick(QUARTER) for _ in range(ticks)])
        digest_calls, digest_asked, digest_printed = guard.watched(guard.world.digest)
        return Measured(
            accounts=accounts,
            ticks=ticks,
            calls=calls,
            asked=asked,
            log_bytes=_log_bytes(printed, ticks),
            metrics=frozenset(_metrics(printed)),
            digest_calls=digest_calls,
            digest_asked=digest_asked,
            digest_log_bytes=_log_bytes(digest_printed, 1),
            items=tuple(_size({"M": item}) for item in guard.items()),
        )


@cache
def _lived() -> list[Item]:
    """The items of two accounts after the history, one of each provider."""
    with _guard(2, detailed=False, limit=LIMIT, sharded=False) as guard:
        guard.watched(lambda: [guard.tick(step) for step in HISTORY])
        by_key = {item["account"]["S"]: item for item in guard.items()}
    return [by_key["deepseek/default"], by_key["novita/default"]]


@contextmanager
def _guard(accounts: int, *, detailed: bool, limit: int, sharded: bool) -> Iterator["_Guard"]:
    with ExitStack() as stacked:
        changed = stacked.enter_context(pytest.MonkeyPatch.context())
        aws_environment(changed)
        changed.setenv("DETAILED_METRICS", str(detailed).lower())
        changed.setenv("PER_ACCOUNT_METRICS", str(limit))
        changed.setenv("SHARDS", stack.SHARDS[0] if sharded else "")
        # Function, providers and AWS share a process here: fewer at once, so that nobody waits long.
        changed.setattr(check, "WORKERS", 8)
        sandbox = stacked.enter_context(serving())
        stacked.enter_context(mock_aws())
        changed.setattr(boto3, "DEFAULT_SESSION", boto3.Session())
        yield _Guard(World(sandbox, changed), accounts)


class _Guard:
    """A deployed guard with its accounts and one confirmed mail address, whose use is counted."""

    def __init__(self, world: World, accounts: int) -> None:
        self.world, self._ticks = world, 0
        self._calls: list[Call] = []
        self._asked: list[int] = []
        # The client of every part of the guard comes from this one session.
        cast("boto3.Session", boto3.DEFAULT_SESSION).events.register("before-call", self._count)
        self._entries = [_entry(number) for number in range(accounts)]
        world.keys(dict(self._entries))
        for topic in (world.topic, world.ops_topic):
            world.subscribe(topic)

    def remember(self, lived: Sequence[Item]) -> None:
        """Give every account the memory of one of two that have lived through the history."""
        for number, (name, _) in enumerate(self._entries):
            key = name if "/" in name else f"{name}/default"
            item = {**lived[number % 2], "account": {"S": key}}
            self.world.dynamodb.put_item(TableName=self.world.table, Item=item)
        self.world.now += sum(HISTORY, timedelta(0))
        self._ticks = len(HISTORY)

    def items(self) -> list[Item]:
        """All that stands in the table."""
        pages = self.world.dynamodb.get_paginator("scan").paginate(TableName=self.world.table)
        return [item for page in pages for item in page["Items"]]

    def tick(self, step: timedelta) -> dict[str, Any]:
        """One quiet check, and its answer: every account has spent since the last, and unevenly.

        So every reading is worth remembering, with as many digits as are kept.
        """
        self._ticks += 1
        left = 1_000_000 - Decimal("123.47") * self._ticks - Decimal("0.01") * (self._ticks % 7)
        for number, (_, key) in enumerate(self._entries):
            if number % 2:
                self.world.sandbox.lend(key, left)
            else:
                self.world.sandbox.fund(key, USD=left)
        answer: dict[str, Any] = self.world.tick(step, seconds_left=900)
        assert {one["status"] for one in answer["accounts"]} == {"ok"}
        assert answer["alerts"] == []
        return answer

    def watched(self, act: Callable[[], object]) -> tuple[Counter[Call], int, str]:
        """The AWS calls of an act, the items that they ask for by key, and what it prints."""
        printed, logger = io.StringIO(), logging.getLogger("budget-guard")
        with ExitStack() as stacked:
            stacked.enter_context(redirect_stdout(printed))
            # The sandbox complains there of whoever hangs up; the guard says nothing there.
            stacked.enter_context(redirect_stderr(io.StringIO()))
            for handler in logger.handlers:  # they hold the stdout of the time of import
                stacked.enter_context(patch.object(handler, "stream", printed))
            self._calls.clear()
            self._asked.clear()
            act()
        return Counter(self._calls), sum(self._asked), printed.getvalue()

    def _count(self, model: Any, params: Mapping[str, Any], **_rest: object) -> None:
        # Lists, since checks run in threads and counting is no single step.
        self._calls.append((model.service_model.service_name, model.name))
        if model.name == "BatchGetItem":
            tables = json.loads(params["body"])["RequestItems"].values()
            self._asked.append(sum(len(table["Keys"]) for table in tables))
        elif model.name == "GetItem":
            self._asked.append(1)


def _entry(number: int) -> tuple[str, str]:
    """Name and key of an account: the default ones first, then further ones, by turns."""
    providers = (("deepseek", DEEPSEEK_KEY), ("novita", NOVITA_KEY))
    provider, key = providers[number % 2]
    if number < len(providers):
        return provider, key
    return f"{provider}/project-{number}", f"{key}-{number}"


def _log_bytes(printed: str, runs: int) -> int:
    lines = len(printed.splitlines()) + PLATFORM_LINES * runs
    return len(printed.encode()) + PLATFORM_BYTES * runs + LINE_BYTES * lines


def _metrics(printed: str) -> Iterator[Metric]:
    """Every metric that EMF lines make: CloudWatch bills each name with each set of dimensions."""
    for line in printed.splitlines():
        blob = json.loads(line) if line.startswith("{") else {}
        for directive in blob.get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in directive["Dimensions"]:
                where = tuple((name, blob[name]) for name in sorted(dimensions))
                for metric in directive["Metrics"]:
                    yield directive["Namespace"], metric["Name"], where


def _size(value: Mapping[str, Any]) -> int:
    """Bytes of a DynamoDB value, a number counted by its digits.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    if "M" in value:
        return 3 + sum(1 + len(name.encode()) + _size(inner) for name, inner in value["M"].items())
    [text] = value.values()
    return len(text.encode())


# What is deployed.


def month_of(expression: str) -> Decimal:
    """How often a schedule starts in a month; a kind of expression that isn't known is an error."""
    if rate := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression):
        return HOURS / (int(rate[1]) * Decimal({"minute": 1, "hour": 60, "day": 1440}[rate[2]]) / 60)
    cron = re.fullmatch(r"cron\((.+)\)", expression)
    if cron is None:
        raise ValueError(f"not counted yet: {expression}")
    minute, hour, day, month, weekday, year = cron[1].split()
    if (month, year) != ("*", "*") or day not in {"?", "*"}:
        raise ValueError(f"not counted yet: {expression}")
    week = _values(minute, 60) * _values(hour, 24) * _values(weekday, 7)
    return HOURS / 168 * week


def _values(field: str, every: int) -> int:
    if field in {"*", "?"}:
        return every
    if not re.fullmatch(r"\w+(,\w+)*", field):
        raise ValueError(f"not counted yet: {field}")
    return len(field.split(","))


def _parameters(secrets: int) -> dict[str, str]:
    """What the stack of so many secrets is given."""
    return (
        {"Shards": ",".join(f"{stack.SHARDS[0]}{n}" for n in range(1, secrets))} if secrets > 1 else {}
    )


def _starts(secrets: int) -> dict[str, Decimal]:
    """Starts a month, by the logical id of what the scheduler starts."""
    schedules = stack.resources("AWS::Scheduler::Schedule", **_parameters(secrets)).values()
    return {
        _named(schedule["Target"]["Arn"]): month_of(schedule["ScheduleExpression"])
        for schedule in schedules
        if schedule.get("State") != "DISABLED"
    }


def _named(arn: Mapping[str, Any]) -> str:
    return str(arn["Ref"] if "Ref" in arn else arn["Fn::GetAtt"][0])


def runs_of(secrets: int) -> dict[str, Decimal]:
    """Runs a month, by the logical id of the function."""
    starts = _starts(secrets)
    ticks = starts.pop(MACHINE, None)
    return starts if ticks is None else {**starts, "CheckBalances": ticks * secrets}


def _transitions(secrets: int) -> Decimal:
    """State transitions a month: those of the way that leads to the end, and one step a secret.

    The start counts as well, by the examples of AWS's page.
    """
    if secrets == 1:
        return Decimal(0)
    machine = stack.source()["Resources"][MACHINE]["Properties"]["Definition"]
    states, name, passed = machine["States"], machine["StartAt"], 1
    while name:
        passed += 1
        name = states[name].get("Next") or states[name].get("Default")
    return _starts(secrets)[MACHINE] * (passed + secrets)


def alarm_metrics(secrets: int = 1) -> int:
    """Metrics that alarms watch, which is what AWS bills; each must be of standard resolution."""
    alarms = stack.resources("AWS::CloudWatch::Alarm", **_parameters(secrets)).values()
    queries = [query for alarm in alarms for query in alarm.get("Metrics", [{"MetricStat": alarm}])]
    watched = [query["MetricStat"] for query in queries if "MetricStat" in query]
    assert not stack.resources("AWS::CloudWatch::CompositeAlarm")
    assert all(one["Period"] >= STANDARD_SECONDS for one in watched)
    return len(watched)


def dashboard_metrics(dashboard: Mapping[str, Any], metrics: Iterable[Metric], secrets: int = 1) -> int:
    """Metrics that a dashboard shows: those it names, and what its searches find."""
    body = dashboard["DashboardBody"]
    text = stack.dashboard(**_parameters(secrets)) if isinstance(body, dict) else body
    shown = [
        row for widget in json.loads(text)["widgets"] for row in widget["properties"].get("metrics", ())
    ]
    named = [row for row in shown if not isinstance(row[0], dict)]
    searches = [row[0]["expression"] for row in shown if isinstance(row[0], dict)]
    return len(named) + sum(len(_found(expression, metrics)) for expression in searches)


def _found(expression: str, metrics: Iterable[Metric]) -> list[Metric]:
    search = re.fullmatch(r"(?:SUM\()?SEARCH\('\{([\w,]+)\} MetricName=\"(\w+)\"', .*\)", expression)
    if search is None:
        raise ValueError(f"not counted yet: {expression}")
    (namespace, *dimensions), name = search[1].split(","), search[2]
    return [
        one
        for one in metrics
        if one[:2] == (namespace, name) and {key for key, _ in one[2]} == set(dimensions)
    ]


# What it comes to.


def used(run: Measured) -> Month:
    """How much of each priced thing a month takes, by the names of `PRICES`."""
    runs, calls = runs_of(run.secrets), calls_of(run)
    notifications = MAILS_EACH * run.accounts * run.secrets
    checks, digests = runs["CheckBalances"], runs["SendDigest"]
    log = (run.log_bytes * checks / run.ticks + run.digest_log_bytes * digests) / GB
    [group] = stack.resources("AWS::Logs::LogGroup").values()
    metrics = _of_all_secrets(run)
    boards = [
        dashboard_metrics(board, metrics, run.secrets)
        for board in stack.resources("AWS::CloudWatch::Dashboard").values()
    ]
    starts = sum(_starts(run.secrets).values(), Decimal(0))
    return {
        "runs": sum(runs.values(), Decimal(0)),
        **_compute(runs, run),
        "starts": starts,
        "state transitions": _transitions(run.secrets),
        "metrics": Decimal(len(metrics)),
        "alarm metrics": Decimal(alarm_metrics(run.secrets)),
        "dashboards": Decimal(sum(shown <= FREE_BOARD for shown in boards)),
        "dashboards of over 50 metrics": Decimal(sum(shown > FREE_BOARD for shown in boards)),
        "GB taken in": log,
        "GB of log kept": log * int(group["RetentionInDays"]) * 24 / HOURS,
        **_table(calls, asked_of(run), run.items * run.secrets),
        "secrets": Decimal(len(stack.resources("AWS::SecretsManager::Secret")) + run.secrets - 1),
        "secret reads": _of(calls, "secretsmanager"),
        "SNS requests": _of(calls, "sns") + notifications,
        "mails": calls["sns", "Publish"] + notifications,
        "SQS requests": _of(calls, "sqs"),
        "KMS keys": Decimal(0),
        "KMS requests": Decimal(0),
    }


def _of_all_secrets(run: Measured) -> frozenset[Metric]:
    """The metrics of all secrets, each of which has its own but for those without dimensions."""
    return frozenset(
        (space, name, tuple((key, f"{value} {number}") for key, value in where))
        for space, name, where in run.metrics
        for number in range(run.secrets)
    )


def with_key(run: Measured) -> Month:
    """The same with a customer's KMS key.

    Every call to what the key guards is taken as one of KMS's: services keep a data key for some
    minutes at most, so there are no more than that.
    """
    calls, month = calls_of(run), used(run)
    guarded = _of(calls, "secretsmanager") + _of(calls, "dynamodb") + month["SNS requests"]
    return {**month, "KMS keys": Decimal(1), "KMS requests": guarded}


def calls_of(run: Measured) -> Calls:
    """AWS calls of a month, by service and operation."""
    runs = runs_of(run.secrets)
    calls = defaultdict[Call, Decimal](Decimal)
    for call, count in run.calls.items():
        calls[call] += count * runs["CheckBalances"] / run.ticks
    for call, count in run.digest_calls.items():
        calls[call] += count * runs["SendDigest"]
    return calls


def asked_of(run: Measured) -> Decimal:
    """Items that a month's calls read by their keys."""
    runs = runs_of(run.secrets)
    return run.asked * runs["CheckBalances"] / run.ticks + run.digest_asked * runs["SendDigest"]


def _of(calls: Calls, service: str) -> Decimal:
    return sum((count for (name, _), count in calls.items() if name == service), Decimal(0))


def _compute(runs: Mapping[str, Decimal], run: Measured) -> Month:
    """A digest goes over the accounts of all secrets, a check over those of one."""
    month = defaultdict[str, Decimal](Decimal)
    for name, function in stack.resources("AWS::Lambda::Function").items():
        [architecture] = function["Architectures"]
        gigabytes = Decimal(function["MemorySize"]) / 1024
        accounts = run.accounts * (run.secrets if name == "SendDigest" else 1)
        seconds = BILLED_SECONDS * gigabytes + accounts * CORE_SECONDS * CORE_MEGABYTES / 1024
        month[f"GB-seconds on {architecture}"] += runs[name] * seconds
    return month


def _table(calls: Calls, asked: Decimal, items: Sequence[int]) -> Month:
    """Every item is taken as large as the largest, and every read as a consistent one."""
    largest, everything = max(items), sum(items)
    units = {"read units": asked * ceil(largest / READ_UNIT), "write units": Decimal(0)}
    for (service, operation), count in calls.items():
        if service == "dynamodb" and operation not in READ_BY_KEY:
            kind, size = {
                "Scan": ("read units", ceil(everything / READ_UNIT)),
                "PutItem": ("write units", ceil(largest / WRITE_UNIT)),
                "UpdateItem": ("write units", ceil(largest / WRITE_UNIT)),
            }[operation]
            units[kind] += count * size
    # A hundred bytes an item are billed as well.
    gigabytes = (everything + 100 * len(items)) / GB
    return {**units, "GB of items": gigabytes, "GB kept for recovery": gigabytes}


def cost(month: Month, names: Iterable[str], *, free: bool) -> Decimal:
    """Dollars for some of what a month takes, with or without what AWS gives for free."""
    return sum(
        (
            max(month.get(name, Decimal(0)) - (PRICES[name].free if free else 0), Decimal(0))
            * PRICES[name].each
            for name in names
        ),
        Decimal(0),
    )


def total(month: Month, *, free: bool) -> Decimal:
    """Dollars for the month."""
    return cost(month, PRICES, free=free)


# What docs/cost.md shows.

ROWS = {
    "Lambda": ("runs", "GB-seconds on arm64", "GB-seconds on x86_64"),
    "EventBridge Scheduler": ("starts",),
    "CloudWatch metrics": ("metrics",),
    "CloudWatch alarms": ("alarm metrics",),
    "CloudWatch dashboard": ("dashboards", "dashboards of over 50 metrics"),
    "CloudWatch Logs": ("GB taken in", "GB of log kept"),
    "DynamoDB": ("read units", "write units", "GB of items", "GB kept for recovery"),
    "Secrets Manager": ("secrets", "secret reads"),
    "SNS": ("SNS requests", "mails"),
    "SQS": ("SQS requests",),
}
WITH_SHARDS = {**ROWS, "Step Functions": ("state transitions",)}
HEAD = "| service | in a month | list price | you pay |\n|---|---|---:|---:|\n"


def as_markdown(accounts: int = 2) -> str:
    """The tables of docs/cost.md, and what would change them."""
    month = used(measured(accounts))
    rows = [_row(service, names, month) for service, names in ROWS.items()]
    sums = f"**{_dollars(total(month, free=False))}** | **{_dollars(total(month, free=True))}**"
    table = f"{HEAD}{''.join(rows)}| **Together** | | {sums} |\n"
    return f"{table}\n{_changes(accounts)}\n{_many()}"


def _row(service: str, names: Sequence[str], month: Month) -> str:
    amounts = [_amount(name, month[name]) for name in names if month.get(name)]
    prices = [_dollars(cost(month, names, free=free)) for free in (False, True)]
    source = PRICES[names[0]].source
    return f"| [{service}]({source}) | {', '.join(amounts) or 'nothing'} | {' | '.join(prices)} |\n"


def _changes(accounts: int) -> str:
    run, each = measured(accounts), PRICES["metrics"].each
    alone, more = measured(accounts, ticks=1), measured(accounts + 1, ticks=1)
    detailed = measured(accounts, ticks=1, detailed=True).metrics
    currency = len([one for one in run.metrics if "Currency" in dict(one[2])]) // accounts
    key = total(with_key(run), free=True) - total(used(run), free=True)
    account = total(used(more), free=True) - total(used(alone), free=True)
    metrics = len(more.metrics) - len(alone.metrics)
    return (
        f"- Assumptions: {BILLED_SECONDS} billed seconds a run. For each account, {CORE_SECONDS} "
        f"seconds of a whole core a run, {MAILS_EACH} mails a month besides the digests, and one "
        "currency.\n"
        f"- One more account costs {_dollars(account)} more, for its {metrics} metrics. "
        f"One more currency of an account costs {_dollars(currency * each)} more.\n"
        f"- `DetailedMetrics` costs {_dollars((len(detailed) - len(run.metrics)) * each)} more: "
        f"{len(detailed)} metrics in place of {len(run.metrics)}.\n"
        f"- A customer KMS key (`KmsKeyArn`) costs {_dollars(key)} more, unless you pay for it "
        "already.\n"
        "- SMS are not counted: [their price](https://aws.amazon.com/sns/sms-pricing/) depends on the "
        "country; one part is sent for each. AWS's own limit is $1 a month until you raise it.\n"
    )


# How many accounts, and the PerAccountMetrics of their stack.
MANY = ((2, LIMIT), (100, 100), (100, LIMIT), (1000, LIMIT))


def _many() -> str:
    """The same for more accounts: what you pay for each service, and its list price."""
    months = [used(of_many(accounts, limit)) for accounts, limit in MANY]
    head = " | ".join(f"{accounts:,} accounts" for accounts, _ in MANY)
    rows = [("`PerAccountMetrics`", [str(limit) for _, limit in MANY])]
    rows += [(name, [_both(month, names) for month in months]) for name, names in ROWS.items()]
    rows += [("**Together**", [f"**{_both(month, PRICES)}**" for month in months])]
    table = "".join(f"| {name} | {' | '.join(cells)} |\n" for name, cells in rows)
    _, detailed, totals, most = (_dollars(total(month, free=True)) for month in months)
    dearest = _dollars(total(used(of_many(LIMIT, LIMIT)), free=True))
    each = len(measured(3, ticks=1).metrics) - len(measured(2, ticks=1).metrics)
    return (
        "More accounts, as *you pay (list price)*:\n\n"
        f"| service | {head} |\n|---|{'---:|' * len(MANY)}\n{table}\n"
        f"- A hundred accounts cost {detailed} a month with metrics for each, and {totals} with totals "
        f"only. The {each} metrics of one account cost {_dollars(each * PRICES['metrics'].each)}. So "
        "raise `PerAccountMetrics` only if you want graphs of every account. Alerts, the digest and "
        "`make accounts` do not need them.\n"
        f"- With the default, {LIMIT} accounts cost the most, {dearest}: more accounts have no metrics "
        "of their own.\n"
        f"- A thousand accounts cost {most}.\n"
    )


def of_stacks(secrets: Sequence[int], accounts: int) -> Month:
    """What several stacks use together, each with so many secrets of so many accounts."""
    months = [used(measured(accounts, ticks=1, secrets=number)) for number in secrets]
    return {
        name: sum((month[name] for month in months), Decimal(0)) for name in PRICES if name in months[0]
    }


def of_many(accounts: int, limit: int) -> Measured:
    """What a check of so many uses; each is like the next, so one is enough."""
    return measured(accounts, ticks=1, limit=limit)


def _both(month: Month, names: Iterable[str]) -> str:
    paid, listed = (_dollars(cost(month, names, free=free)) for free in (True, False))
    return f"{paid} ({listed})".replace("under a cent", "<$0.01")


def _amount(name: str, count: Decimal) -> str:
    if name.startswith("GB "):
        megabytes = round(count * 1024)
        return f"{megabytes or 'under 1'} MB{name.removeprefix('GB')}"
    return f"{count:,.0f} {name.removesuffix('s') if count == 1 else name}"


def _dollars(amount: Decimal) -> str:
    """To the cent; what is less than half a cent, and yet something, says so."""
    cents = round(amount, 2)
    return f"${cents:,.2f}" if cents or not amount else "under a cent"


if __name__ == "__main__":
    print(as_markdown(), end="")
