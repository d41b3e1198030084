"""Why a test is skipped: a machine lacks a program, or is another system.

Rule: what ``tests/run`` can install is named by `missing`, and a test that lacks it fails where
``CI=true`` (``tests/conftest.py``). Other reasons are of the system: no test could run there.
"""

from __future__ import annotations

import shutil
import sys

import pytest

BEGINNING = "missing here: "


def missing(*names: str) -> str:
    """The reason for a skip."""
    return f"{BEGINNING}{', '.join(names)} (tests/run installs what it needs)"


def is_wine() -> bool:
    """Whether this is Windows' Python on Wine, as in the rig of ``tests/windows``."""
    if sys.platform != "win32":
        return False
    import ctypes

    return hasattr(ctypes.WinDLL("ntdll"), "wine_get_version")


def not_on_wine(reason: str) -> pytest.MarkDecorator:
    """A mark: skip the test where Wine, unlike Windows, cannot do it."""
    return pytest.mark.skipif(is_wine(), reason=f"Wine: {reason}")


def not_on_windows(reason: str) -> pytest.MarkDecorator:
    """A mark: skip the test on Windows."""
    return pytest.mark.skipif(sys.platform == "win32", reason=reason)


def needs(program: str) -> pytest.MarkDecorator:
    """A mark: skip the test where this program is not installed."""
    return pytest.mark.skipif(shutil.which(program) is None, reason=missing(program))


def path_of(program: str) -> str:
    """Where it is installed; skips the test that asks where it is not."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(missing(program))
    return path
