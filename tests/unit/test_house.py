"""The house rules of docs/architecture.md, enforced on the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MAY_IMPORT = {
    "core": {"core"},
    "config": {"core", "config"},
    "adapters": {"core", "config", "adapters"},
    "consumers": {"core", "config", "adapters", "app", "consumers"},
    "producers": {"core", "config", "adapters", "app", "producers"},
    "app": {"core", "config", "adapters", "app"},
}
"""Dependencies point inwards. The command line (app/cli) also starts everything else."""

OURS = {*MAY_IMPORT, "sandbox", "benchmarks", "tests"}

PURE = {
    "__future__", "abc", "array", "base64", "bisect", "calendar", "collections", "contextlib", "dataclasses",
    "datetime", "decimal", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "itertools", "json", "math",
    "operator", "re", "string", "struct", "textwrap", "threading", "types", "typing", "unicodedata",
}  # fmt: skip
"""Of the standard library, what neither reaches outside nor depends on when or where it runs; of threading,
locks."""

IMPURE_NAMES = {"open", "print", "input", "eval", "exec", "compile", "__import__", "breakpoint", "id", "hash"}
IMPURE_ATTRIBUTES = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("datetime", "fromtimestamp"),
    ("date", "today"), ("threading", "Thread"), ("threading", "Timer"),
}  # fmt: skip

CORE_FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 40
ENTRY_POINTS = {"main", "run", "create_app"}


def files(package: str) -> list[Path]:
    """Every source file of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Absolute names of what a file imports, wherever in the file, with the line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield ("." * node.level) + (node.module or ""), node.lineno


def is_cli(path: str) -> bool:
    return path.startswith("app/cli")


def wrong_imports(source: str, path: str) -> list[str]:
    """Imports that point outwards, or in core to anything impure."""
    package = path.split("/", maxsplit=1)[0]
    allowed = OURS - {"tests"} if is_cli(path) else MAY_IMPORT[package]
    faults = []
    for name, line in imports(ast.parse(source)):
        top = name.split(".")[0]
        outwards = top in OURS and top not in allowed
        impure = package == "core" and top not in PURE | MAY_IMPORT["core"]
        if outwards or impure or name.startswith("."):
            faults.append(f"{path}:{line} imports {name}")
    return faults


def impurities(source: str, path: str) -> list[str]:
    """Calls in core that do I/O, ask a clock, or give another answer in another process."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_NAMES
        reached = isinstance(node, ast.Attribute) and (last_name(node.value), node.attr) in IMPURE_ATTRIBUTES
        if named or reached:
            faults.append(f"{path}:{getattr(node, 'lineno', 0)} {ast.unparse(node)}")
    return faults


def last_name(node: ast.expr) -> str:
    """``datetime`` of both ``datetime`` and ``datetime.datetime``."""
    return ast.unparse(node).rsplit(".", maxsplit=1)[-1]


def long_functions(source: str, path: str, names: set[str] | None = None) -> list[str]:
    """Functions of more lines than a reader takes in at once, docstring aside."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (names is None or node.name in names):
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
            lines = (node.end_lineno or node.lineno) - first.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                faults.append(f"{path}:{node.lineno} {node.name} has {lines} lines")
    return faults


def calls_at_import(source: str, path: str) -> list[str]:
    """Statements that act when a module is merely imported."""
    return [
        f"{path}:{node.lineno} {ast.unparse(node)}"
        for node in ast.parse(source).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_dependencies_point_inwards_and_core_rests_on_the_pure_standard_library_alone(package: str) -> None:
    assert files(package), f"{package} has no files"
    assert [fault for p in files(package) for fault in wrong_imports(p.read_text(), relative(p))] == []


def test_core_asks_neither_clock_nor_chance_nor_environment_and_does_no_io() -> None:
    assert [fault for p in files("core") for fault in impurities(p.read_text(), relative(p))] == []


@pytest.mark.parametrize("path", files("core"), ids=relative)
def test_a_file_of_core_is_read_in_one_sitting(path: Path) -> None:
    said = [line for line in path.read_text().splitlines() if line.strip()]
    assert len(said) <= CORE_FILE_LINES_MAX
    assert long_functions(path.read_text(), relative(path)) == []


@pytest.mark.parametrize("package", ["app", "consumers", "producers"])
def test_entry_points_translate_and_delegate_in_40_lines(package: str) -> None:
    faults = [fault for p in files(package) for fault in long_functions(p.read_text(), relative(p), ENTRY_POINTS)]
    assert faults == []


def test_the_library_of_the_pages_is_loaded_by_the_console_alone() -> None:
    found = [
        f"{relative(path)}:{line} imports {name}"
        for package in MAY_IMPORT
        for path in files(package)
        if not relative(path).startswith("app/console/")
        for name, line in imports(ast.parse(path.read_text()))
        if name.split(".")[0] in {"dash", "dash_ag_grid", "plotly"} or name.startswith("app.console")
    ]
    assert found == []


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_nothing_happens_when_a_module_is_imported(package: str) -> None:
    assert [fault for p in files(package) for fault in calls_at_import(p.read_text(), relative(p))] == []


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("import os", "core/x.py"),
        ("from time import monotonic", "core/x.py"),
        ("import random", "core/values/x.py"),
        ("import pydantic", "core/x.py"),
        ("from adapters.kafka import x", "core/x.py"),
        ("def f():\n    import adapters", "core/x.py"),
        ("from .planner import x", "core/x.py"),
        ("from app.logs import log", "adapters/x.py"),
        ("import consumers.table_writer", "producers/x.py"),
        ("from sandbox.google import book", "app/webhook/x.py"),
        ("from tests import helpers", "app/cli/x.py"),
    ],
)
def test_an_import_that_points_outwards_is_found(source: str, path: str) -> None:
    assert len(wrong_imports(source, path)) == 1


def test_imports_that_point_inwards_are_let_through() -> None:
    assert wrong_imports("import json\nfrom core.model import Link", "core/x.py") == []
    assert wrong_imports("import kafka\nfrom core.model import Link", "adapters/x.py") == []
    assert wrong_imports("from sandbox.stack import demo", "app/cli/demo.py") == []


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "datetime.now(UTC)",
        "datetime.datetime.now(UTC)",
        "clock = datetime.now",
        "date.today()",
        "key = hash(text)",
        "threading.Thread(target=f)",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert len(impurities(source, "core/x.py")) == 1


def test_a_long_function_and_a_call_at_import_are_found() -> None:
    body = "\n".join(f"    x = {i}" for i in range(FUNCTION_LINES_MAX + 1))
    assert long_functions(f'def main():\n    """Doc."""\n{body}', "app/x.py", {"main"}) != []
    assert long_functions("def main():\n    return 1", "app/x.py") == []
    assert calls_at_import("connect()", "adapters/x.py") != []
    assert calls_at_import("log = get_logger()", "adapters/x.py") == []
