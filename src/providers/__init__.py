"""The providers that the guard can ask: one file and one entry each."""

from providers.deepseek import DEEPSEEK
from providers.novita import NOVITA
from providers.provider import Provider

PROVIDERS: dict[str, Provider] = {"deepseek": DEEPSEEK, "novita": NOVITA}

__all__ = ["PROVIDERS", "Provider", "titles"]


def titles() -> dict[str, str]:
    """The providers' names as people know them."""
    return {name: provider.contact.title for name, provider in PROVIDERS.items()}
