# ruff: noqa: INP001 - sam starts it as a script
"""The package of both functions: what src/requirements.txt pins less what nothing uses, with byte code.

`sam build` starts this in a copy of src/, with the folder to fill as its argument. It needs Python 3.13
with pip, and nothing else. The same inputs give the same bytes: by them SAM sees whether a function
changed.
"""

import compileall
import gzip
import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

PYTHON = (3, 13)  # the runtime's: byte code of another is of no use to it
TASK = "/var/task"  # where Lambda unpacks the package; tracebacks name it

# The services that src/aws/ asks.
SERVICES = frozenset({"dynamodb", "secretsmanager", "sns"})

UNUSED = (
    "bin",  # commands
    "boto3/data",  # what boto3.resource() is made of
    "boto3/examples",
    "botocore/cacert.pem",  # certifi's goes first
    "botocore/data/*/*/examples-1.json",
    "certifi/tests",
    "dateutil/zoneinfo/*.tar.gz",  # no time zone is asked for by name
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[!_j]*",  # all but jmespath_utils, which the logger imports
)


def main(target: Path) -> None:
    """Fill the folder; ends with one sentence where that can't be done."""
    if sys.version_info[:2] != PYTHON:
        sys.exit(f"Python 3.13 is needed, and {sys.executable} is {sys.version.split()[0]}.")
    if find_spec("pip") is None:
        sys.exit(f"pip is needed, and {sys.executable} has none: try '{sys.executable} -m ensurepip'.")
    target.mkdir(parents=True, exist_ok=True)
    install(target)
    prune(target)
    shrink(target / "botocore" / "data")
    copy(Path.cwd(), target)
    compile_all(target)


def install(target: Path) -> None:
    """Put in what the lock pins: wheels for any machine, so that all run what was tested on one."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--requirement", "requirements.txt", "--require-hashes", "--no-compile"]
    command += ["--only-binary", ":all:", "--platform", "any", "--target", str(target)]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 # nosec B603 # our own command
        sys.exit("pip could not install what src/requirements.txt pins.")


def prune(target: Path) -> None:
    """Take out what nothing uses; of what describes a distribution, scanners need its METADATA."""
    for pattern in UNUSED:
        found = list(target.glob(pattern))
        if not found:
            sys.exit(f"Nothing is at {pattern} any more: see what became of it, and correct UNUSED.")
        for path in found:
            remove(path)
    for path in target.glob("*.dist-info/*"):
        if path.name != "METADATA":
            remove(path)


def remove(path: Path) -> None:
    """Remove a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def shrink(data: Path) -> None:
    """Leave botocore the data of our services, without the texts in it, and nothing to unpack.

    Each client reads the endpoints of every service there is, which takes as long as the rest of it.
    """
    for folder in (path for path in data.iterdir() if path.is_dir() and path.name not in SERVICES):
        shutil.rmtree(folder)
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        services = partition["services"].items()
        partition["services"] = {name: value for name, value in services if name in SERVICES}
    write(data / "endpoints.json", endpoints)
    for packed in data.rglob("*.json.gz"):
        write(packed.with_suffix(""), undocumented(json.loads(gzip.decompress(packed.read_bytes()))))
        packed.unlink()


def undocumented(value: Any) -> Any:
    """A model without its texts; a member of that name is no text."""
    if isinstance(value, dict):
        return {
            name: undocumented(member)
            for name, member in value.items()
            if not (name == "documentation" and isinstance(member, str))
        }
    return [undocumented(item) for item in value] if isinstance(value, list) else value


def write(path: Path, value: Any) -> None:
    """Write JSON without a blank."""
    path.write_text(json.dumps(value, separators=(",", ":")), "utf-8")


def copy(source: Path, target: Path) -> None:
    """Add our own modules."""
    for path in source.rglob("*.py"):
        goal = target / path.relative_to(source)
        goal.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, goal)


def compile_all(target: Path) -> None:
    """Lay byte code beside every module; Lambda's folder is read-only, so it could never keep its own.

    It is taken unchecked: no file of a package changes, and a time stamp would differ in each build.
    """
    compiled = compileall.compile_dir(
        target,
        quiet=1,
        stripdir=target,
        prependdir=TASK,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not compiled:
        sys.exit("A module could not be compiled.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
