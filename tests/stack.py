"""The stack as the template describes it, translated as AWS does it, without AWS."""

import os
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).parent.parent


class _Policies:
    @staticmethod
    def load() -> dict[str, str]:
        return {}


@cache
def source() -> dict[str, Any]:
    """The template as it is written."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@cache
def translated() -> dict[str, Any]:
    """The template as CloudFormation sees it, with the default of every parameter."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    template["Globals"]["Function"]["CodeUri"] = {"Bucket": "bucket", "Key": "key"}
    values = {name: str(p["Default"]) for name, p in template["Parameters"].items()}
    with patch.dict(os.environ, AWS_DEFAULT_REGION="eu-central-1"):  # the translator insists on one
        return transform(template, values, _Policies())


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in translated()["Resources"].items()
        if resource["Type"] == kind
    }
