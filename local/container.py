"""What `make local` makes of the built stack, so that a container finds the embedded AWS.

A container is a machine of its own: it calls this one by a name, and trusts only what lies in its image
or in the package. The template and the code know nothing of that; a copy of what was built does.
"""

import json
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

HOST = "host.docker.internal"  # by which a container calls the machine that it runs on
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}

type Variables = Mapping[str, Mapping[str, str]]
"""The environment of each function, by its logical id."""


def architecture(machine: str | None = None) -> str:
    """The architecture of a machine, or of this one, in Lambda's words."""
    return ARCHITECTURES[(machine or platform.machine()).lower()]


def adapted(template: Mapping[str, Any], variables: Variables, machine: str) -> dict[str, Any]:
    """The built template with whole environments in place of references, for one architecture.

    `sam local` gives a function only what its template declares, and a logical id for each reference
    that it can't follow.
    """
    made: dict[str, Any] = json.loads(json.dumps(template))
    for name, environment in variables.items():
        properties = made["Resources"][name]["Properties"]
        properties["Environment"] = {"Variables": dict(environment)}
        properties["Architectures"] = [machine]
    return made


def copied(built: Path, to: Path, variables: Variables, authority: Path) -> Path:
    """Copy what was built, with its template adapted; the path of the copied template.

    The package trusts the emulator's authority as well: boto3 and requests ask certifi whom to trust.
    """
    template = yaml_parse((built / "template.yaml").read_text())
    for name in variables:
        code = template["Resources"][name]["Properties"]["CodeUri"]
        shutil.copytree(built / code, to / code)
        with (to / code / "certifi" / "cacert.pem").open("a") as trusted:
            trusted.write(f"\n{authority.read_text()}")
    made = to / "template.yaml"
    made.write_text(json.dumps(adapted(template, variables, architecture())))  # JSON is YAML
    return made


def environments(
    deployed: Variables, origins: Mapping[str, str], aws: str
) -> dict[str, dict[str, str]]:
    """What the deployed functions have, and where a container finds AWS and the providers.

    `origins` are by variable, and like `aws` addresses on this machine.
    """
    found = {"AWS_ENDPOINT_URL": aws, **origins}
    there = {name: url.replace("127.0.0.1", HOST) for name, url in found.items()}
    return {name: {**variables, **there} for name, variables in deployed.items()}
