"""The manual page."""

from __future__ import annotations

import subprocess

from tests.needs import path_of
from tools.make_manual import PAGE, page
from tray_app.cli.parser import make_parser
from tray_app.core.config.options import OPTIONS


def test_it_is_up_to_date() -> None:
    """``python -m tools.make_manual`` regenerates it."""
    assert PAGE.read_text("utf-8") == page()


def test_it_has_every_flag_and_setting() -> None:
    """From the same tables as the program."""
    text = page().replace("\\-", "-")
    for action in make_parser()._actions:
        assert all(flag in text for flag in action.option_strings)
    for option in OPTIONS:
        assert f"\n.B {option.key}\n" in text
        assert option.environment in text


def test_man_reads_it() -> None:
    """Without a warning."""
    command = [path_of("groff"), "-man", "-Tutf8", "-ww", "-K", "utf8", str(PAGE)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
