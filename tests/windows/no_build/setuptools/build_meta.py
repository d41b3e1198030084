"""Copies a source distribution's metadata, and runs nothing of it.

pip asks even for a download; the real one would run the distribution's setup.py.
"""

from __future__ import annotations

import email
import shutil
import sys
from pathlib import Path


def get_requires_for_build_wheel(_settings: object = None) -> list[str]:
    return []


def prepare_metadata_for_build_wheel(folder: str, _settings: object = None) -> str:
    told = email.message_from_string(Path("PKG-INFO").read_text("utf-8"))
    info = Path(folder, f"{told['Name'].replace('-', '_')}-{told['Version']}.dist-info")
    info.mkdir()
    shutil.copy("PKG-INFO", info / "METADATA")
    return info.name


__legacy__ = sys.modules[__name__]
