"""``--forget`` deletes the history of one server."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.folders import keep_files_in
from tests.history.made import sample
from tray_app.cli.main import main
from tray_app.core.model.server_address import parse_address
from tray_app.desktop.paths import history_file
from tray_app.history import database

URL = "http://127.0.0.1:9"


class Terminal(io.StringIO):
    """Standard input with somebody there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The history of a server, and a file that was set aside."""
    keep_files_in(tmp_path, monkeypatch)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    path = history_file(parse_address(URL).identity)
    connection, _ = database.open_for_writing(path)
    database.add(connection, [sample(1)])
    connection.close()
    path.with_name(f"{path.stem}.unusable-1.sqlite3").write_bytes(b"x")
    return path


def test_with_yes_it_is_deleted_at_once(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what was set aside; a second time there is nothing."""
    assert main(["--url", URL, "--forget", "--yes"]) == 0
    assert "deleted the history of http://127.0.0.1:9" in capsys.readouterr().out
    assert list(history.parent.iterdir()) == []
    assert main(["--url", URL, "--forget"]) == 0
    assert "there is no history of http://127.0.0.1:9" in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "status"), [("y\n", 0), ("YES\n", 0), ("\n", 1), ("n\n", 1)])
def test_on_a_terminal_it_asks_first(
    answer: str,
    status: int,
    history: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And says what is deleted; whatever is no clear yes is a no, with status 1."""
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(["--url", URL, "--forget"]) == status
    told = capsys.readouterr().out
    assert "Samples, jobs, alerts and incidents are lost." in told
    assert f"2 files in {history.parent}" in told
    assert history.is_file() is bool(status)


def test_where_nobody_can_answer_it_needs_yes(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a script a question would wait for ever, or be answered by something else."""
    with pytest.raises(SystemExit) as left:
        main(["--url", URL, "--forget"])
    assert left.value.code == 2
    assert "--forget: needs --yes where nobody can answer" in capsys.readouterr().err
    assert history.is_file()


def test_yes_alone_is_a_mistake(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It answers no question."""
    with pytest.raises(SystemExit):
        main(["--url", URL, "--yes"])
    assert "--yes: needs --forget" in capsys.readouterr().err
    assert history.is_file()
