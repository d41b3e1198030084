"""What the folder for Windows without Python is made of.

Rule: PyInstaller is not here; its names stand in, and tell what they were given.
"""

from __future__ import annotations

import configparser
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "tools" / "windows_folder.spec"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """What the file asks of PyInstaller, by its word for it."""
    asked: dict[str, list[Any]] = {"Analysis": [], "EXE": [], "COLLECT": []}
    hooks: Any = ModuleType("PyInstaller.utils.hooks")
    hooks.collect_data_files = lambda _: [(str(path), "there") for path in ROOT.glob("assets/*")]
    hooks.collect_submodules = lambda name: [f"{name}.part"]
    hooks.copy_metadata = lambda name, recursive: [(f"{name}.dist-info", "there")]
    monkeypatch.setitem(sys.modules, "PyInstaller.utils.hooks", hooks)

    def note(word: str) -> Any:
        def called(*given: Any, **options: Any) -> Any:
            asked[word].append(SimpleNamespace(given=given, **options))
            return SimpleNamespace(pure=[], scripts=[], binaries=[], datas=[])

        return called

    names = {word: note(word) for word in asked} | {"PYZ": lambda _: None}
    exec(compile(SPEC.read_text("utf-8"), str(SPEC), "exec"), names)
    return asked


def test_it_has_both_programs(made: dict[str, list[Any]]) -> None:
    """As pip makes them: the same names, one with a console and one without."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", "utf-8")
    points = setup["options.entry_points"]
    wanted = {
        points[kind].strip().partition(" = ")[0]: kind == "console_scripts" for kind in points
    }
    assert {each.name: each.console for each in made["EXE"]} == wanted
    assert all(Path(each.icon).is_file() for each in made["EXE"])
    assert len(made["COLLECT"][0].given) == len(wanted) + 2


def test_it_has_all_that_is_found_at_run_time(made: dict[str, list[Any]]) -> None:
    """Parts that are imported by name, data files, and what tells versions to the report."""
    (parts,) = made["Analysis"]
    assert Path(*parts.given[0]).name == "__main__.py"
    assert {"tray_app.part", "plyer.platforms.win.notification"} <= set(parts.hiddenimports)
    names = {Path(place).name for place, _ in parts.datas}
    assert {"troubleshooting.html", "runanalyze-tray.png", "runanalyze-tray.dist-info"} <= names
