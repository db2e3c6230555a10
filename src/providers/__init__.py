"""The providers that the guard can ask: one file each, which is imported when it is asked for.

So a cold start pays for those alone that the secret names.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module

from providers.provider import Provider, Region

# As the texts list them; a file of this name is in this folder, and its PROVIDER is the provider.
NAMES = (
    "deepseek",
    "novita",
    "openrouter",
    "moonshot",
    "vercel",
    "ppio",
    "stepfun",
    "siliconflow",
    "deepinfra",
    "fal",
    "newapi",
    "custom",
)


class _Providers(MutableMapping[str, Provider]):
    """Each provider by its name, imported at first use."""

    def __init__(self) -> None:
        self._imported: dict[str, Provider] = {}

    def __getitem__(self, name: str) -> Provider:
        if name not in self._imported:
            if name not in NAMES:
                raise KeyError(name)
            self._imported[name] = import_module(f"providers.{name}").PROVIDER
        return self._imported[name]

    def __setitem__(self, name: str, provider: Provider) -> None:
        self._imported[name] = provider

    def __delitem__(self, name: str) -> None:
        del self._imported[name]

    def __contains__(self, name: object) -> bool:
        return name in NAMES or name in self._imported

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*NAMES, *self._imported)))

    def __len__(self) -> int:
        return len([*iter(self)])


class _Titles(Mapping[str, str]):
    """The providers' names as people know them."""

    def __getitem__(self, name: str) -> str:
        return PROVIDERS[name].contact.title

    def __iter__(self) -> Iterator[str]:
        return iter(PROVIDERS)

    def __len__(self) -> int:
        return len(PROVIDERS)


PROVIDERS = _Providers()
TITLES = _Titles()

__all__ = ["NAMES", "PROVIDERS", "TITLES", "Provider", "Region"]
