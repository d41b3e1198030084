"""Sanitizes text from others: process names, paths, the server's messages.

`sources` sanitizes such text where it comes in, so that terminal, notifications, menu, JSON and log
can show it safely. A path that will be opened keeps its bytes, and is sanitized where it is shown.
"""

from __future__ import annotations

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str, *, keep: str = "") -> str:
    """``text`` without anything that controls a terminal or reverses a line.

    Controls, line ends, bidirectional overrides and other invisible characters become escapes like
    ``\\x1b`` or ``\\u202e``; a lone surrogate (a byte that is no UTF-8) becomes U+FFFD, and any
    kind of space a plain one. Characters in ``keep`` stay.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in keep else _visible(char) for char in text)


def _visible(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code <= 0xDFFF:
        return REPLACEMENT
    if char in _SHORT:
        return _SHORT[char]
    if char.isspace() and code >= 0xA0 and code not in (0x2028, 0x2029):
        return " "
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
