"""The providers that the guard can ask: one file and one entry each."""

from providers.deepseek import DEEPSEEK
from providers.novita import NOVITA
from providers.provider import Provider

PROVIDERS: dict[str, Provider] = {"deepseek": DEEPSEEK, "novita": NOVITA}

__all__ = ["PROVIDERS", "Provider"]
