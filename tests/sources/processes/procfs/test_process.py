"""One process in /proc."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.running import Spawn, spawner

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

from tray_app.sources.processes.procfs.process import DescriptorCounter, rollup
from tray_app.sources.processes.procfs.table import ProcfsTable


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
        yield started


def test_a_handle_that_is_closed_twice_leaves_other_files_alone(spawn: Spawn) -> None:
    """Its numbers may be another file's by then; a reading gives None."""
    process = spawn("said('ready')\nrest()\n")
    table = ProcfsTable()
    handle = table.open(process.pid)
    assert handle is not None
    handle.close()
    others = [os.open("/dev/null", os.O_RDONLY) for _ in range(2)]
    handle.close()
    assert handle.read() is None
    for descriptor in others:
        os.close(descriptor)
    table.close()


def test_what_a_process_shares(tmp_path: Path) -> None:
    """Its own memory is the sum of what is private; without a sum there is none."""
    (tmp_path / "7").mkdir()
    file = tmp_path / "7" / "smaps_rollup"
    lines = ("Rss: 300 kB", "Pss: 200 kB", "Shared_Clean: 150 kB")
    private = ("Private_Clean: 50 kB", "Private_Dirty: 90 kB", "Private_Hugetlb: 10 kB")
    file.write_text("\n".join(("55d0-7ffc ---p 0 00:00 0 [rollup]", *lines, *private)))
    found = rollup(7, str(tmp_path))
    assert found is not None
    assert (found.uss_bytes, found.pss_bytes, found.rss_bytes) == (150 << 10, 200 << 10, 300 << 10)
    file.write_text("")
    assert rollup(7, str(tmp_path)) is None
    assert rollup(8, str(tmp_path)) is None


class TestDescriptorCounter:
    """Counts what a process has open."""

    @pytest.fixture
    def listed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """An old kernel with 23 descriptors in a folder; each listing adds a line."""
        listings: list[str] = []

        def listdir(folder: str) -> list[str]:
            listings.append(folder)
            return [str(number) for number in range(23 if folder == "few" else 1000)]

        size = os.stat_result((0o40500, 1, 1, 1, 0, 0, 0, 0, 0, 0))
        monkeypatch.setattr("tray_app.sources.processes.procfs.process.os.stat", lambda _path: size)
        monkeypatch.setattr("tray_app.sources.processes.procfs.process.os.listdir", listdir)
        return listings

    @pytest.mark.parametrize(("folder", "count", "pause"), [("few", 23, 5), ("many", 1000, 15)])
    def test_an_old_kernels_are_listed_the_less_often_the_more_there_are(
        self, listed: list[str], folder: str, count: int, pause: int
    ) -> None:
        """In between the last count stands."""
        counter = DescriptorCounter(folder)
        assert [counter.read() for _ in range(pause + 1)] == [count] * (pause + 1)
        assert len(listed) == 1
        counter.read()
        assert len(listed) == 2

    def test_what_may_not_be_read_is_unknown(self, tmp_path: Path) -> None:
        """None, never 0."""
        assert DescriptorCounter(str(tmp_path / "gone")).read() is None
