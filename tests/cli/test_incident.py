"""``--incident``: the list, a page, and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.history.made import MIB, T0, sample
from tests.history.test_incidents import file_of, incident, polls
from tray_app.cli.incident import LIST, run
from tray_app.core.config.settings import Settings
from tray_app.core.history.export import iso


def told(
    path: Path, number: int, capsys: pytest.CaptureFixture[str], *, as_json: bool = False
) -> str:
    """What it prints."""
    page = path.with_name("page.html")
    assert run(path, Settings(), number, as_json=as_json, output=page, now_s=T0 + 3000) == 0
    return capsys.readouterr().out


def test_a_page_without_a_folder_makes_none(tmp_path: Path) -> None:
    """It is a mistake, and the page's own path is named."""
    path, page = tmp_path / "h", tmp_path / "new" / "page.html"
    file_of(path, incident(1000))
    with pytest.raises(NotADirectoryError, match="its directory does not exist") as failed:
        run(path, Settings(), 1, as_json=False, output=page, now_s=T0 + 3000)
    assert failed.value.filename == str(page)
    assert not page.parent.exists()


def test_incidents_are_listed_newest_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With their numbers; none is a sentence."""
    assert "no incidents yet" in told(tmp_path / "none", LIST, capsys)
    file_of(tmp_path / "h", incident(1000), incident(2000))
    first, second = told(tmp_path / "h", LIST, capsys).splitlines()
    assert first.startswith("  1  ")
    assert second.endswith(" · Server hangs")


def test_one_is_a_page_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The newest is number 1; another number is a mistake."""
    path = tmp_path / "h"
    file_of(path, sample(990), incident(1000), polls(1000, 989), incident(2000))
    assert f"wrote {path.with_name('page.html')}" in told(path, 2, capsys)
    assert "No answer for 1 min." in path.with_name("page.html").read_text("utf-8")
    found = json.loads(told(path, 2, capsys, as_json=True))
    assert found["record"]["happened"][0]["cause"] == "hung"
    assert found["record"]["opened"] == iso(T0 + 1000)
    assert found["polls"] == [{"time": iso(T0 + 989), "memory_bytes": 500 * MIB}]
    assert [each["time"] for each in found["samples"]] == [iso(T0 + 990)]
    with pytest.raises(ValueError, match="there is no incident 3"):
        told(path, 3, capsys)
