"""Programs that tests start with ``python -c`` name modules and attributes that are there.

A rename in ``tray_app`` does not reach into strings, and a test whose program fails at its import
may wait for a long time before it says so.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
_IMPORT = re.compile(r"from (tray_app[\w.]*) import (\w+(?: as \w+)?(?:, \w+(?: as \w+)?)*)")


def imports_in_strings(source: str) -> Iterator[tuple[str, str]]:
    """(module, name) of every ``from tray_app... import name`` that stands in a string."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for module, names in _IMPORT.findall(node.value):
                for name in names.split(", "):
                    yield module, name.partition(" as ")[0]


def is_there(module: str, name: str) -> bool:
    try:
        found = importlib.import_module(module)
        if not hasattr(found, name):
            importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True


def test_code_in_strings_imports_what_is_there() -> None:
    """Every name that a test's embedded program imports from the app can be imported."""
    wanted = {
        (file.relative_to(TESTS).as_posix(), module, name)
        for file in TESTS.rglob("*.py")
        if file != Path(__file__)
        for module, name in imports_in_strings(file.read_text("utf-8"))
    }
    assert len(wanted) > 20
    assert [each for each in sorted(wanted) if not is_there(*each[1:])] == []


def test_a_name_that_is_gone_is_found() -> None:
    """The check itself notices a module and a name that are not there."""
    code = "START = 'from tray_app.gone import main; from tray_app.app import nobody, run as go'"
    assert [is_there(*each) for each in imports_in_strings(code)] == [False, False, True]
