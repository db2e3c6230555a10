"""What the commands set for themselves, as make carries them out."""

import os
import re
import shutil
import subprocess

import pytest

from tests import stack

MAKE = shutil.which("make") or "make"
MAKEFILE = (stack.ROOT / "Makefile").read_text()
# A person's own setup, which emulators must not see.
SETUP = {"AWS_CA_BUNDLE": "/etc/company.pem", "AWS_PROFILE": "work"}
FOR_EMULATORS = ("AWS_EC2_METADATA_DISABLED", "SAM_CLI_TELEMETRY")
ON_AWS = ("deploy", "release", "keys", "test-alert", "accounts")


def made(*words, **given):
    env = {name: value for name, value in os.environ.items() if name not in FOR_EMULATORS}
    return subprocess.run(
        [MAKE, "--no-print-directory", *words],
        cwd=stack.ROOT,
        env=env | given,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def recipe(name):
    """The lines of a command as make would carry them out."""
    return re.search(rf"^{name}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)[1]


def test_a_command_sees_the_aws_setup_of_whoever_typed_it():
    seen = made("--eval", "setup:; @env", "setup", STACK="mine", **SETUP).splitlines()
    assert {f"{name}={value}" for name, value in SETUP.items()} | {"STACK=mine"} <= set(seen)
    assert not [line for line in seen if line.startswith(FOR_EMULATORS)]


@pytest.mark.parametrize("name", ON_AWS)
def test_a_command_on_aws_sets_nothing_that_is_for_emulators(name):
    for line in recipe(name).splitlines():
        assert line.startswith("\t@PYTHONPATH=src $(DEV)/python -m local.")


def test_what_needs_no_aws_asks_for_none():
    for name in ("template", "build"):
        assert all("$(OFFLINE)" in line for line in recipe(name).splitlines() if "$(SAM)" in line)


def test_every_command_is_listed_with_what_it_is_for():
    listed = made("help")
    for name in ON_AWS:
        assert f"make {name} " in listed
