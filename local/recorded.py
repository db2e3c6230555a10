"""Answers of the providers as they were recorded or documented, each with what it means.

`tests/cases/<provider>/<name>.json` has `status`, `headers`, `watch`, `entry` (what an entry has beside
its key, such as a region), and the `body` as JSON or as `text`. It `reads` balances (with `available`,
true unless it says otherwise), or is an `error` whose sentence `says` something. `source` links where
it is from.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from guard.model import NO_MONEY, Balance, Reading
from local.tools import ROOT
from providers import PROVIDERS, Provider

FOLDER = ROOT / "tests" / "cases"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Case:
    """One answer of a provider: what came over the wire, and what is to be read of it."""

    provider: str
    name: str
    status: int
    body: bytes
    reads: Reading | None
    error: str | None
    says: str
    headers: Mapping[str, str]
    entry: Mapping[str, str]
    watch: str | None

    @property
    def region(self) -> str | None:
        """The site that was asked, where there are several."""
        return self.entry.get("region")

    @property
    def asked(self) -> Provider:
        """The provider as it was asked."""
        provider = PROVIDERS[self.provider]
        members = provider.own_members()
        own = {name: text for name, text in self.entry.items() if name in members}
        return provider.of_entry(own) or provider

    def __str__(self) -> str:
        return f"{self.provider}-{self.name}"


def cases(*providers: str) -> Iterator[Case]:
    """The cases of these providers, or of all."""
    for provider in providers or PROVIDERS:
        for path in sorted((FOLDER / provider).glob("*.json")):
            yield _case(provider, path)


def case(provider: str, name: str) -> Case:
    """One case by its name."""
    return _case(provider, FOLDER / provider / f"{name}.json")


def good(provider: str) -> Case:
    """The first case of a provider that reads a balance."""
    return next(one for one in cases(provider) if one.reads)


def _case(provider: str, path: Path) -> Case:
    given = json.loads(path.read_text())
    body = given["text"] if "text" in given else json.dumps(given["body"])
    return Case(
        provider=provider,
        name=path.stem,
        status=given["status"],
        body=body.encode(),
        reads=_reading(given) if "reads" in given else None,
        error=given.get("error"),
        says=given.get("says", ""),
        headers=given.get("headers", JSON),
        entry=given.get("entry", {}),
        watch=given.get("watch"),
    )


def _reading(given: Mapping[str, Any]) -> Reading:
    rows = (
        Balance(
            currency=row["currency"],
            amount=Decimal(row["balance"]),
            components={name: Decimal(one) for name, one in row.get("components", {}).items()},
            cash=Decimal(row["cash"]) if "cash" in row else None,
            spendable=Decimal(row["spendable"]) if "spendable" in row else None,
            expiring=Decimal(row.get("expiring", NO_MONEY)),
        )
        for row in given["reads"]
    )
    return Reading(tuple(rows), given.get("available", True))
