"""setuptools, but the same sources make the same packages, byte for byte.

pip and ``python -m build`` call it; ``pyproject.toml`` names it. setuptools puts the time of the
build into a source distribution, and file modes and line ends of this machine into both packages.
They are written again here, with the time of ``SOURCE_DATE_EPOCH`` and without modes or owners.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from setuptools import build_meta
from setuptools.build_meta import (
    build_editable,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

# Without SOURCE_DATE_EPOCH: 2020-02-02, as hatchling has it.
os.environ.setdefault("SOURCE_DATE_EPOCH", "1580601600")
# Texts that setuptools writes with the line ends of this machine.
WRITTEN = ("METADATA", "PKG-INFO", "setup.cfg")
UNIX = 3
FILE_MODE = 0o644
FOLDER_MODE = 0o755


def build_wheel(folder: str, settings: Any = None, metadata: str | None = None) -> str:
    """setuptools' wheel, with plain modes and line ends; it has the right time already."""
    name = build_meta.build_wheel(folder, settings, metadata)
    path = Path(folder, name)
    with zipfile.ZipFile(path) as archive:
        entries = [(entry, archive.read(entry)) for entry in archive.infolist()]
    changed = {entry.filename: unix_text(entry.filename, content) for entry, content in entries}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, _ in entries:
            content = changed[entry.filename]
            if entry.filename.endswith(".dist-info/RECORD"):
                content = recorded(content, changed)
            entry.create_system = UNIX
            entry.external_attr = (0o100000 | FILE_MODE) << 16
            archive.writestr(entry, content)
    return name


def unix_text(name: str, content: bytes) -> bytes:
    """This file's content; a text that setuptools wrote, with the line ends of Unix."""
    is_written = name.rpartition("/")[2] in WRITTEN
    return content.replace(b"\r\n", b"\n") if is_written else content


def recorded(record: bytes, contents: dict[str, bytes]) -> bytes:
    """A wheel's record with the hash and size that its written texts have now."""
    lines = record.decode().splitlines()
    for number, line in enumerate(lines):
        name = line.partition(",")[0]
        if name.endswith(WRITTEN):
            digest = base64.urlsafe_b64encode(hashlib.sha256(contents[name]).digest())
            told = digest.decode().rstrip("=")
            lines[number] = f"{name},sha256={told},{len(contents[name])}"
    return "".join(f"{line}\n" for line in lines).encode()


def build_sdist(folder: str, settings: Any = None) -> str:
    """setuptools' source distribution, with plain modes, no owner, and one time."""
    name = build_meta.build_sdist(folder, settings)
    path = Path(folder, name)
    time_s = int(os.environ["SOURCE_DATE_EPOCH"])
    with tarfile.open(path) as archive:
        entries = [(each, archive.extractfile(each)) for each in archive.getmembers()]
        contents = [(each, file.read() if file else b"") for each, file in entries]
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=time_s) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for entry, found in sorted(contents, key=lambda each: each[0].name):
            content = unix_text(entry.name, found)
            entry.size = len(content)
            archive.addfile(plain(entry, time_s), BytesIO(content))
    return name


def plain(entry: tarfile.TarInfo, time_s: int) -> tarfile.TarInfo:
    """The entry with what does not depend on this machine."""
    new = tarfile.TarInfo(entry.name)
    new.type, new.size, new.mtime = entry.type, entry.size, time_s
    new.mode = FOLDER_MODE if entry.isdir() else FILE_MODE
    return new
