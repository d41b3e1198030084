"""The history as a page: ``--report``."""

from __future__ import annotations

import json
import re
import stat
import sys
from pathlib import Path

import pytest

from tests.cli.test_export import URL, exported, history
from tests.folders import keep_files_in
from tray_app.cli.main import main

__all__ = ["history"]


def test_it_writes_one_private_file(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says where, and the page's verdict."""
    page = tmp_path / "page.html"
    where, time, *verdict = exported(capsys, "--report", str(page)).splitlines()
    assert where.endswith(str(page))
    assert time == "The whole time of this page:"
    assert len(verdict) == 3
    assert verdict[0].startswith("Peak 500 MB at ")
    text = page.read_text("utf-8")
    (inside,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    assert json.loads(inside)["rows"]["count"] == 2
    told = [json.loads(inside)["verdict"]["happened"]["All"][key] for key in ("lead", "rest")]
    assert " ".join(told) == verdict[0]
    if sys.platform != "win32":
        assert stat.S_IMODE(page.stat().st_mode) == 0o600


def test_it_names_the_whole_path(
    history: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Also where the flag names a file in the current directory, or none."""
    assert history.is_file()
    monkeypatch.chdir(tmp_path)
    assert f"wrote {tmp_path / 'runanalyze-tray.html'}\n" in exported(capsys, "--report")


def test_since_limits_it(history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of an older time is in the page."""
    page = tmp_path / "page.html"
    exported(capsys, "--report", str(page), "--since", "2200-01-01")
    assert "No history yet" in page.read_text("utf-8")


def test_without_a_history_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line and status 2, and no file."""
    keep_files_in(tmp_path, monkeypatch)
    with pytest.raises(SystemExit) as ended:
        main(["--url", URL, "--report", str(tmp_path / "page.html")])
    assert ended.value.code == 2
    assert "no history" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()
