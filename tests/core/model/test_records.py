"""The app's value classes against the standard library's, which type checkers take them for."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tray_app.core.model import records

ROOT = Path(__file__).parents[3]


def classes(tool: Any) -> tuple[Any, Any, Any]:
    """Three classes made by ``tool``: this module's or the standard library's."""

    @tool.dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    @tool.dataclass(frozen=True, slots=True)
    class One:
        only: float = 0.0

    @tool.dataclass(frozen=True, slots=True)
    class Some:
        needed: object
        given: int = 3
        made: list[int] = tool.field(default_factory=list)

        def doubled(self) -> int:
            return 2 * self.given

    return Nothing, One, Some


OURS, THEIRS = classes(records), classes(dataclasses)
BOTH = pytest.mark.parametrize("made", [OURS, THEIRS], ids=["ours", "theirs"])


@BOTH
def test_arguments(made: tuple[Any, Any, Any]) -> None:
    """Fields are given by position or name; a default factory makes a new object each time."""
    nothing, one, some = made
    nothing()
    assert one().only == 0.0
    assert (one(2.5).only, one(only=2.5).only) == (2.5, 2.5)
    value = some("a", made=[1])
    assert (value.needed, value.given, value.made, value.doubled()) == ("a", 3, [1], 6)
    assert some("a").made == []
    assert some("a").made is not some("a").made
    for wrong in (lambda: some(), lambda: some(1, 2, [], 4), lambda: some(1, other=2)):
        with pytest.raises(TypeError):
            wrong()


@BOTH
def test_equality(made: tuple[Any, Any, Any]) -> None:
    """Values of one class are equal, with equal hashes, when all their fields are."""
    nothing, one, some = made
    nan = float("nan")
    assert nothing() == nothing() != one()
    assert one(nan) == one(nan)
    assert one(1) == one(1.0) != one(2)
    assert some("a") == some("a") != some("a", 4)
    assert len({nothing(), nothing(), one(1), one(1.0), one(2)}) == 3
    with pytest.raises(TypeError):
        hash(some("a"))


def test_frozen() -> None:
    """The type checker, which sees every line of the app, refuses to set a field."""
    code = "from tray_app.core.model.readings import Now\nnow = Now(1.0, 2.0)\nnow.mono_s = 3.0\n"
    command = [sys.executable, "-m", "mypy", "--config-file=", "--command", code]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert '<string>:3: error: Property "mono_s" defined in "Now" is read-only' in checked.stdout


@BOTH
def test_no_room(made: tuple[Any, Any, Any]) -> None:
    """There is no room for other attributes than the fields."""
    value = made[2]("a")
    with pytest.raises((AttributeError, TypeError)):
        value.other = 4
    assert not hasattr(value, "__dict__")


@pytest.mark.parametrize("tool", [records, dataclasses], ids=["our replace", "their replace"])
def test_replace(tool: Any) -> None:
    """A copy with some other fields, by either module's function."""
    some = OURS[2]
    value = some("a", made=[1])
    assert tool.replace(value, given=5) == some("a", 5, [1])
    assert value == some("a", 3, [1])
    with pytest.raises(TypeError):
        tool.replace(value, other=1)


def test_standard_library_tools() -> None:
    """What asks a dataclass for its fields gets the same of both."""
    for our, their, arguments in zip(OURS, THEIRS, ((), (1,), ("a", 4, [2])), strict=True):
        assert dataclasses.is_dataclass(our)
        assert dataclasses.asdict(our(*arguments)) == dataclasses.asdict(their(*arguments))
        assert [each.name for each in dataclasses.fields(our)] == [*our.__match_args__]
        assert repr(our(*arguments)) == repr(their(*arguments))
        assert our.__match_args__ == their.__match_args__


def test_mutable() -> None:
    """Without ``frozen`` fields can be set, and there is no hash."""

    @records.dataclass(slots=True)
    class Counter:
        count: int = 0

    counter = Counter()
    counter.count += 1
    assert counter == Counter(1)
    with pytest.raises(TypeError):
        hash(counter)
