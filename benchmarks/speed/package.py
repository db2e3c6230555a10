"""The function's package as `sam build` makes it, in copies that can be measured."""

import compileall
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from py_compile import PycInvalidationMode

from benchmarks.speed import floor, launch, one_by_one
from local.tools import ROOT, clean_environment, run, tool

# The bundle of the real authorities stays, with the test's own added: reading it is part of a start.
BUNDLES = ("certifi/cacert.pem", "botocore/cacert.pem")
ADDED = tuple(Path(str(module.__file__)) for module in (floor, launch, one_by_one))


def built(folder: Path) -> Path:
    """The package of the check, built from the template as it is deployed."""
    command = [tool("sam", "sam"), "build", "--build-dir", str(folder / "sam")]
    run(command, clean_environment(), folder / "sam.log")
    return folder / "sam" / "CheckBalances"


def plain(folder: Path) -> Path:
    """The peer: what the requirements install, and the code beside it."""
    target = folder / "plain"
    command = [tool("dev", "uv"), "pip", "install", "--quiet", "--target", str(target)]
    command += ["--python-version", "3.13", "--python-platform", "aarch64-manylinux2014"]
    command += ["--requirement", str(ROOT / "src" / "requirements.txt")]
    run(command, clean_environment(), folder / "plain.log")
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", target, ignore=without, dirs_exist_ok=True)
    return target


def has_byte_code(package: Path) -> bool:
    """Whether it was built with byte code."""
    return any(package.rglob("*.pyc"))


def to_measure(package: Path, folder: Path, authority: bytes, *, byte_code: bool) -> Path:
    """A copy that trusts one authority more and holds the floor; with byte code throughout, or none."""
    without = shutil.ignore_patterns() if byte_code else shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, folder, ignore=without)
    for name in BUNDLES:
        bundle = folder / name
        if bundle.exists():
            bundle.write_bytes(bundle.read_bytes() + b"\n" + authority)
    for path in ADDED:
        shutil.copy2(path, folder)
    if byte_code:
        # What was built with byte code keeps it as it is.
        todo = (
            [folder / path.name for path in ADDED] if has_byte_code(package) else folder.rglob("*.py")
        )
        for path in todo:
            compileall.compile_file(path, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    return folder


def size(package: Path) -> int:
    """The bytes of all its files."""
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file())


def zipped(packages: Sequence[Path]) -> list[int]:
    """The bytes of each as the archive that is uploaded."""
    with tempfile.TemporaryDirectory() as folder:
        archives = (shutil.make_archive(f"{folder}/{n}", "zip", p) for n, p in enumerate(packages))
        return [Path(archive).stat().st_size for archive in archives]
