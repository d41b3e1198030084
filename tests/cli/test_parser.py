"""The command line's flags."""

from __future__ import annotations

import pytest

from tray_app.cli.parser import contradiction, flags_for_settings, login_flags, make_parser
from tray_app.core.config.options import OPTIONS
from tray_app.core.model.presets import FLAGGED, Preset


def test_nothing_given_sets_nothing() -> None:
    """Only given flags override the config file and the environment."""
    given = vars(make_parser().parse_args([]))
    assert not [key for key, value in given.items() if value]


@pytest.mark.parametrize("preset", FLAGGED)
def test_each_preset_has_a_flag(preset: Preset) -> None:
    """Two together are a mistake."""
    assert make_parser().parse_args([f"--{preset}"]).preset is preset
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args([f"--{preset}", "--quick" if preset != "quick" else "--heavy"])
    assert ended.value.code == 2


def test_each_flag_of_the_table_is_accepted_once() -> None:
    """Its help is the table's sentence, with the default."""
    shown = " ".join(make_parser().format_help().split())
    flags = flags_for_settings()
    assert len({option.flag for option in flags}) == len(flags)
    for option in flags:
        assert option.flag in shown
        assert option.help.split(".")[0] in shown
    assert set(flags) == {option for option in OPTIONS if option.flag}


def test_a_value_is_checked_as_in_the_config_file(capsys: pytest.CaptureFixture[str]) -> None:
    """One line on standard error, with the flag and the wrong value."""
    assert make_parser().parse_args(["--interval", "5"]).interval_s == 5.0
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--interval", "soon"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "--interval" in line
    assert "soon" in line


@pytest.mark.parametrize(
    ("flags", "address"),
    [
        (["--exporter"], "127.0.0.1:9435"),
        (["--exporter", "--console"], "127.0.0.1:9435"),
        (["--exporter", "0.0.0.0:80"], "0.0.0.0:80"),
        (["--exporter=81"], "127.0.0.1:81"),
    ],
)
def test_the_exporter_has_an_address_of_its_own(flags: list[str], address: str) -> None:
    """Or the given one. Start at login keeps it."""
    given = make_parser().parse_args(flags).exporter_listen
    assert str(given) == address
    assert login_flags({"exporter_listen": given}, None) == (f"--exporter={address}",)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--headless"], ""),
        (["--headless", "--demo", "--exporter"], ""),
        (["--headless", "--json"], "--headless: cannot be combined with --json"),
        (["--headless", "--console"], "--headless: cannot be combined with --console"),
        (["--once", "--exporter"], "--once: cannot be combined with --exporter"),
        (["--doctor", "--headless"], "--doctor: cannot be combined with --headless"),
        (["--prometheus=p", "--json"], "--prometheus: cannot be combined with --json"),
        (["--prometheus=p", "--duration=9"], "--prometheus: cannot be combined with --duration"),
        (["--prometheus=p", "--match=x"], "--prometheus: cannot be combined with --match"),
        (["--prometheus=p", "--demo"], "--prometheus: cannot be combined with --demo"),
        (["--prometheus=p", "--url=h"], "--prometheus: cannot be combined with --url"),
        (["--prometheus=p", "--exporter"], "--prometheus: cannot be combined with --exporter"),
    ],
)
def test_what_shows_nothing_is_no_view(flags: list[str], words: str) -> None:
    """And one reading is no time for a scrape."""
    assert contradiction(make_parser().parse_args(flags)) == words


def test_a_flag_is_never_abbreviated(capsys: pytest.CaptureFixture[str]) -> None:
    """A later flag could give a short form another meaning."""
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--cons"])
    assert "unknown option: --cons" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--modee", "api"], "unknown option: --modee (did you mean --mode?)"),
        (["--intervall=5"], "unknown option: --intervall (did you mean --interval?)"),
        (["--duratoin", "5"], "unknown option: --duratoin (did you mean --duration?)"),
        (["--zzz"], "unknown option: --zzz (see --help)"),
        (["-x"], "unknown option: -x (see --help)"),
        (["api"], "unexpected argument: api (see --help)"),
        (["--token", "secret"], "unknown option: --token (see --help)"),
    ],
)
def test_a_mistyped_flag_gets_a_suggestion(
    given: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the first one; what follows it may be a secret."""
    with pytest.raises(SystemExit) as ended:
        make_parser().parse_args(given)
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"runanalyze-tray: {told}\n"


def test_pid_and_match_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Both choose the process."""
    with pytest.raises(SystemExit):
        make_parser().parse_args(["--match", "x", "--pid", "7"])
    assert "cannot be combined with --match" in capsys.readouterr().err
