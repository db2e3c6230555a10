"""A plugin for detect-secrets, whose own detectors let the keys of these providers pass."""

import re

from detect_secrets.plugins.base import RegexBasedDetector

NAME = "API key of a provider"


class ProviderKeyDetector(RegexBasedDetector):
    """Finds what looks like a key of DeepSeek (`sk-`) or Novita AI (`sk_`) and is as long as one."""

    secret_type = NAME
    denylist = (re.compile(r"(?<![A-Za-z0-9])sk[-_][A-Za-z0-9_-]{32,}"),)
