"""What the papers and the packaging say of the tree, held against the tree."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tray_app"


def started_threads() -> set[str]:
    """The names of all threads that the code starts; what is computed of one is an ellipsis."""
    names = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            if isinstance(node.func, ast.Name) and node.func.id == "WorkerThread":
                name = node.args[0]
                if isinstance(name, ast.JoinedStr):
                    first = name.values[0]
                    assert isinstance(first, ast.Constant)
                    names.add(f"{first.value}…")
                else:
                    assert isinstance(name, ast.Constant), ast.unparse(node)
                    names.add(str(name.value))
    return names


def test_the_table_of_threads_is_complete() -> None:
    """Each thread that the code starts has a row, and each row a thread."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = text.partition("## Threads\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)) == started_threads()


@pytest.mark.parametrize("paper", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_the_papers_name_files_that_exist(paper: str) -> None:
    """A path in backticks is one of the package or of the repository."""
    text = (ROOT / paper).read_text("utf-8")
    named = set(re.findall(r"`((?:\w+/)+\w+\.\w+)`", text))
    assert named
    places = (PACKAGE, ROOT)
    lost = [path for path in sorted(named) if not any((it / path).is_file() for it in places)]
    assert lost == []


WAITS = {"acquire", "close", "communicate", "get", "join", "result", "stop", "timeout", "wait"}
LIMITS = {"limit_s", "timeout", "within_s"}
GUESSES_S = (3.0, 30.0)
"""Shorter: a pause that is meant to pass. Longer: a limit that only something broken reaches."""


def guessed_limits(path: Path) -> Iterator[str]:
    """Where a limit says how fast a machine is."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        given = [each.value for each in node.keywords if each.arg in LIMITS]
        given += node.args[:1] if name in WAITS else []
        given += node.args[2:3] if ast.unparse(node.func) == "wait_for" else []
        for each in given:
            seconds = each.value if isinstance(each, ast.Constant) else None
            if isinstance(seconds, int | float) and GUESSES_S[0] < seconds < GUESSES_S[1]:
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


def test_no_limit_of_a_test_is_a_guess() -> None:
    """A test waits for `tests.waiting.AMPLE_S`: other tests run at the same time, and the next
    machine may be five times slower. The core's tests wait for nothing."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if path.parts[-2] != "bench"]
    waiting = [path for path in files if not path.is_relative_to(ROOT / "tests" / "core")]
    assert [found for path in waiting for found in guessed_limits(path)] == []


def test_contributing_names_each_tool() -> None:
    """With the command that writes its file again."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    tools = {path.stem for path in (ROOT / "tools").glob("*.py")}
    assert set(re.findall(r"`(?:python -m )?tools\.(\w+)", text)) == tools


def test_every_package_is_packaged() -> None:
    """setup.cfg lists the packages of the tree, so that a wheel has all of them."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    listed = config["options"]["packages"].split()
    found = [".".join(path.parent.relative_to(ROOT).parts) for path in PACKAGE.rglob("__init__.py")]
    assert sorted(listed) == sorted([*found, "tray_app.assets"])


def test_both_files_forbid_the_same_rooms() -> None:
    """Each package of the core is kept from the desktop's libraries by name."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    kept_out = config["importlinter:contract:one-door-desktop"]["source_modules"].split()
    packages = {f"tray_app.core.{path.parent.name}" for path in PACKAGE.glob("core/*/__init__.py")}
    assert packages <= set(kept_out)


def branches(node: ast.AST) -> int:
    """How many ways lead through it, less one; a ``match`` is a table, whose rows do not count."""
    own = 0
    match node:
        case ast.If() | ast.IfExp() | ast.For() | ast.While() | ast.ExceptHandler() | ast.Assert():
            own = 1
        case ast.BoolOp(values=values):
            own = len(values) - 1
        case ast.comprehension(ifs=ifs):
            own = 1 + len(ifs)
    return own + sum(map(branches, ast.iter_child_nodes(node)))


TREES = {path: ast.parse(path.read_text("utf-8")) for path in PACKAGE.rglob("*.py")}
CLASSES = {
    node.name
    for tree in TREES.values()
    for node in ast.walk(tree)
    if isinstance(node, ast.ClassDef)
}


def values_by_place(call: ast.Call) -> int:
    """How many values a constructor tells apart by their places only; ``*values`` are two."""
    name = ast.unparse(call.func).rpartition(".")[2]
    spread = [value for value in call.args if isinstance(value, ast.Starred)]
    return len(call.args) + len(spread) if name in CLASSES else 0


def test_no_function_is_complex() -> None:
    """At most 15 ways lead through one. Ruff counts no ``and``, ``or`` and comprehension."""
    found = [
        f"{path.relative_to(ROOT)}: {node.name} {branches(node) + 1}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and branches(node) >= 15
    ]
    assert found == []


def test_values_of_a_constructor_are_named() -> None:
    """More than four values have keywords: a new field in the middle would shift the others."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node.func)}"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and values_by_place(node) > 4
    ]
    assert found == []


def core_floors() -> list[set[str]]:
    """The packages of the core by floor, from top to bottom, as the contract has them."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    lines = config["importlinter:contract:core-floors"]["layers"].split("\n")
    return [set(line.replace("|", " ").split()) for line in lines if line]


def test_the_papers_draw_the_floors_of_the_contract() -> None:
    """README and docs/architecture.md have one row for each floor of the core, in its order."""
    table = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", table.partition("## One")[0], re.MULTILINE)
    assert [set(re.findall(r"\w+", row)) for row in rows] == core_floors()
    drawing = (ROOT / "README.md").read_text("utf-8").partition(" core  ")[2].partition("```")[0]
    packages = set().union(*core_floors())
    drawn = [set(line.split()) & packages for line in drawing.split("\n")[1:] if line]
    assert drawn == core_floors()


# Modules without a test file of their own, and why.
UNMIRRORED = {
    "__main__.py": "one call; every test of a whole run goes through it",
    "app/*": "tests/app/test_app.py and tests/stories run the parts of the program together",
    "core/model/api_failure.py": "values only; tests/core/presentation words each kind",
    "core/model/document.py": "values only",
    "core/model/icon_options.py": "values only",
    "core/model/process_finding.py": "values only; tests/core/presentation words each kind",
    "core/model/server_action.py": "values only",
    "core/model/stacks.py": "values only; tests/core/presentation words each problem",
    "core/monitor/commands.py": "values only; tests/core/monitor/test_step.py runs each command",
    "core/monitor/delivery_log.py": "values only",
    "core/monitor/events.py": "values only",
    "core/monitor/inputs.py": "values only",
    "core/monitor/sample.py": "values only",
    "core/prometheus/events.py": "values only",
    "core/prometheus/values.py": "values only; tests/core/prometheus/test_answers.py makes them",
    "history/schema.py": "tables only; tests/history/test_database.py",
    "desktop/linux/xembed/shown.py": "values only",
    "runtime/clock.py": "the only importer of the clock: nothing to compare it with",
    "runtime/gc_pause.py": "two calls",
    "runtime/ports.py": "interfaces only",
    "sources/processes/process_table.py": "an interface: test_procfs.py, test_psutil_table.py",
}
# Test files in the mirrored folders that are about more than one module.
ACROSS = {
    "app/app",
    "desktop/clicks",
    "desktop/contracts",
    "desktop/several_servers",
    "desktop/every_notification",
    "desktop/harness",
    "desktop/hosts",
    "desktop/menu",
    "desktop/notifications",
    "desktop/tray",
    "desktop/whole_menu",
    "views/page/browser",
    "views/page/script",
}


def test_tests_mirror_the_tree() -> None:
    """Each module has a test file at its place, and each test file there has its module."""
    modules = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path.name != "__init__.py"
    }
    excepted = {each for each in modules if any(fnmatch(each, row) for row in UNMIRRORED)}
    unused = [row for row in UNMIRRORED if not any(fnmatch(each, row) for each in modules)]
    assert unused == []
    rooms = {each.split("/")[0] for each in modules if "/" in each}
    tested = {
        path.relative_to(ROOT / "tests").as_posix().replace("/test_", "/").removesuffix(".py")
        for room in rooms
        for path in (ROOT / "tests" / room).rglob("test_*.py")
    }
    named = {each.removesuffix(".py").replace("/_", "/"): each for each in modules if "/" in each}
    packages = {name.rpartition("/")[0] for name in named}
    assert [row for row in UNMIRRORED if row.removesuffix(".py") in tested] == []
    assert sorted(set(named) - tested - {each.removesuffix(".py") for each in excepted}) == []
    assert sorted(tested - set(named) - packages - ACROSS) == []
