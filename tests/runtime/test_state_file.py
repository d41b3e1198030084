"""What the app remembers."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tray_app.core.config.settings import RememberedChoices
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.runtime.state_file import read_choice, write_choice


def test_a_choice_survives(tmp_path: Path) -> None:
    """What was written is read again, also into a folder that did not exist."""
    path = tmp_path / "new" / "state.json"
    choice = RememberedChoices(
        Mode.API,
        Preset.HEAVY,
        Style.BARS,
        Palette.OKABE_ITO,
        Theme.DARK,
        Click.HISTORY,
        shown="gpu-1",
        alerts={"raised": [1, 2], "since": {"a": None}},
        notifications={"bus": "a", "owner": ":1.5", "ids": [3]},
    )
    assert None not in [getattr(choice, name) for name in RememberedChoices.__struct_fields__]
    write_choice(path, choice)
    assert read_choice(path) == choice
    assert [file.name for file in path.parent.iterdir()] == ["state.json"]


def test_no_file_is_nothing_remembered(tmp_path: Path) -> None:
    """A first start has nothing to remember and says nothing about it."""
    assert read_choice(tmp_path / "state.json") == RememberedChoices()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"version": 7}',
        '{"version": 1, "mode": "sideways"}',
        '{"version": 1, "style": "loud"}',
        '{"version": 1, "alerts": [1]}',
        "[" * 9999,
    ],
)
def test_a_broken_file_is_set_aside(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken file is kept beside, one line says so, and the app starts."""
    path = tmp_path / "state.json"
    path.write_text(text)
    assert read_choice(path) == RememberedChoices()
    assert not path.exists()
    assert (tmp_path / "state.broken.json").read_text() == text
    assert len(caplog.records) == 1


def test_a_place_that_cannot_be_written_is_one_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Remembering never stops the app: a file where the folder should be is only logged."""
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "state.json"
    assert not write_choice(path, RememberedChoices(Mode.API))
    assert not write_choice(path, RememberedChoices(Mode.AUTO))
    assert caplog.text.count("cannot save the choice") == 1
    (tmp_path / "file").unlink()
    caplog.set_level("INFO")
    assert write_choice(path, RememberedChoices(Mode.API))
    assert "can be written again" in caplog.text


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES, errno.EMFILE]
)
def test_what_was_remembered_survives_a_disk_that_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Nothing of the new file is left, and the old one is whole."""
    path = tmp_path / "state.json"
    assert write_choice(path, RememberedChoices(Mode.API))

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    assert not write_choice(path, RememberedChoices(Mode.AUTO))
    assert read_choice(path) == RememberedChoices(Mode.API)
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_what_an_older_version_wrote_is_read(tmp_path: Path) -> None:
    """Before there was more to remember the file had two words, or null for them."""
    path = tmp_path / "state.json"
    path.write_text('{"version": 1, "mode": null, "preset": "heavy"}')
    assert read_choice(path) == RememberedChoices(preset=Preset.HEAVY)
