"""The parsed command line as a value."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.server_address import ServerAddress

if TYPE_CHECKING:
    from tray_app.runtime.config_file import ConfigFile


SEVERAL = "several servers"
"""The name of the lock of a list."""


class View(Enum):
    """How the samples are shown."""

    TRAY = auto()
    CONSOLE = auto()
    JSON = auto()
    HEADLESS = auto()


class Invocation(Struct, frozen=True):
    """The result of command line, config file, environment and remembered choices.

    ``base`` comes from the config file and the environment, whose ``mistakes`` it leaves out;
    ``settings`` adds remembered choices and flags. ``login_flags`` are the flags of this run that
    start at login keeps. ``servers`` are several servers to watch together, each with its own
    settings, files and choices; empty: the one of ``settings``. ``lists``: they are those
    of the config file, whose edits are followed. ``engine`` is the Prometheus whose servers are
    shown; None: servers are read here.
    """

    base: Settings
    settings: Settings
    view: View = View.TRAY
    once: bool = False
    demo: bool = False
    remembered: RememberedChoices = RememberedChoices()
    state_file: Path | None = None
    config: ConfigFile | None = None
    mistakes: tuple[Mistake, ...] = ()
    flags: Mapping[str, Any] | None = None
    login_flags: tuple[str, ...] = ()
    servers: tuple[Invocation, ...] = ()
    engine: ServerAddress | None = None
    lists: bool = False

    @property
    def instance(self) -> str:
        """What only one process of a user may watch: a server, or the list of several."""
        if self.engine:
            return f"prometheus {self.engine.identity}"
        return SEVERAL if self.servers else self.settings.address.identity

    @property
    def shown(self) -> str:
        """The same in words."""
        if self.engine:
            return self.engine.shown
        if self.servers:
            return f"{len(self.servers)} servers"
        return self.settings.address.shown
