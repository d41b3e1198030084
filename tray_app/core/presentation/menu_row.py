"""A row of the menu, as data."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.monitor.commands import Command


class Row(Struct, frozen=True):
    """One row. ``key`` stays the same while texts change.

    A ``separator`` is a line between rows; any other row without a text is hidden. ``checked`` is
    None for a row without a mark, ``radio`` says that of its neighbours one is marked. A row with
    neither command nor children only informs. A ``barred`` row cannot be clicked now; a late click
    still submits its command, which is refused with a reason.
    """

    key: str
    text: str = ""
    command: Command | None = None
    checked: bool | None = None
    children: tuple[Row, ...] = ()
    radio: bool = False
    barred: bool = False
    separator: bool = False

    @property
    def enabled(self) -> bool:
        """Whether a click does something."""
        return not self.barred and (self.command is not None or bool(self.children))


def choice(key: str, text: str, command: Command, chosen: bool) -> Row:
    """A row that is one of several choices."""
    return Row(key, text, command, chosen, radio=True)


def line(key: str) -> Row:
    """A line between rows."""
    return Row(f"separator-{key}", separator=True)
