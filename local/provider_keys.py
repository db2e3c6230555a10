"""A plugin for detect-secrets, whose own detectors let the keys of these providers pass."""

import re

from detect_secrets.plugins.base import RegexBasedDetector

from providers import PROVIDERS

NAME = "API key of a provider"


class ProviderKeyDetector(RegexBasedDetector):
    """Finds what looks like a key of one of the providers, and is as long as one."""

    secret_type = NAME
    denylist = tuple(
        re.compile(rf"(?<![A-Za-z0-9]){looks}")
        for looks in sorted({provider.key_looks for provider in PROVIDERS.values()})
    )
