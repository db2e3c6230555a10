"""What `sam build` makes for each function: small, whole, with byte code, and the same each time."""

import ast
import filecmp
import json
import os
import subprocess
from fnmatch import fnmatch
from importlib.util import MAGIC_NUMBER, source_hash

import pytest

from local.tools import ROOT, clean_environment, tool
from package.package import UNUSED
from tests import stack

FUNCTIONS = sorted(stack.resources("AWS::Lambda::Function"))
SRC = ROOT / "src"
UNCHECKED = (1).to_bytes(4, "little")  # of PEP 552: the hash is there, and nobody compares it
LARGEST = 12_000_000  # bytes; a third of what pip installs
FOR_PYDANTIC = "aws_lambda_powertools/event_handler/openapi/compat"  # imported to log a model of it


@pytest.fixture(params=FUNCTIONS)
def package(request, build):
    return build / request.param


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def modules(folder):
    return sorted(path for path in folder.rglob("*.py"))


def test_both_functions_are_built_and_are_the_same_to_the_byte(build):
    assert FUNCTIONS == ["CheckBalances", "SendDigest"]
    one, other = (build / name for name in FUNCTIONS)
    assert files(one) == files(other)
    assert filecmp.cmpfiles(one, other, files(one), shallow=False)[1:] == ([], [])


def test_another_build_elsewhere_gives_the_same_bytes(build, tmp_path):
    # Through the recipe itself, from another folder and with another order of sets.
    env = clean_environment(ARTIFACTS_DIR=str(tmp_path), PYTHONHASHSEED="7")
    recipe = ["make", "--makefile", str(ROOT / "package" / "Makefile"), "build-CheckBalances"]
    subprocess.run(recipe, cwd=SRC, env=env, check=True)
    assert files(tmp_path) == files(build / "CheckBalances")
    same = filecmp.cmpfiles(tmp_path, build / "CheckBalances", files(tmp_path), shallow=False)
    assert same[1:] == ([], [])


def test_nothing_of_the_code_is_missing_and_nothing_but_code_is_in_it(package):
    ours = {path for path in files(SRC) if "__pycache__" not in path}
    assert ours - files(package) == {"requirements.txt"}
    assert not files(package) & {"Makefile", "package.py"}
    assert not [path for path in files(package) if path.startswith(("bin/", "tests/"))]
    assert not [path for path in files(package) if "/tests/" in path or path.endswith(".so")]


def test_every_module_has_byte_code_that_the_runtime_takes_without_a_look_at_the_source(package):
    for path in modules(package):
        code = (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").read_bytes()
        assert code[:4] == MAGIC_NUMBER
        assert code[4:8] == UNCHECKED
        assert code[8:16] == source_hash(path.read_bytes()), path
        assert f"/var/task/{path.relative_to(package)}".encode() in code  # what tracebacks name
    assert sum(path.endswith(".pyc") for path in files(package)) == len(modules(package))


def test_a_cold_start_compiles_nothing(package, tmp_path):
    # Python says of each module that it imports where its code came from.
    handler = stack.resources("AWS::Lambda::Function")[package.name]["Handler"].rpartition(".")[0]
    env = {"PATH": os.defpath, "PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [tool("dev", "python"), "-S", "-v", "-c", f"import {handler}"]
    said = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    read = [line for line in said.stderr.splitlines() if str(package) in line]
    assert any(line.startswith("# code object from") and ".pyc" in line for line in read)
    assert not [line for line in read if line.startswith("# code object from") and ".pyc" not in line]


def test_only_the_services_that_are_asked_have_a_model(package):
    data = package / "botocore" / "data"
    services = {path.name for path in data.iterdir() if path.is_dir()}
    asked = {
        node.args[0].value
        for path in (SRC / "aws").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".client", ".create_client"))
    }
    assert services == asked
    endpoints = json.loads((data / "endpoints.json").read_text())
    assert all(part["services"].keys() <= asked for part in endpoints["partitions"])


def test_it_is_small(package):
    assert sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) < LARGEST


def test_nothing_that_is_left_imports_what_was_taken_out(package):
    """Read from every import, those within functions too."""
    for path in modules(package):
        for name in imported(path, path.relative_to(package).parts[:-1]):
            out = [p for p in UNUSED if fnmatch(name, p) or fnmatch(name, f"{p}/*")]
            assert not out or name == FOR_PYDANTIC, (path, name)


def imported(path, parts):
    for node in running(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.replace(".", "/") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + 1] if node.level else ()
            yield "/".join((*above, *(node.module or "").split("."))).rstrip("/")


def running(tree):
    """Every node but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            yield node
            yield from running(node)
