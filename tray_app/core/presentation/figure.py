"""One figure: its key, label and formats, its JSON fields, and the units of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from tray_app.core.model.readings import GIB, MIB
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import format

T = TypeVar("T")


class Unit(Struct, frozen=True):
    """The unit of a value, in JSON and in text.

    ``type`` is the JSON type. A value is divided by ``scale`` and rounded to ``digits`` places;
    without ``digits`` it stands as it is.
    """

    type: str
    name: str = ""
    scale: float = 1.0
    digits: int | None = None
    text: Callable[[Any], str] = str


MB = Unit("number", "MB", scale=MIB, digits=1, text=format.size)
GB = Unit("number", "GB", scale=GIB, digits=2, text=format.size)
MB_S = Unit("number", "MB/s", scale=MIB, digits=3, text=format.rate)
PERCENT = Unit("number", "%", digits=1, text=format.percent)
MILLISECONDS = Unit("number", "ms", scale=0.001, digits=1, text=format.latency)
SECONDS = Unit("number", "s", digits=1, text=format.duration)
FINE_SECONDS = Unit("number", "s", digits=3, text=format.duration)
FULL_SECONDS = Unit("number", "s", digits=0, text=format.duration)
COUNT = Unit("integer")
FLAG = Unit("boolean")
TEXT = Unit("string")
TEXTS = Unit("array of strings")
WORD = Unit("string")
"""One of a few words: a member of an enumeration."""
TIME = Unit("string", "ISO 8601")
"""A `Now`, as the local time with its zone's offset."""
OBJECT = Unit("object")
OBJECTS = Unit("array of objects")


class Field(Struct, Generic[T], frozen=True):
    """One key of a JSON object that is made from a ``T``.

    ``value`` is in bytes and seconds; None where it is unknown. ``null`` says when it is null;
    empty: never. ``words`` are all values of a WORD. ``fields`` are the keys of an OBJECT, or of
    each of the OBJECTS; they are made from ``value``.
    """

    key: str
    unit: Unit
    value: Callable[[T], Any]
    meaning: str
    null: str = ""
    words: tuple[str, ...] = ()
    fields: tuple[Field[Any], ...] = ()


class Figure(Struct, frozen=True):
    """One row of the table. A figure without a ``label`` is for other programs only.

    ``writes`` returns its text; None: its first field in that field's unit. ``menu`` returns its
    whole line in the menu, and ``plain`` its column in a plain line; None: label and text.
    ``width`` is the text's width in such a column.
    """

    key: str
    json: tuple[Field[Sample], ...]
    label: str = ""
    writes: Callable[[Sample], str] | None = None
    menu: Callable[[Sample], str] | None = None
    plain: Callable[[Sample], str] | None = None
    width: int = 0

    def is_known(self, sample: Sample) -> bool:
        """Whether its first field has a value."""
        return self.json[0].value(sample) is not None

    def text(self, sample: Sample) -> str:
        """``532 MB``."""
        if self.writes is not None:
            return self.writes(sample)
        value = self.json[0].value(sample)
        return format.UNKNOWN if value is None else self.json[0].unit.text(value)

    def menu_line(self, sample: Sample | None) -> str:
        """``Peak: 532 MB``."""
        if sample is None:
            return f"{self.label}: {format.UNKNOWN}"
        return self.menu(sample) if self.menu is not None else f"{self.label}: {self.text(sample)}"

    def column(self, sample: Sample) -> str:
        """``peak  532 MB``: as wide at each sample."""
        if self.plain is not None:
            return self.plain(sample)
        return f"{self.plain_label} {self.text(sample):>{self.width}}"

    @property
    def plain_label(self) -> str:
        """``peak``, but ``CPU``: within a line."""
        return self.label if self.label.isupper() else self.label.lower()
