"""What the XEmbed icon shows, and who hears of clicks: shared by its thread and the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from tray_app.core.model.icon_options import Theme
from tray_app.core.presentation.menu_row import Row


class Shown(Struct):
    """What the icon is to show, and who hears of it. Each field is written by one thread, whole.

    ``on_host`` gets whether a tray has the icon, ``on_menu`` whether the menu is open, ``choose``
    the key of a row that was clicked; they are called in the thread of the X connection, and must
    not wait.
    """

    name: str
    on_host: Callable[[bool], None]
    on_menu: Callable[[bool], None]
    on_click: Callable[[], None] = lambda: None
    read: Callable[[], Sequence[Row]] = tuple
    choose: Callable[[str], None] = lambda _: None
    images: Sequence[Any] = ()
    tooltip: str = ""
    theme: Theme = Theme.AUTO
    is_wanted: bool = True
