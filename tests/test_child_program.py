"""Other programs are started, and show no window of their own."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.waiting import AMPLE_S
from tray_app import child_program

TALKS = "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)"


def test_status_and_output_are_told() -> None:
    """Errors beside the output, or among it; there is nothing to read."""
    done = child_program.run([sys.executable, "-c", TALKS], limit_s=AMPLE_S)
    assert (done.returncode, done.stdout.split(), done.stderr.split()) == (3, [b"out"], [b"err"])
    joined = child_program.run([sys.executable, "-c", TALKS], limit_s=AMPLE_S, joined=True)
    assert joined.stdout.split() == [b"out", b"err"]
    reads = "import sys; print(repr(sys.stdin.read()))"
    assert child_program.run([sys.executable, "-c", reads], limit_s=AMPLE_S).stdout.strip() == b"''"


def test_a_program_that_takes_too_long_is_ended() -> None:
    """A wrong one raises, too."""
    with pytest.raises(child_program.TimeIsUp):
        child_program.run([sys.executable, "-c", "import time; time.sleep(60)"], limit_s=0)
    with pytest.raises(OSError, match=r"No such file|cannot find"):
        child_program.run(["no such program"], limit_s=AMPLE_S)


@pytest.mark.parametrize("way", ["run", "start"])
def test_windows_opens_no_console_for_it(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In both ways to start it."""
    told: dict[str, Any] = {}
    monkeypatch.setattr(child_program, "NO_WINDOW", 0x08000000)
    for name in ("run", "Popen"):
        monkeypatch.setattr(subprocess, name, lambda _, **options: told.update(options))
    if way == "run":
        child_program.run(["py-spy"], limit_s=1.0)
    else:
        child_program.start(["notepad.exe"])
    assert told["creationflags"] == 0x08000000


def test_a_line_for_windows_is_quoted() -> None:
    """As Windows' own programs read it."""
    line = child_program.windows_line([r"C:\My Apps\tray.exe", "--match", 'say "it"'])
    assert line == r'"C:\My Apps\tray.exe" --match "say \"it\""'
