"""The stack as the template describes it, translated as AWS does it, without AWS."""

import logging
import os
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from samtranslator.intrinsics.resolver import IntrinsicsResolver
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# The translator warns of figures about itself, which nobody publishes here.
logging.getLogger("samtranslator.metrics").setLevel(logging.ERROR)

ROOT = Path(__file__).parent.parent
NOTHING = {"Ref": "AWS::NoValue"}
SHARDS = tuple(
    f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}"
    for name in ("a-0aB1cD", "b-2eF3gH")
)
WITH_SHARDS = {"Shards": ",".join(SHARDS)}


class _Policies:
    @staticmethod
    def load() -> dict[str, str]:
        return {}


@cache
def source() -> dict[str, Any]:
    """The template as it is written."""
    return yaml_parse((ROOT / "template.yaml").read_text())


@cache
def translated(**given: str) -> dict[str, Any]:
    """The template as CloudFormation carries it out, with the parameters given, else their defaults.

    Parameters are their values and conditions are decided; references to resources stay as they are.
    """
    template = yaml_parse((ROOT / "template.yaml").read_text())
    template["Globals"]["Function"]["CodeUri"] = {"Bucket": "bucket", "Key": "key"}
    assert given.keys() <= template["Parameters"].keys()
    values = {name: given.get(name, str(p["Default"])) for name, p in template["Parameters"].items()}
    with patch.dict(os.environ, AWS_DEFAULT_REGION="eu-central-1"):  # the translator insists on one
        template = transform(template, dict(values), _Policies())
    template = with_values(template, values)
    conditions = {name: holds(one) for name, one in template["Conditions"].items()}
    template["Resources"] = {
        name: _decided(resource, conditions)
        for name, resource in template["Resources"].items()
        if conditions.get(resource.get("Condition"), True)
    }
    template["Outputs"] = {
        name: _decided(output, conditions)
        for name, output in template["Outputs"].items()
        if conditions.get(output.get("Condition"), True)
    }
    return template


def dashboard(**given: str) -> str:
    """The body of the dashboard, as text in which references to resources stand as they are."""
    [found] = resources("AWS::CloudWatch::Dashboard", **given).values()
    body, values = found["DashboardBody"]["Fn::Sub"]
    for name, value in values.items():
        text = value["Fn::Sub"] if isinstance(value, dict) else value
        body = body.replace(f"${{{name}}}", text)
    return body


def resources(kind: str, **given: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical id."""
    return {
        name: resource["Properties"]
        for name, resource in translated(**given)["Resources"].items()
        if resource["Type"] == kind
    }


def with_values(value: Any, given: Mapping[str, str]) -> Any:
    """A part of the template with these parameters in it."""
    return IntrinsicsResolver(dict(given)).resolve_parameter_refs(deepcopy(value))


def holds(condition: Any) -> bool:
    """Whether a condition holds whose parameters are their values."""
    match condition:
        case {"Fn::Not": [inner]}:
            return not holds(inner)
        case {"Fn::And": inner}:
            return all(map(holds, inner))
        case {"Fn::Or": inner}:
            return any(map(holds, inner))
        case {"Fn::Equals": [one, other]}:
            return one == other
    raise NotImplementedError(condition)


def _decided(value: Any, holds: dict[str, bool]) -> Any:
    """The value without `Fn::If`, and without what is `AWS::NoValue` then."""
    match value:
        case {"Fn::If": [name, yes, no]}:
            return _decided(yes if holds[name] else no, holds)
        case dict():
            members = {name: _decided(member, holds) for name, member in value.items()}
            return {name: member for name, member in members.items() if member != NOTHING}
        case list():
            items = [_decided(item, holds) for item in value]
            return [item for item in items if item != NOTHING]
    return value
