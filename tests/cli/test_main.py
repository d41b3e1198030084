"""The command line: every mistake is one line and status 2, and nothing is started."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from tray_app import app
from tray_app.cli import main
from tray_app.cli.parser import make_parser
from tray_app.core.config.options import OPTIONS
from tray_app.core.config.settings import Settings
from tray_app.core.config.template import commented_config
from tray_app.core.model.icon_options import Style
from tray_app.core.model.presets import Mode, Preset
from tray_app.runtime.log_file import LogFileHandler
from tray_app.views.terminal import streams

NO_FOLDER = str(Path("/no/such/folder/log").absolute())


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[app.Invocation]:
    """What would have been run."""
    invocations: list[app.Invocation] = []

    def run(invocation: app.Invocation) -> int:
        gc.enable()  # as with the first figure
        invocations.append(invocation)
        return 0

    monkeypatch.setattr(app, "run", run)
    monkeypatch.setattr("tray_app.desktop.paths.config_file", lambda: tmp_path / "config.toml")
    monkeypatch.setattr("tray_app.desktop.paths.state_file", lambda: tmp_path / "state.json")
    monkeypatch.setattr("tray_app.desktop.paths.log_file", lambda: tmp_path / "app.log")
    monkeypatch.setattr("tray_app.desktop.paths.data_home", lambda: tmp_path / "share")
    return invocations


def settings(started: list[app.Invocation], *arguments: str) -> Settings:
    """The settings that these arguments amount to."""
    assert main.main(arguments) == 0
    return started[-1].settings


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--nope"], "--nope"),
        (["--interval", "0"], "--interval"),
        (["--interval", "3601"], "--interval"),
        (["--interval", "soon"], "--interval"),
        (["--interval", "nan"], "--interval"),
        (["--duration", "-1"], "--duration"),
        (["--url", "ftp://x"], "--url"),
        (["--url", "http://"], "--url"),
        (["--url", "http://localhost:99999"], "--url"),
        (["--mode", "sideways"], "--mode"),
        (["--quick", "--heavy"], "--heavy"),
        (["--config", "no/such/file.toml"], "--config"),
        (["--log-file", "no/such/folder/log"], "--log-file"),
        (["stray"], "stray"),
        (["--pid", "0"], "--pid"),
        (["--pid", "-3"], "--pid"),
        (["--pid", "main.py"], "--pid"),
        (["--pid", "9999999999999"], "--pid"),
        (["--match", "("], "--match"),
        (["--match", ""], "--match"),
        (["--pid", "7", "--match", "x"], "--match"),
        (["--tmp-dir", ""], "--tmp-dir"),
        (["--quick", "--heavy"], "--heavy: cannot be combined with --quick"),
        (["--install-desktop-entry", "--doctor"], "cannot be combined with"),
        (["--url"], "--url: needs a value"),
        (["--once=1"], "--once: takes no value"),
        (["--nope"], "unknown option: --nope (see --help)"),
        (["--completion", "tcsh"], "--completion: must be one of bash, zsh, fish"),
        (["--config", "/"], f"--config: {Path('/')}: is a directory"),
        (["--log-file", NO_FOLDER], f"--log-file: {NO_FOLDER}: its directory"),
    ],
)
def test_bad_input_is_one_line_naming_the_flag(
    started: list[app.Invocation],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    named: str,
) -> None:
    """A wrong flag or value ends with status 2 and one line that names it."""
    with pytest.raises(SystemExit) as ended:
        main.main(arguments)
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert printed.err.count("\n") == 1
    assert named in printed.err
    assert printed.out == ""
    assert started == []


def test_a_config_that_does_not_parse_names_file_and_line(
    started: list[app.Invocation], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Broken TOML ends with status 2, names the place, and the file stays as it was."""
    file = tmp_path / "mine.toml"
    file.write_text('mode = "auto"\ninterval_s = = 3\n')
    with pytest.raises(SystemExit) as ended:
        main.main(["--config", str(file)])
    assert ended.value.code == 2
    assert f"{file}:2:" in capsys.readouterr().err
    assert file.read_text().endswith("= = 3\n")
    assert started == []


def test_wrong_keys_are_named_and_the_rest_works(
    started: list[app.Invocation], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """An unknown key is named with file and line; what is right still counts."""
    file = tmp_path / "mine.toml"
    file.write_text("interval_s = 5\ncolour = 1\n[alerts]\nhigh_mb = 2500\n")
    result = settings(started, "--config", str(file))
    assert (result.interval_s, result.alerts.high_mb) == (5.0, 2500.0)
    assert f"{file}:2:" in capsys.readouterr().err


def test_the_defaults_are_the_documented_ones(started: list[app.Invocation]) -> None:
    """Without flags: tray, automatic, localhost:8000, every 2 s, no end."""
    result = settings(started)
    assert started[-1].view is app.View.TRAY
    assert (result.mode, result.address.url) == (Mode.AUTO, "http://localhost:8000")
    assert (result.interval_s, result.duration_s) == (2.0, None)


@pytest.mark.parametrize(
    ("flag", "expected"),
    [
        ("--quick", {"interval_s": 2.0, "duration_s": 30.0, "mode": Mode.AUTO}),
        ("--heavy", {"interval_s": 3.0, "patience_s": 30.0, "patience_busy_s": 30.0}),
        ("--debug", {"interval_s": 1.0, "details": True}),
        ("--fallback", {"interval_s": 2.0, "mode": Mode.FALLBACK}),
    ],
)
def test_presets_set_what_they_say(
    started: list[app.Invocation], flag: str, expected: dict[str, Any]
) -> None:
    """Each preset sets its interval, length, patience and mode."""
    result = settings(started, flag)
    assert {name: getattr(result, name) for name in expected} == expected


def test_processes_are_shown_one_by_one(started: list[app.Invocation]) -> None:
    """As the old script's flag did."""
    assert settings(started, "--processes").details
    assert settings(started, "--processes", "--url", "gpu-box:9").address.url == "http://gpu-box:9"
    assert not settings(started).details


def test_an_explicit_flag_beats_the_preset(started: list[app.Invocation]) -> None:
    """Whatever a preset sets, a flag beside it wins."""
    result = settings(started, "--quick", "--interval", "0.5", "--duration", "7", "--mode", "api")
    assert (result.interval_s, result.duration_s, result.mode) == (0.5, 7.0, Mode.API)


def test_what_was_chosen_in_the_menu_counts_until_a_flag_says_otherwise(
    started: list[app.Invocation], tmp_path: Path
) -> None:
    """The remembered mode and preset hold at the next start; a flag wins for its run."""
    (tmp_path / "state.json").write_text('{"version": 1, "mode": "api", "preset": "heavy"}')
    result = settings(started)
    assert (result.mode, result.preset, result.interval_s) == (Mode.API, Preset.HEAVY, 3.0)
    assert settings(started, "--mode", "auto").mode is Mode.AUTO
    assert settings(started, "--console").mode is Mode.AUTO


def test_what_is_watched_can_be_said(
    started: list[app.Invocation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By pid or pattern, in the config file too, where a flag's pattern beats a pid."""
    assert settings(started, "--pid", "4711").pid == 4711
    assert settings(started, "--match", r"main:\w+").match == r"main:\w+"
    monkeypatch.chdir(tmp_path)
    assert settings(started, "--tmp-dir", "here").tmp_dir == str(tmp_path / "here")
    (tmp_path / "config.toml").write_text('pid = 12\ntmp_dir = "~/clips"\n')
    configured = settings(started)
    assert (configured.pid, configured.match) == (12, None)
    assert configured.tmp_dir == str(Path.home() / "clips")
    matched = settings(started, "--match", "x")
    assert (matched.pid, matched.match) == (None, "x")


@pytest.mark.parametrize("flag", ["--processes", "--details", "-v", "--verbose"])
def test_details_have_several_flags(started: list[app.Invocation], flag: str) -> None:
    """A terminal shows 100 columns without them, and the rest with any of them."""
    assert not settings(started).details
    assert settings(started, flag).details


def test_start_at_login_keeps_what_is_watched(
    started: list[app.Invocation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """URL (without a password), mode, pace, process, directory and config file; no pid, no
    duration."""
    assert kept(started, "--duration=5", "--pid=7", "--quick", "--console") == ()
    flags = kept(started, "--url", "http://me:secret@127.0.0.1:18762", "--interval", "1.5")
    assert flags == ("--url=http://127.0.0.1:18762", "--interval=1.5")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.toml").write_text("")
    flags = kept(
        started, "--heavy", "--mode=api", "--match=a b", "--tmp-dir=tmp", "--config=my.toml"
    )
    assert flags == (
        "--heavy",
        "--mode=api",
        "--match=a b",
        f"--tmp-dir={tmp_path / 'tmp'}",
        f"--config={tmp_path / 'my.toml'}",
    )
    assert make_parser().parse_args(list(flags)).match == "a b"


def kept(started: list[app.Invocation], *arguments: str) -> tuple[str, ...]:
    main.main(list(arguments))
    return started[-1].login_flags


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--json", "--doctor"], "--doctor: cannot be combined with --json"),
        (["--init-config", "--demo"], "--init-config: cannot be combined with --demo"),
        (["--fallback", "--mode=api"], "--fallback: cannot be combined with --mode api"),
        (["--interval=-5"], "--interval: must be from 0.2 to 3600 seconds (given: -5)"),
        (["--interval=abc"], "--interval: must be a number (given: abc)"),
        (["--mode=x"], "--mode: must be one of auto, api, fallback (given: x)"),
        (["--url=ftp://me:secret@x"], "--url: must start with http:// or https://"),
        (["--prometheus=ftp://me:secret@x"], "--prometheus: must start with http:// or https://"),
        (["--selector=a='b'"], "--selector: needs --prometheus"),
        (["--alertmanager=am:9093"], "--alertmanager: needs --prometheus"),
    ],
)
def test_mistakes_have_one_form(
    flags: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The flag, what is wrong, and what was given, unless it may be secret."""
    with pytest.raises(SystemExit) as ended:
        main.main(flags)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"runanalyze-tray: {told}\n"


def test_a_prometheus_takes_the_place_of_servers(
    started: list[app.Invocation], tmp_path: Path
) -> None:
    """By flag or config file; a URL on the command line is newer than the file. Its choices are
    remembered apart, and it is one instance of its own."""
    servers = "".join(f'[[servers]]\nurl = "http://{name}:8000"\n' for name in "ab")
    (tmp_path / "config.toml").write_text(f'[fleet]\nprometheus = "http://p:9090"\n{servers}')
    main.main([])
    by_file = started[-1]
    assert by_file.engine is not None
    assert (by_file.engine.shown, by_file.servers) == ("http://p:9090", ())
    assert by_file.state_file is not None
    assert by_file.state_file.name.startswith("state-prometheus_p_9090-")
    flags = ("--prometheus=http://me:secret@q", '--selector=team="video"')
    assert kept(started, *flags) == ("--prometheus=http://q", '--selector=team="video"')
    by_flag = started[-1]
    assert by_flag.instance not in (by_file.instance, by_flag.settings.address.identity)
    assert "secret" not in by_flag.shown
    for other in (["--url=http://x"], ["--console", "--url=http://x"], ["--demo"]):
        main.main(other)
        assert started[-1].engine is None


def test_view_flags(started: list[app.Invocation]) -> None:
    """--json, --console and --once choose the view; --demo remembers nothing."""
    for arguments, view in (
        (["--json"], app.View.JSON),
        (["--console"], app.View.CONSOLE),
        (["--once"], app.View.CONSOLE),
        (["--once", "--json"], app.View.JSON),
    ):
        main.main(arguments)
        assert started[-1].view is view
    main.main(["--demo"])
    assert (started[-1].demo, started[-1].state_file) == (True, None)


LISTED = """\
interval_s = 7
[[servers]]
name = "desk"
url = "http://desk:1"
[[servers]]
name = "gpu"
url = "http://gpu:2"
interval_s = 9
"""


@pytest.mark.parametrize("flag", ["--console", "--json", "--once", "--headless"])
def test_every_view_takes_several_servers(
    flag: str, started: list[app.Invocation], tmp_path: Path
) -> None:
    """Each with its own settings."""
    (tmp_path / "config.toml").write_text(LISTED)
    assert main.main([flag]) == 0
    told = {each.settings.name: each.settings.interval_s for each in started[0].servers}
    assert told == {"desk": 7, "gpu": 9}
    assert started[0].lists


def test_a_list_of_one_may_grow(started: list[app.Invocation], tmp_path: Path) -> None:
    """In a terminal and as a service; not in the tray, and not where a flag is about one server."""
    (tmp_path / "config.toml").write_text(LISTED.rpartition("[[servers]]")[0])
    for flags in (["--json"], ["--headless"], [], ["--json", "--match", "x"]):
        assert main.main(flags) == 0
    assert [len(each.servers) for each in started] == [1, 1, 0, 0]
    assert started[0].lists
    assert [each.settings.name for each in started] == ["desk"] * 4


def test_the_doctor_reports_on_several_servers(
    started: list[app.Invocation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And on the one that --url chooses alone, with its settings of the list."""
    asked: list[tuple[Settings, tuple[Settings, ...]]] = []

    def run(
        settings: Settings, _: Path, __: object, several: tuple[Settings, ...], *, engine: bool
    ) -> int:
        assert not engine
        asked.append((settings, several))
        return 0

    monkeypatch.setattr("tray_app.cli.doctor.run", run)
    (tmp_path / "config.toml").write_text(LISTED)
    assert main.main(["--doctor"]) == 0
    assert main.main(["--doctor", "--url", "http://gpu:2"]) == 0
    (_, all_of_them), (gpu, no_others) = asked
    assert [(each.name, each.address.port) for each in all_of_them] == [("desk", 1), ("gpu", 2)]
    assert (gpu.name, gpu.interval_s, no_others) == ("gpu", 9, ())
    assert started == []


@pytest.mark.parametrize("flags", [["--forget"], ["--match", "x"], ["--report", "x.html"]])
def test_a_refusal_says_how_to_choose_a_server(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], started: object
) -> None:
    """Five of them; more are counted."""
    assert started == []
    tables = (f'[[servers]]\nname = "s{n}"\nurl = "http://s{n}:1"\n' for n in range(8))
    (tmp_path / "config.toml").write_text("".join(tables))
    with pytest.raises(SystemExit):
        main.main(flags)
    said = capsys.readouterr().err.strip()
    assert f"{flags[0]}: is for one server; choose one: --url http://s0:1 (s0)," in said
    assert said.endswith("--url http://s4:1 (s4), and 3 more")


def test_the_demo_has_settings_of_its_own(started: list[app.Invocation], tmp_path: Path) -> None:
    """A config file changes its look, but not its story; a flag changes it all the same."""
    text = 'mode = "api"\ninterval_s = 60\n[alerts]\nraised_mb = 9\n[view]\nstyle = "bars"\n'
    (tmp_path / "config.toml").write_text(text)
    shown = settings(started, "--demo")
    assert (shown.style, shown.mode, shown.interval_s) == (Style.BARS, Mode.AUTO, 1.0)
    assert (shown.alerts.raised_mb, shown.alerts.recovery_s) == (1500.0, 4.0)
    flagged = settings(started, "--demo", "--fallback", "--interval", "5")
    assert (flagged.mode, flagged.interval_s) == (Mode.FALLBACK, 5.0)


def test_the_environment_beats_the_file_and_a_flag_beats_both(
    started: list[app.Invocation],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Defaults, file, environment, flags: the later wins; a wrong variable is named."""
    (tmp_path / "config.toml").write_text("interval_s = 5\n[alerts]\nhigh_mb = 2500\n")
    monkeypatch.setenv("RUNANALYZE_TRAY_INTERVAL_S", "7")
    monkeypatch.setenv("RUNANALYZE_TRAY_MODE", "sideways")
    result = settings(started)
    assert (result.interval_s, result.alerts.high_mb, result.mode) == (7.0, 2500.0, Mode.AUTO)
    assert "RUNANALYZE_TRAY_MODE must be one of" in capsys.readouterr().err
    assert settings(started, "--interval", "0.5").interval_s == 0.5


def test_a_password_in_a_wrong_url_is_not_repeated(
    started: list[app.Invocation], capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what is wrong, not what was given."""
    with pytest.raises(SystemExit):
        main.main(["--url", "ftp://joe:s3cret@host"])
    assert "s3cret" not in capsys.readouterr().err


def test_init_config_writes_once(
    started: list[app.Invocation], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says where, and never writes over a file that is there."""
    file = tmp_path / "config.toml"
    assert main.main(["--init-config"]) == 0
    assert str(file) in capsys.readouterr().out
    assert file.read_text("utf-8") == commented_config()
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o077 == 0, "it may come to hold a token"
    file.write_text("interval_s = 9\n")
    with pytest.raises(SystemExit) as ended:
        main.main(["--init-config"])
    assert ended.value.code == 2
    assert "already exists" in capsys.readouterr().err
    assert file.read_text() == "interval_s = 9\n"
    assert started == []


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="freedesktop only")
def test_a_desktop_entry_comes_and_goes(
    started: list[app.Invocation], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Installed files are named, and removed without a trace; a second removal is not an error."""
    assert main.main(["--install-desktop-entry"]) == 0
    files = [path for path in (tmp_path / "share").rglob("*") if path.is_file()]
    printed = capsys.readouterr().out
    assert sorted(path.suffix for path in files) == [".desktop", ".png"]
    assert all(str(path) in printed for path in files)
    for _ in range(2):
        assert main.main(["--uninstall-desktop-entry"]) == 0
        assert not any(path.is_file() for path in (tmp_path / "share").rglob("*"))
    assert started == []


def test_the_tray_keeps_a_log_and_others_do_not(
    started: list[app.Invocation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sees a tray's standard error; in a terminal a file is kept only where asked for."""
    configured: list[list[logging.Handler]] = []
    monkeypatch.setattr("logging.basicConfig", lambda **given: configured.append(given["handlers"]))
    main.main([])
    main.main(["--json"])
    main.main(["--json", "--log-file", str(tmp_path / "mine.log")])
    files = [
        [Path(it.baseFilename).name for it in handlers if isinstance(it, LogFileHandler)]
        for handlers in configured
    ]
    assert files == [["app.log"], [], ["mine.log"]]


def test_a_log_file_of_the_config_that_cannot_be_written_is_named(
    started: list[app.Invocation], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program runs all the same."""
    (tmp_path / "config.toml").write_text(f"log_file = '{NO_FOLDER}'\n")
    assert main.main(["--json"]) == 0
    assert f"log_file: {NO_FOLDER}: its directory does not exist" in capsys.readouterr().err


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--help names every flag of the README; --version names the program."""
    for flag in ("--help", "--version"):
        with pytest.raises(SystemExit) as ended:
            main.main([flag])
        assert ended.value.code == 0
    printed = capsys.readouterr().out
    for flag in ("--quick", "--json", "--once", "--demo", "--doctor", "--completion"):
        assert flag in printed
    assert all(option.flag in printed for option in OPTIONS)
    assert all(len(line) <= 100 for line in printed.splitlines())
    assert "runanalyze-tray 0." in printed


@pytest.fixture
def unseen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of windows that a program without a console shows."""
    shown: list[str] = []
    monkeypatch.setattr(streams, "_unseen", [])
    monkeypatch.setattr(streams, "mend", lambda: None)
    monkeypatch.setattr(
        "tray_app.desktop.windows.winapi.message_box", lambda _title, text: shown.append(text)
    )
    return shown


def test_errors_come_in_a_window_where_there_is_no_console(
    unseen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mistakes, output that cannot be written, and failures; each once, and only at an end."""
    with pytest.raises(SystemExit):
        main.main(["--nonsense"])
    assert unseen == ["unknown option: --nonsense (see --help)"]
    monkeypatch.setattr(streams, "_unseen", [])

    def fails(_: object) -> int:
        raise streams.OutputFailed("there is no console")

    monkeypatch.setattr(main, "_main", fails)
    assert main.main([]) == 2
    assert unseen[1:] == ["cannot write to standard output: there is no console"]
    monkeypatch.setattr(streams, "_unseen", [])

    def breaks(_: object) -> int:
        raise ValueError("a defect")

    monkeypatch.setattr(main, "_main", breaks)
    with pytest.raises(ValueError, match="a defect"):
        main.main([])
    assert unseen[2:] == ["failed: ValueError: a defect"]


def test_what_is_no_error_opens_no_window(
    unseen: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting at a start that goes on: the tray reports it, and a window would hold it
    up."""
    monkeypatch.setattr(main, "_main", lambda _: streams.complain("a wrong setting") or 0)
    assert main.main([]) == 0
    monkeypatch.setattr(streams, "_unseen", None)
    monkeypatch.setattr(main, "_main", lambda _: 2)
    assert main.main([]) == 2
    assert unseen == []
