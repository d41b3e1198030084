"""Files of /proc."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

from tray_app.sources.processes.procfs.files import keep, link, owner_uid, read


def test_what_cannot_be_read_is_none(tmp_path: Path) -> None:
    """A file that is gone, a folder, a process that has ended: none of them raises."""
    gone = str(tmp_path / "gone")
    assert read(gone, 10) is None
    assert read(str(tmp_path), 10) is None
    assert link(gone) is None
    assert keep(gone) == -1
    assert owner_uid(str(tmp_path), 7) is None


def test_what_can_be_read(tmp_path: Path) -> None:
    """The first bytes of a file, the target of a link, a process's owner."""
    (tmp_path / "file").write_bytes(b"abcdef")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "7").mkdir()
    assert read(str(tmp_path / "file"), 3) == b"abc"
    assert link(str(tmp_path / "link")) == "target"
    assert owner_uid(str(tmp_path), 7) == os.geteuid()
    descriptor = keep(str(tmp_path / "file"))
    assert os.pread(descriptor, 2, 4) == b"ef"
    os.close(descriptor)
