"""What the papers and the packaging say of the tree, held against the tree."""

from __future__ import annotations

import ast
import configparser
import re
from pathlib import Path

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


def test_the_papers_name_files_that_exist() -> None:
    """A path in docs/architecture.md is one of the package."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:\w+/)+\w+\.py)`", text))
    assert named
    assert [path for path in sorted(named) if not (PACKAGE / path).is_file()] == []


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
