"""The words of the project: plain English, and the field's terms."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Phrases that sound translated, or that hide who does something.
PHRASES = (
    r"anew",
    r"in vain",
    r"for want of",
    r"who(?:so)?ever",
    r"dear(?:est)?",
    r"put(?:s|ting)? right",
    r"(?:is|are|was|were) (?:told|said)",
    r"so (?:long|many|much) (?:at most|as is|as it)",
    r"(?:is|are|comes?|goes|went|was|were) no more",
)
# Former private names of concepts; the terms of the field stand in docs/architecture.md.
NAMES = (
    "errands?",
    "wish(?:es|ed)?",
    "vigil",
    "likeness",
    "disown(?:ed)?",
    "lookout",
    "roster",
    "births",
    "glance",
    "succession",
    "anew",
)
PROSE = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    *(
        "docs/api.md",
        "docs/architecture.md",
        "docs/console.md",
        "docs/icon.md",
        "docs/json.md",
        "docs/notifications.md",
    ),
    *("assets/runanalyze-tray.1", "tests/data/strings.txt"),
)
_PHRASES = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b", re.IGNORECASE)
_NAMES = re.compile(rf"(?<![a-z])(?:{'|'.join(NAMES)})(?![a-z])", re.IGNORECASE)


def texts(path: Path) -> Iterator[str]:
    """The comments and strings of a module, each on one line."""
    source = path.read_text("utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING):
            yield " ".join(token.string.split())


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", PROSE)
def test_papers_and_sentences_are_plain_english(path: str) -> None:
    """README, docs, manual, and every sentence that a user can read."""
    text = " ".join((ROOT / path).read_text("utf-8").split())
    assert [found[0] for found in _PHRASES.finditer(text)] == []


@pytest.mark.parametrize(
    ("folder", "phrases"), [("tray_app", PHRASES), ("tools", PHRASES), ("tests", PHRASES[:6])]
)
def test_comments_and_docstrings_are_plain_english(folder: str, phrases: tuple[str, ...]) -> None:
    """Of the program and its tools; tests may still say who is told what."""
    banned = re.compile(rf"\b(?:{'|'.join(phrases)})\b", re.IGNORECASE)
    found = [
        (str(path.relative_to(ROOT)), text)
        for path in modules(folder)
        if path != Path(__file__)
        for text in texts(path)
        if banned.search(text)
    ]
    assert found == []


@pytest.mark.parametrize("folder", ["tray_app", "tools", "tests"])
def test_concepts_have_the_fields_names(folder: str) -> None:
    """In code, comments and tests."""
    found = [
        (str(path.relative_to(ROOT)), match[0])
        for path in modules(folder)
        if path != Path(__file__)
        for match in _NAMES.finditer(path.read_text("utf-8"))
    ]
    assert found == []
