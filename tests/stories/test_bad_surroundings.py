"""Whatever the program finds where it starts: one line on standard error and status 2, or a run
without files; never a trace.

Files, environment and flags of every kind. What they say is checked elsewhere (`test_settings`);
here it is the whole program that is run.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.waiting import AMPLE_S
from tray_app import app
from tray_app.cli import main
from tray_app.core.config.options import OPTIONS
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.runtime.config_file import ConfigFile, why
from tray_app.runtime.state_file import read_choice

ROOT = Path(__file__).parents[2]
BARE = {
    key: value
    for key, value in os.environ.items()
    if not key.startswith(("XDG_", "RUNANALYZE_TRAY_"))
    and key not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "HOME")
}
unix_only = pytest.mark.skipif(sys.platform == "win32", reason="pipes in folders are Unix's")


def run(*flags: str, home: str | None = None, **environment: str) -> tuple[int, str]:
    """Status and what is said on standard error."""
    own = BARE | environment | ({} if home is None else {"HOME": home})
    done = subprocess.run(
        [sys.executable, "-m", "tray_app", *flags],
        cwd=ROOT,
        env=own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=AMPLE_S,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="places of Linux")
@pytest.mark.parametrize("home", ["/proc", "/dev/null", "/proc/self/fd/99", "~nosuch"])
def test_without_a_home_it_runs_without_files(home: str) -> None:
    """One that is not there, is no directory, cannot be written or cannot be found; a tray says
    nothing of it, and what would have to write says so in one line."""
    state = {"XDG_STATE_HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}
    if not home.startswith("/"):
        state = {"XDG_STATE_HOME": "/dev/null", "XDG_CONFIG_HOME": "/dev/null"}
    assert run("--demo", "--json", "--once", home=home, **state) == (0, "")
    status, told = run("--init-config", home=home, **state)
    assert (status, told.count("\n")) == (2, 1)
    status, told = run("--doctor", "--url=http://127.0.0.1:9", home=home, **state)
    assert (status, told) == (1, "")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's folders")
@pytest.mark.parametrize("told", ["", "relative", None])
def test_a_home_that_is_no_absolute_path_is_not_used(
    told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or files would lie in the root directory, or in whichever the program was started in."""
    from tray_app.desktop import paths

    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, "relative")
    monkeypatch.setenv("HOME", told or "")
    if told is None:
        monkeypatch.delenv("HOME")
    import pwd

    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    assert paths.config_file().is_relative_to(home)
    assert paths.runtime_dir().is_relative_to(home)

    def unknown(_uid: int) -> object:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert not paths.state_file().parent.exists()
    with pytest.raises(OSError):
        paths.state_file().parent.mkdir(parents=True)


PATH_FLAGS = [option for option in OPTIONS if option.key in ("tmp_dir", "log_file")]


@pytest.mark.skipif(sys.platform == "win32", reason="there ~nosuch is a neighbour of the home")
@pytest.mark.parametrize("option", PATH_FLAGS, ids=lambda option: option.flag)
def test_a_home_of_nobody_is_a_mistake(option: object) -> None:
    """``~nosuch``: of a flag one line and status 2; of the environment one line and a run."""
    flag, variable = option.flag, option.environment  # type: ignore[attr-defined]
    status, told = run(flag, "~nosuch/x", "--demo", "--json", "--once")
    assert (status, told) == (
        2,
        f"runanalyze-tray: {flag}: ~nosuch/x names an unknown user's home directory\n",
    )
    status, told = run("--demo", "--json", "--once", **{variable: "~nosuch/x"})
    assert status == 0
    assert (variable in told, told.count("\n")) == (True, 1)


def test_the_files_path_holds_where_the_environments_is_wrong(tmp_path: Path) -> None:
    """A variable that cannot be used changes nothing."""
    file = tmp_path / "config.toml"
    file.write_text('tmp_dir = "/srv/clips"\nlog_file = "~nosuch/x"\n[api]\nca_file="~nosuch/y"\n')
    config = ConfigFile(file, {"RUNANALYZE_TRAY_TMP_DIR": "~nosuch/x"})
    read, complaints = config.read()
    assert (read.tmp_dir, read.log_file, read.ca_file) == ("/srv/clips", None, None)
    assert [str(complaint).partition(" ")[0] for complaint in complaints] == [
        f"{file}:2:",
        f"{file}:4:",
        "RUNANALYZE_TRAY_TMP_DIR:",
    ]


def _fifo(path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(path)


def _link_to(place: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(place)


def _holding(data: bytes) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(data)

    return make


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "a directory": (Path.mkdir, "is a directory"),
    "a pipe that nobody writes": (_fifo, "is a pipe that sent nothing"),
    "endless": (_link_to("/dev/zero"), "is larger than 256 KiB"),
    "a loop": (_link_to("config.toml"), "too many levels of symbolic links"),
    "10 MB": (_holding(b"# x\n" * 2_500_000), "is larger than 256 KiB"),
    "UTF-16": (_holding('url = "http://x"'.encode("utf-16")), "is not UTF-8 text"),
    "binary": (_holding(bytes(range(256))), "is not UTF-8 text"),
    "NUL": (_holding(b'url = "a\0b"'), "1: not valid TOML"),
    "nested lists": (_holding(b"a = " + b"[" * 50_000), "nested too deeply"),
    "nested tables": (_holding(b"a = " + b"{a=" * 20_000), "nested too deeply"),
    "a long number": (_holding(b"interval_s = " + b"9" * 5_000), "a number is too long"),
    "twice": (_holding(b'mode = "api"\nmode = "auto"\n'), "2: not valid TOML"),
    "no such day": (_holding(b"interval_s = 2026-02-31"), "1: not valid TOML"),
}


@unix_only
@pytest.mark.parametrize("name", WRONG)
def test_a_config_file_that_cannot_be_used_is_one_line(name: str, tmp_path: Path) -> None:
    """With its place and status 2; an edit of a running program keeps its settings, and says so."""
    make, words = WRONG[name]
    file = tmp_path / "config.toml"
    make(file)
    status, told = started("--config", str(file))
    assert status == 2
    assert told.count("\n") == 1
    has_line = f"{file}:" in told and f"{file}: " not in told
    assert told.startswith(f"runanalyze-tray: {'' if has_line else '--config: '}")
    assert str(file) in told
    assert words in told
    if (edit := ConfigFile(file, {}).edited()) is not None:
        settings, (mistake,) = edit
        assert settings == Settings()
        assert mistake.text.endswith("; settings unchanged")


@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_is_passed_over(bom: bytes, tmp_path: Path) -> None:
    """Windows' editor writes one."""
    file = tmp_path / "config.toml"
    file.write_bytes(bom + b"interval_s = 7\r\n")
    assert ConfigFile(file, {}).read() == (Settings(interval_s=7.0), [])


@unix_only
def test_a_pipe_that_brings_a_config_is_read() -> None:
    """``--config <(...)``."""
    read, write = os.pipe()
    os.write(write, b"interval_s = 7\n")
    os.close(write)
    try:
        config = ConfigFile(Path(f"/dev/fd/{read}"), {})
        assert config.read(required=True) == (Settings(interval_s=7.0), [])
    finally:
        os.close(read)


def started(*flags: str) -> tuple[int, str]:
    """What becomes of a start up to where something would run."""
    told = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "run", lambda _: 0)
        with contextlib.redirect_stderr(told), contextlib.redirect_stdout(io.StringIO()):
            try:
                status = main.main(["--json", *flags])
            except SystemExit as ended:
                status = int(ended.code or 0)
    return status, told.getvalue()


VALUES = [
    *("nan", "inf", "-inf", "-0.0", "0", "-1", "true", "false", "1e400", "9" * 400, "0x7fffffff"),
    *(
        '""',
        '" "',
        '"\\u0000"',
        '"\\n"',
        '"~"',
        '"~nosuch"',
        '"%s{}"',
        '"("',
        '"' + "x" * 9000 + '"',
    ),
    *("[]", "[1, 'a']", "{}", "{a = 1}", "{a.b.c.d = 1}", "{'' = ''}", "{X = 'a'}"),
    *("2026-01-01", "07:32:00", "1979-05-27T07:32:00Z", "'http://[::1'", "'http://a:99999'"),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:20])
def test_any_value_in_any_setting_is_taken_or_named(value: str, tmp_path: Path) -> None:
    """A wrong one is left out, with its line, and the rest works."""
    file = tmp_path / "config.toml"
    for option in OPTIONS:
        section, _, name = option.key.rpartition(".")
        head = f"[{section}]\n" if section else ""
        file.write_text(f"{head}{name} = {value}\n", "utf-8")
        read, complaints = ConfigFile(file, {}).read()
        line = 2 if section else 1
        assert read == Settings() or not complaints or option.key == "headers"
        for complaint in complaints:
            assert str(complaint).startswith((f"{file}:{line}: ", f"{file}:1: ")), complaint
        if option.environment:
            ConfigFile(Path("/dev/null"), {option.environment: value}).read()


@settings(deadline=None, max_examples=300)
@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.lists(
        st.tuples(
            st.sampled_from([option.key for option in OPTIONS]) | st.text(max_size=8),
            st.sampled_from(VALUES) | st.text(max_size=12),
        ),
        max_size=6,
    ).map(lambda lines: "\n".join(f"{key} = {value}" for key, value in lines).encode())
)
def test_any_bytes_are_settings_or_a_reason(data: bytes) -> None:
    """A config file never raises anything that the start does not turn into a line."""
    with _file(data) as file:
        try:
            read, complaints = ConfigFile(file, {}).read()
        except (OSError, ValueError) as error:
            read, complaints = Settings(), [why(error)]
        assert isinstance(read, Settings)
        assert all(complaints)


@settings(deadline=None, max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from([option.environment for option in OPTIONS if option.environment])
        | st.text(max_size=5).map(lambda text: f"RUNANALYZE_TRAY_{text}"),
        st.text(st.characters(exclude_characters="\0"), max_size=30)
        | st.sampled_from(VALUES)
        | st.just("\udcff\udc80"),
        max_size=5,
    )
)
def test_any_environment_is_settings_and_complaints(environment: dict[str, str]) -> None:
    """One complaint for each variable at most, and for a group of limits."""
    read, complaints = ConfigFile(Path("/dev/null"), environment).read()
    assert isinstance(read, Settings)
    assert len(complaints) <= len(environment) + 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["version", "mode", "preset", "style", "theme", "alerts"]), inner
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.binary(max_size=100)
    | JSON.map(lambda value: json.dumps(value).encode())
    | JSON.map(lambda value: json.dumps({"version": 1, "alerts": value, "mode": value}).encode())
    | st.sampled_from([b"[" * 90_000, b'{"version":' + b"9" * 9_000 + b"}", b"\xef\xbb\xbf{}"])
)
def test_any_state_is_read_or_set_aside(data: bytes) -> None:
    """What cannot be used is nothing remembered."""
    with _file(data) as file:
        read_choice(file)


@unix_only
@pytest.mark.parametrize("make", [Path.mkdir, _fifo, _link_to("/dev/zero"), _link_to("state.json")])
def test_a_state_that_is_no_file_is_nothing_remembered(
    make: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for what comes through it, and it is said in one line."""
    make(tmp_path / "state.json")
    assert read_choice(tmp_path / "state.json") == RememberedChoices()
    assert len(caplog.records) == 1


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[Path]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder, "file")
        path.write_bytes(data)
        yield path
