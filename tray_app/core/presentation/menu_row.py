"""A row of the menu, as data."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.monitor.commands import Order


class Row(Struct, frozen=True):
    """One row. ``key`` stays the same while texts change.

    A ``separator`` is a line between rows; any other row without a text is hidden. ``checked`` is
    None for a row without a mark, ``radio`` says that of its neighbours one is marked. A ``barred``
    row cannot be clicked now; a late click still submits its command, which is refused with a
    reason.

    Panels draw a row that cannot be clicked in pale letters, as if it were not available. So every
    row that carries news (a figure, a state, an event) has a command that shows more of it or
    helps with it: the status, the report, the place, the file where the value stands. Only a
    `heading` has none.
    """

    key: str
    text: str = ""
    command: Order | None = None
    checked: bool | None = None
    children: tuple[Row, ...] = ()
    radio: bool = False
    barred: bool = False
    separator: bool = False

    @property
    def enabled(self) -> bool:
        """Whether a click does something."""
        return bool(self.text) and not self.barred and bool(self.command or self.children)


def choice(key: str, text: str, command: Order, chosen: bool) -> Row:
    """A row that is one of several choices."""
    return Row(key, text, command, chosen, radio=True)


def heading(key: str, text: str) -> Row:
    """A row that cannot be clicked: it names the rows below it, or says what they put at risk."""
    return Row(key, text)


def line(key: str) -> Row:
    """A line between rows."""
    return Row(f"separator-{key}", separator=True)
