"""The start menu's shortcut; Windows' own object that writes it is a stand-in."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tray_app.desktop import paths
from tray_app.desktop.windows import start_menu


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, ...]]:
    """The shortcuts that were written."""
    made: list[tuple[str, ...]] = []

    def write(file: str, *about: str) -> None:
        Path(file).touch()
        made.append((file, *about))

    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    monkeypatch.setattr(paths, "data_home", lambda: tmp_path / "Local")
    monkeypatch.setattr(start_menu, "write_shortcut", write)
    return made


def test_it_starts_the_program_and_has_its_picture(
    written: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the user's own menu, with an icon file beside the program's other files."""
    monkeypatch.setattr(paths, "program", lambda: ["C:/pythonw.exe", "-m", "a b"])
    shortcut, icon = start_menu.install()
    assert shortcut.parent == tmp_path / "Roaming/Microsoft/Windows/Start Menu/Programs"
    (of,) = written
    assert of[:3] == (str(shortcut), "C:/pythonw.exe", '-m "a b"')
    assert of[4] == str(icon)
    with Image.open(io.BytesIO(icon.read_bytes())) as picture:
        assert (picture.format, picture.size) == ("ICO", (256, 256))
        with Image.open(paths.app_icon()) as drawn:
            assert picture.convert("RGBA").tobytes() == drawn.convert("RGBA").tobytes()


@pytest.mark.usefixtures("written")
def test_it_leaves_nothing() -> None:
    """A second removal finds nothing."""
    installed = start_menu.install()
    assert start_menu.uninstall() == installed
    assert not any(path.exists() for path in installed)
    assert start_menu.uninstall() == []
