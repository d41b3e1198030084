"""What pip made of the sources on Windows, by the project's own build."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from tests.windows.running import Windows
from tray_app import __version__


def packages_of(world: Windows) -> Path:
    return world.project / ".venv" / "Lib" / "site-packages"


def test_its_metadata_is_as_on_linux(world: Windows, installed: str) -> None:
    """Line ends of Unix, and the record has this file's hash and size."""
    assert installed
    folder = packages_of(world) / f"runanalyze_tray-{__version__}.dist-info"
    content = (folder / "METADATA").read_bytes()
    assert content.startswith(b"Metadata-Version:")
    assert b"\r" not in content
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
    line = f"{folder.name}/METADATA,sha256={digest},{len(content)}"
    assert line in (folder / "RECORD").read_text("utf-8").splitlines()


def test_its_files_are_those_of_the_sources(world: Windows, installed: str) -> None:
    """Modules, pictures, page and units, each as it is in the sources."""
    assert installed
    for name, package in (("tray_app", "tray_app"), ("assets", "tray_app/assets")):
        source, made = world.project / name, packages_of(world) / package
        files = [path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"]
        assert len(files) > 10
        for file in files:
            assert (made / file.relative_to(source)).read_bytes() == file.read_bytes(), file
