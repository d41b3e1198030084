"""What the wheel and the source distribution hold, and that one source makes one package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tools import build_backend

pytestmark = pytest.mark.xdist_group("packages")
ROOT = Path(__file__).parents[2]
SOURCES = (
    *("tray_app", "assets", "tools/build_backend.py"),
    *("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE"),
)
MANUAL = "assets/runanalyze-tray.1"
BUILD = "import build_backend as it; print(it.build_wheel('dist')); print(it.build_sdist('dist'))"


class Packages(NamedTuple):
    wheel: Path
    sdist: Path


def build(sources: Path, **env: str) -> Packages:
    """Both packages of these sources, made with this environment's setuptools."""
    output = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, 'tools'); {BUILD}"],
        cwd=sources,
        env=os.environ | {"PYTHONWARNINGS": "ignore"} | env,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    ).stdout.splitlines()
    wheel, sdist = (
        next(sources / "dist" / name for name in output if name.endswith(end))
        for end in (".whl", ".tar.gz")
    )
    return Packages(wheel, sdist)


def copy(target: Path) -> Path:
    """A clone of what the packages are made from."""
    for name in SOURCES:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("*.py[co]"))
        else:
            shutil.copy(ROOT / name, target / name)
    return target


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Packages]:
    folder = tmp_path_factory.mktemp("packages")
    yield build(copy(folder))
    shutil.rmtree(folder, ignore_errors=True)


def test_the_wheel_holds_each_file_of_the_package(packages: Packages) -> None:
    """Modules, the page, pictures, units and the fleet's files; the manual where man finds it."""
    own = [path.relative_to(ROOT) for top in ("tray_app", "assets") for path in files(ROOT / top)]
    wanted = {name.as_posix().replace("assets/", "tray_app/assets/") for name in own}
    with zipfile.ZipFile(packages.wheel) as archive:
        info = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        version = info.partition(".dist-info")[0]
        manual = f"{version}.data/data/share/man/man1/runanalyze-tray.1"
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert held == wanted | {manual}
        assert archive.read(manual) == (ROOT / MANUAL).read_bytes()


def files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    ]


def test_the_wheel_makes_both_commands(packages: Packages) -> None:
    """One with a console, one without."""
    with zipfile.ZipFile(packages.wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith("/entry_points.txt"))
        lines = archive.read(name).decode().split("\n")
    assert lines[:2] == ["[console_scripts]", "runanalyze-tray = tray_app.__main__:main"]
    assert lines[3:5] == ["[gui_scripts]", "runanalyze-trayw = tray_app.__main__:main"]


def test_the_source_distribution_makes_the_same_wheel(packages: Packages, tmp_path: Path) -> None:
    """Byte for byte: it holds all that a build needs."""
    with tarfile.open(packages.sdist) as archive:
        for entry in filter(tarfile.TarInfo.isfile, archive.getmembers()):
            content = archive.extractfile(entry)
            assert content
            (tmp_path / entry.name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / entry.name).write_bytes(content.read())
    (sources,) = tmp_path.iterdir()
    assert build(sources).wheel.read_bytes() == packages.wheel.read_bytes()
    assert (sources / "CHANGELOG.md").is_file()
    assert not (sources / "tests").exists()


def test_the_same_sources_make_the_same_packages(packages: Packages, tmp_path: Path) -> None:
    """Byte for byte, whatever the clone's file times, modes, place, and the machine's zone."""
    sources = copy(tmp_path / "another clone")
    for path in [*files(sources), sources]:
        path.chmod(0o700)
        os.utime(path, (1e9, 1e9))
    again = build(sources, TZ="Asia/Kathmandu")
    assert again.wheel.read_bytes() == packages.wheel.read_bytes()
    assert again.sdist.read_bytes() == packages.sdist.read_bytes()


def test_what_setuptools_writes_on_windows_has_the_line_ends_of_unix() -> None:
    """Texts that it wrote; the record tells their new hash and size; files of ours stay."""
    assert build_backend.unix_text("it-1.dist-info/METADATA", b"Name: it\r\n") == b"Name: it\n"
    assert build_backend.unix_text("it-1/PKG-INFO", b"Name: it\r\n") == b"Name: it\n"
    assert build_backend.unix_text("tray_app/page.html", b"\r\n") == b"\r\n"
    old = b"a.py,sha256=A,1\nit-1.dist-info/METADATA,sha256=B,10\nit-1.dist-info/RECORD,,\n"
    new = build_backend.recorded(old, {"it-1.dist-info/METADATA": b"Name: it\n"})
    first, second, last = new.decode().splitlines()
    assert (first, last) == ("a.py,sha256=A,1", "it-1.dist-info/RECORD,,")
    assert re.fullmatch(r"it-1.dist-info/METADATA,sha256=[\w-]{43},9", second)


def test_packages_have_the_time_of_source_date_epoch(tmp_path: Path) -> None:
    """2001-09-09 here."""
    wheel, sdist = build(copy(tmp_path / "clone"), SOURCE_DATE_EPOCH="1000000000")
    with zipfile.ZipFile(wheel) as archive:
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(2001, 9, 9)}
    with tarfile.open(sdist) as packed:
        assert {entry.mtime for entry in packed.getmembers()} == {1_000_000_000}
