"""The borders of the house, read from the imports."""

import ast
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
MODULES = sorted(SRC.rglob("*.py"))
STANDARD = sys.stdlib_module_names
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}


def name_of(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes(tree: ast.AST):
    """Every node that runs; what only the type checker reads does not."""
    for node in ast.iter_child_nodes(tree):
        if not is_type_checking(node):
            yield node
            yield from nodes(node)


def imported(path: Path) -> set[str]:
    """The full names of the modules that a module imports."""
    found = set()
    for node in nodes(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            found.add(node.module)
    return found


def users_of(*packages: str) -> set[str]:
    """The modules that import one of the packages, or a part of it."""
    return {
        name_of(path)
        for path in MODULES
        if any(name.partition(".")[0] in packages for name in imported(path))
    }


def test_there_is_something_to_read():
    assert {"jobs/check.py", "guard/model.py", "aws/clients.py"} <= set(map(name_of, MODULES))
    assert "boto3" in imported(SRC / "aws/clients.py")
    assert "requests" in imported(SRC / "providers/http.py")
    assert "os" in imported(SRC / "config/settings.py")


def test_aws_is_spoken_to_in_its_own_room_only():
    for name in users_of("boto3", "botocore", "s3transfer"):
        if not name.startswith("aws/"):
            assert name.startswith("jobs/")
            used = {i for i in imported(SRC / name) if i.startswith(("boto", "s3transfer"))}
            assert used == {"botocore.exceptions"}


def test_http_is_spoken_in_the_room_of_the_providers_only():
    assert {name.partition("/")[0] for name in users_of("requests", "urllib3")} == {"providers"}


def test_the_environment_is_read_in_the_settings_only():
    assert users_of("os", "dotenv", "posix") == {"config/settings.py"}


# The rooms from top to bottom, and what each may import of the others.
ROOMS = {
    "handlers": {"jobs", "config", "aws"},
    "jobs": {"aws", "config", "providers", "messages", "guard"},
    "aws": {"config", "messages", "guard"},
    "config": {"providers", "guard"},
    "providers": {"guard"},
    "messages": {"guard"},
    "guard": set(),
}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_room_imports_only_rooms_below_it(path):
    room = path.relative_to(SRC).parts[0]
    others = {name.partition(".")[0] for name in imported(path)} & ROOMS.keys() - {room}
    assert others <= ROOMS[room]


PURE = [path for path in MODULES if path.parent.name in {"guard", "messages"}]


@pytest.mark.parametrize("path", PURE, ids=name_of)
def test_guard_and_messages_stand_on_the_standard_library_alone(path):
    roots = {name.partition(".")[0] for name in imported(path)}
    assert roots <= STANDARD | {"guard", "messages"}
    assert not roots & {"os", "io", "pathlib", "random", "secrets", "socket", "time", "urllib"}


def test_guard_and_messages_never_look_at_the_clock():
    for path in PURE:
        called = {node.attr for node in ast.walk(ast.parse(path.read_text())) if hasattr(node, "attr")}
        assert not called & {"now", "utcnow", "today", "time", "monotonic"}, path.name


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_module_is_named_like_one_of_the_standard_library(path):
    top = path.relative_to(SRC).parts[0].removesuffix(".py")
    assert top not in STANDARD


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_reads_the_environment_or_builds_a_client_at_import(path):
    for node in at_import(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.id if isinstance(node, ast.Name) else node.attr
            assert name not in ENVIRONMENT, ast.unparse(node)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called.rpartition(".")[2] not in {"client", "resource", "Session", "session"}
            assert called.rpartition(".")[2] not in {"from_environment", "dynamodb", "sns"}


def at_import(node: ast.AST):
    """What runs when the module is imported: all but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in (*child.decorator_list, *child.args.defaults, *child.args.kw_defaults):
                if part is not None:
                    yield part
                    yield from at_import(part)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from at_import(child)
