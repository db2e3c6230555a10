"""A peer: keys asked one after the other, as gateways do it. Stands in the package like the floor."""

import os
from typing import Any

import requests

PATHS = {"deepseek": "/user/balance", "novita": "/openapi/v1/billing/balance/detail"}
SECONDS = 8.0


def lambda_handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Ask the provider of each of the event's `keys`, which are named like accounts."""
    return {name: _asked(name.partition("/")[0], key) for name, key in event["keys"].items()}


def _asked(provider: str, key: str) -> Any:
    url = os.environ[f"{provider.upper()}_URL"] + PATHS[provider]
    answer = requests.get(url, headers={"Authorization": f"Bearer {key}"}, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()
