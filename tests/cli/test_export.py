"""The history as CSV, JSON lines and OpenMetrics."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest

from tests.folders import keep_files_in
from tests.history.made import T0, sample
from tests.waiting import AMPLE_S
from tray_app.cli.main import main
from tray_app.core.history.export import KINDS, columns
from tray_app.core.history.records import JobRecord
from tray_app.core.model.server_address import parse_address
from tray_app.desktop.paths import history_file
from tray_app.history import database

URL = "http://127.0.0.1:9"


@pytest.fixture
def history(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The history of a server, with two samples and a job."""
    keep_files_in(tmp_path, monkeypatch)
    path = history_file(parse_address(URL).identity)
    connection, _ = database.open_for_writing(path)
    database.add(connection, [sample(1), sample(3, None), JobRecord(1, T0, T0 + 9)])
    connection.close()
    return path


def exported(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    assert main(["--url", URL, *flags]) == 0
    return capsys.readouterr().out


def test_csv_has_a_head_and_a_line_for_each_row(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unknown is an empty cell; a time has its zone."""
    assert history.is_file()
    head, first, second = csv.reader(io.StringIO(exported(capsys, "--export", "csv")))
    assert tuple(head) == columns("samples")
    told = dict(zip(head, first, strict=True))
    assert told["time"][-6] in "+-"
    assert (told["memory_bytes"], told["stage"]) == (str(500 * 1024 * 1024), "frames")
    assert dict(zip(head, second, strict=True))["memory_bytes"] == ""


def test_json_has_an_object_for_each_row(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the same names; unknown is null."""
    assert history.is_file()
    rows = [json.loads(line) for line in exported(capsys, "--export", "json").splitlines()]
    assert [row["memory_bytes"] for row in rows] == [500 * 1024 * 1024, None]
    (job,) = map(json.loads, exported(capsys, "--export=json", "--what=jobs").splitlines())
    assert (job["number"], job["lost"], job["stages"]) == (1, False, "")


def test_openmetrics_ends_with_its_mark(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only a whole file has it. Each point names the server."""
    assert history.is_file()
    written = exported(capsys, "--export", "openmetrics")
    assert written.endswith("\n# EOF\n")
    assert f'runanalyze_memory_bytes{{server="127.0.0.1:9"}} {500 * 1024 * 1024} ' in written


MINUTES = 4 * 24 * 60
GROWTH_MAX = 500_000


@pytest.mark.parametrize("form", ["csv", "json", "openmetrics"])
def test_a_long_past_needs_no_more_memory(
    form: str, history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rows are written one by one: 5760 need less than half a megabyte."""
    with closing(sqlite3.connect(history)) as connection, connection:
        row = (60_000, 30, *(10**9,) * 8, 60_000, 0)
        marks = ", ".join("?" * (len(row) + 1))
        connection.executemany(
            f"INSERT INTO spans VALUES ({marks})",
            ((row[0], number * 60_000, *row[1:]) for number in range(MINUTES)),
        )
    output = tmp_path / "out"
    flags = ("--export", form, "--what", "minutes", "-o", str(output))
    exported(capsys, *flags)  # whatever is loaded at first
    tracemalloc.start()
    try:
        exported(capsys, *flags)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert output.read_text().count("\n") >= MINUTES
    assert most < GROWTH_MAX


@pytest.mark.parametrize("form", ["csv", "json", "openmetrics"])
def test_a_reader_that_leaves_early_is_no_failure(form: str, history: Path) -> None:
    """``| head -1`` ends the export without a word and without a traceback."""
    with closing(sqlite3.connect(history)) as connection, connection:
        connection.executemany(
            "INSERT INTO gaps VALUES (?, ?, 'off')", ((n * 10, n * 10 + 5) for n in range(20_000))
        )
    command = (sys.executable, "-m", "tray_app", "--url", URL, "--export", form, "--what", "gaps")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(AMPLE_S), said) in ((0, b""), (141, b""))


@pytest.mark.parametrize("what", KINDS)
def test_each_kind_can_be_exported(
    what: str, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its head, where there is nothing else."""
    assert history.is_file()
    head = exported(capsys, "--export", "csv", "--what", what).splitlines()[0]
    assert head == ",".join(columns(what))


def test_it_can_go_to_a_file(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing to the terminal. Only its owner can read it, also where others could before."""
    assert history.is_file()
    output = tmp_path / "out.csv"
    output.touch(0o644)
    assert exported(capsys, "--export", "csv", "-o", str(output)) == ""
    assert output.read_text("utf-8").count("\n") == 3
    if sys.platform != "win32":
        assert stat.S_IMODE(output.stat().st_mode) == 0o600


def test_a_file_without_a_folder_makes_none(history: Path, tmp_path: Path) -> None:
    """Neither for an export nor for a page."""
    assert history.is_file()
    for flags in (("--export", "csv", "-o"), ("--report",)):
        with pytest.raises(SystemExit):
            main(["--url", URL, *flags, str(tmp_path / "new" / "x")])
    assert not (tmp_path / "new").exists()


def test_an_export_that_fails_leaves_no_file(history: Path, tmp_path: Path) -> None:
    """Nor a part of one, and what was there stays."""
    output = tmp_path / "out.csv"
    output.write_text("earlier")
    history.write_bytes(b"no database at all" * 100)
    with pytest.raises(SystemExit):
        main(["--url", URL, "--export", "csv", "-o", str(output)])
    assert output.read_text() == "earlier"
    assert not list(tmp_path.glob("out.csv.*"))


@pytest.mark.skipif(sys.platform == "win32", reason="a device of Unix")
def test_a_device_is_written_to(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It stays a device."""
    assert history.is_file()
    exported(capsys, "--export", "csv", "-o", os.devnull)
    assert not Path(os.devnull).is_file()


def test_only_what_came_since_then(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The samples are of long ago."""
    assert history.is_file()
    assert exported(capsys, "--export", "json", "--since", "2h") in ("", None)


NO_FOLDER = f"{Path('/no/such/folder/x')}: its directory does not exist"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            ["--export", "csv", "--since", "tomorrow"],
            "22:00, 2026-11-20 or 2026-11-20T18:00 (",
        ),
        (["--since", "2h"], "--since: needs --export"),
        (["--export", "csv", "--json"], "--export: cannot be combined with --json"),
        (
            ["--export", "csv", "--url", "http://127.0.0.1:8"],
            "--export: is for one server; choose one: --url http://127.0.0.1:9 (127.0.0.1:9),"
            " --url http://127.0.0.1:8 (127.0.0.1:8)",
        ),
        (["--export", "csv", "-o", "/no/such/folder/x"], NO_FOLDER),
        (["--report", "/no/such/folder/x"], NO_FOLDER),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    flags: list[str], words: str, history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As everywhere."""
    assert history.is_file()
    with pytest.raises(SystemExit) as left:
        main(["--url", URL, *flags])
    assert left.value.code == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_another_servers_history_is_named(
    history: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server without a history: the error names those that have one."""
    assert history.is_file()
    with pytest.raises(SystemExit):
        main(["--url", "http://127.0.0.1:8", "--export", "csv"])
    assert "of http://localhost:9: add --url http://localhost:9" in capsys.readouterr().err


def test_a_damaged_file_is_one_line(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is read, never set aside: that is the writer's."""
    history.write_bytes(b"no database at all" * 100)
    with pytest.raises(SystemExit):
        main(["--url", URL, "--export", "csv"])
    assert "file is not a database" in capsys.readouterr().err
    assert history.is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe of Unix")
@pytest.mark.parametrize("form", ["csv", "json", "openmetrics"])
def test_it_ends_quietly_when_the_pipe_closes(form: str, history: Path) -> None:
    """``| head -1`` is no mistake, however much is left."""
    connection, _ = database.open_for_writing(history)
    database.add(connection, [sample(2 * n) for n in range(5000)])
    connection.close()
    command = [sys.executable, "-m", "tray_app", "--url", URL, "--export", form]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline()
        program.stdout.close()
        assert program.stderr.read() == ""
        assert program.wait(AMPLE_S) == 0
