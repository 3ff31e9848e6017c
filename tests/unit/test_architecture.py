"""The house: which room may import which. docs/architecture.md says why."""

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
CHALICELIB = PROJECT / "chalicelib"
# Whatever has modules of ours; loans_localstack is a package by itself, which LocalStack imports.
TOPS = ("bench", "chalicelib", "contract", "data", "docs", "infra", "tests")
ROOMS = ("rules", "postgres", "storage", "imports", "services", "paper", "requests", "api", "console")

MAY_IMPORT = {
    "rules": {"rules"},
    "postgres": {"postgres"},
    "storage": {"storage", "postgres", "rules"},
    "imports": {"imports", "storage", "postgres", "rules"},
    "services": {"services", "imports", "storage", "postgres", "rules"},
    "paper": {"paper", "services", "storage", "rules"},
    "requests": {"requests", "services", "imports", "storage", "rules"},
    "api": {"api", "paper", "requests", "services", "imports", "storage", "rules"},
    "console": {"console", "paper", "requests", "services", "imports", "storage", "rules"},
}
NOT_OUTSIDE = {room: {"sqlalchemy", "boto3", "pg8000"} for room in ("paper", "requests", "api", "console")}
# What views may know of imports: values. The rest is slow to load, and the use cases of services call it.
VALUES_OF_IMPORTS = ("jobs", "job_list", "changes", "findings", "files", "kinds")
# Reading knows nothing of what is read, and a kind nothing of what becomes of it.
WITHIN_IMPORTS = {"reading": {"reading"}, "kinds": {"kinds", "reading"}}


@cache
def imported(path: Path) -> tuple[str, ...]:
    """The names that a module imports, each with where it comes from."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules_of(room: str) -> list[Path]:
    return sorted(path for path in (CHALICELIB / room).rglob("*.py") if "versions" not in path.parts)


@pytest.mark.parametrize("room", [room for room in ROOMS if (CHALICELIB / room).exists()])
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    assert modules_of(room)
    for path in modules_of(room):
        for name in imported(path):
            parts = name.split(".")
            if parts[0] == "chalicelib" and parts[1] in ROOMS:
                assert parts[1] in MAY_IMPORT[room], f"{path.relative_to(CHALICELIB)} imports {name}"
            assert parts[0] not in NOT_OUTSIDE.get(room, set()), f"{path.relative_to(CHALICELIB)} imports {name}"


@pytest.mark.parametrize("room", ["requests", "api", "console"])
def test_a_view_knows_only_values_of_imports(room: str) -> None:
    for path in modules_of(room):
        for name in imported(path):
            if name.startswith("chalicelib.imports."):
                assert name.split(".")[2] in VALUES_OF_IMPORTS, f"{path.relative_to(CHALICELIB)} imports {name}"


@pytest.mark.parametrize("part", WITHIN_IMPORTS)
def test_a_part_of_imports_knows_only_the_parts_below_it(part: str) -> None:
    for path in modules_of(f"imports/{part}"):
        for name in imported(path):
            if name.startswith("chalicelib.imports."):
                assert name.split(".")[2] in WITHIN_IMPORTS[part], f"{path.relative_to(CHALICELIB)} imports {name}"


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports inside of functions too: they hide a circle, they do not undo it."""
    everything = (path for top in TOPS for path in (PROJECT / top).rglob("*.py"))
    modules = {name_of(path): path for path in everything if path.parent.name != "loans_localstack"}
    modules["app"] = PROJECT / "app.py"
    needs = {
        name: {module_in(each, modules) for each in imported(path)} - {None, name} for name, path in modules.items()
    }
    try:
        tuple(TopologicalSorter(needs).static_order())
    except CycleError as error:
        pytest.fail(f"a circle: {' <- '.join(error.args[1])}")


def name_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def module_in(name: str, modules: Mapping[str, Path]) -> str | None:
    """The module that an import names, itself or as where something stands; None where it is not one of ours."""
    return name if name in modules else next((part for part in (name.rpartition(".")[0],) if part in modules), None)


def test_a_module_of_the_tests_imports_helpers_from_the_support_alone() -> None:
    """So that a test can be moved or run alone. What the way through Docker needs is of use to nobody else."""
    for path in (PROJECT / "tests").rglob("*.py"):
        level = path.relative_to(PROJECT).parts[1]
        for name in imported(path):
            parts = name.split(".")
            assert parts[0] != "tests" or parts[1] == "support" or (level == parts[1] == "docker"), f"{path}: {name}"
            assert parts[0] != "tests" or not any(part.startswith(("test_", "conftest")) for part in parts), path


def test_the_rules_import_the_standard_library_only() -> None:
    for path in modules_of("rules"):
        for name in imported(path):
            assert name.split(".")[0] in sys.stdlib_module_names or name.startswith("chalicelib.rules."), name


def test_the_driver_knows_the_settings_and_the_errors_and_nothing_else_of_ours() -> None:
    for path in modules_of("postgres"):
        for name in imported(path):
            of_ours = name.startswith("chalicelib.")
            assert not of_ours or name.split(".")[1] in ("postgres", "config", "errors"), f"{path.name} imports {name}"


def test_no_connection_leaves_the_services() -> None:
    """Use cases own their transactions: a view that had one could write outside of it, or keep it open."""
    for room in ("api", "console", "requests", "rules"):
        for path in modules_of(room):
            # What happened to a loan is a transaction too, and none of the database's.
            asked = set(imported(path)) - {"chalicelib.storage.servicing.Transaction"}
            names = {name.rpartition(".")[2] for name in asked}
            assert not names & {"Connection", "Transaction"}, path.relative_to(CHALICELIB)


def test_every_answer_of_the_api_is_typed() -> None:
    """mypy tells of a misspelt field only if the answer says which fields it has."""
    untyped = re.compile(r"\b(dict|Mapping)\[str, (Any|object)\]")
    for path in modules_of("api"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                assert function.returns, f"{path.relative_to(CHALICELIB)}: {function.name}"
                returned = ast.unparse(function.returns)
                assert not untyped.search(returned), f"{path.relative_to(CHALICELIB)}: {function.name} -> {returned}"


def test_use_cases_and_queries_take_at_most_three_values_by_position() -> None:
    """Of more, nobody who reads a call could tell which is which."""
    for room in ("services", "storage"):
        for path in modules_of(room):
            for function in ast.walk(ast.parse(path.read_text())):
                if isinstance(function, ast.FunctionDef) and not function.name.startswith("_"):
                    names = [each.arg for each in function.args.args if each.arg != "self"]
                    assert len(names) <= 3, f"{path.relative_to(CHALICELIB)}: {function.name}({', '.join(names)})"


def test_no_module_gives_a_name_two_values() -> None:
    """The first of two constants of one name is read by people and by nothing else."""
    for path in CHALICELIB.rglob("*.py"):
        statements = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Assign)]
        names = [target.id for node in statements for target in node.targets if isinstance(target, ast.Name)]
        assert len(names) == len(set(names)), path.relative_to(CHALICELIB)


def test_the_environment_is_read_in_one_place() -> None:
    readers = {path.name for path in CHALICELIB.rglob("*.py") if "os.environ" in path.read_text()}
    assert readers == {"config.py"}


def test_only_the_runtime_builds_real_things() -> None:
    builders = {
        path.name
        for path in CHALICELIB.rglob("*.py")
        if any(word in path.read_text() for word in ("boto3.client(", "make_engine(settings()"))
    }
    assert builders == {"runtime.py"}


def test_app_names_functions_and_has_no_logic() -> None:
    source = (CHALICELIB.parent / "app.py").read_text()
    assert len(source.splitlines()) < 80
    assert not any(isinstance(node, ast.If | ast.For | ast.FunctionDef) for node in ast.walk(ast.parse(source)))


def test_whatever_opens_a_transaction_is_run_again_where_its_connection_broke() -> None:
    """Nobody asks whether a connection still works before using it, so every use case must be able to start over."""
    for path in CHALICELIB.rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and opens_a_transaction(function):
                decorators = {decorator.id for decorator in function.decorator_list if isinstance(decorator, ast.Name)}
                assert "retried" in decorators, f"{path.relative_to(CHALICELIB)}: {function.name}"


def opens_a_transaction(function: ast.FunctionDef) -> bool:
    contexts = [item.context_expr for node in ast.walk(function) if isinstance(node, ast.With) for item in node.items]
    calls = [context.func for context in contexts if isinstance(context, ast.Call)]
    return any(isinstance(call, ast.Attribute) and call.attr in ("transaction", "reading") for call in calls)


@pytest.mark.parametrize("room", ["services", "storage"])
def test_nothing_is_there_for_the_tests_alone(room: str) -> None:
    """A use case or a query that only tests call looks real, and what really runs goes untested."""
    used = {name for path in CHALICELIB.rglob("*.py") for name in named_in(path)}
    for path in modules_of(room):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                assert f"{name_of(path)}.{node.name}" in used, f"{path.relative_to(CHALICELIB)}: {node.name}"


def named_in(path: Path) -> Iterator[str]:
    """What a module names, of its own and of others, by full names. Whatever it imports it uses, or ruff says so."""
    yield from imported(path)
    tree = ast.parse(path.read_text())
    modules = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield f"{name_of(path)}.{node.id}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{modules.get(node.value.id)}.{node.attr}"
