"""The user's options for the icon."""

from __future__ import annotations

from enum import StrEnum


class Style(StrEnum):
    """NUMBER: the memory in GB on a tile. BARS: one to four bars. CALM: grey until orange.
    GRAPH: the last 10 min as columns."""

    NUMBER = "number"
    BARS = "bars"
    CALM = "calm"
    GRAPH = "graph"


class Click(StrEnum):
    """What a left click opens: the status as a notification, or the history's page."""

    STATUS = "status"
    HISTORY = "history"


class Palette(StrEnum):
    """STANDARD: the four traffic colours. OKABE_ITO: hues that colour-blind people tell apart."""

    STANDARD = "standard"
    OKABE_ITO = "okabe-ito"


class Theme(StrEnum):
    """The panel behind the icon; AUTO means it is not known and the icon must read on both."""

    AUTO = "auto"
    DARK = "dark"
    LIGHT = "light"
