"""The page's script: its pure parts under Node, and all of it as one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.needs import path_of
from tray_app.views.page.document import MODULES, script

HERE = Path(__file__).parent
NODE_LIMIT_S = 60


def test_the_pure_parts_hold() -> None:
    """``page.test.mjs``, one line for each fact."""
    ran = subprocess.run(
        [path_of("node"), "--test", str(HERE / "page.test.mjs")],
        capture_output=True,
        text=True,
        timeout=NODE_LIMIT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


def test_the_modules_are_one_script(tmp_path: Path) -> None:
    """No name stands for two things, and no import is left: a page may load nothing."""
    whole = tmp_path / "whole.mjs"
    whole.write_text(script(), "utf-8")
    checked = subprocess.run(
        [path_of("node"), "--check", str(whole)],
        capture_output=True,
        text=True,
        timeout=NODE_LIMIT_S,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr
    assert "import " not in "\n".join(
        line for line in script().splitlines() if line.startswith(("import", "export"))
    )


def test_each_module_is_in_the_page() -> None:
    """Those of the folder, no more and no less."""
    folder = HERE.parents[2] / "tray_app" / "views" / "page"
    assert sorted(path.name for path in folder.glob("*.mjs")) == sorted(MODULES)
