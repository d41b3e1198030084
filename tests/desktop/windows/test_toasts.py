"""Windows' own notifications; the library is a stand-in. Nothing of this was run on Windows."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.desktop.fake_icon import FakeIcon
from tray_app.core.monitor.commands import Command, FreeMemory, SetPaused, ShowStatus
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.desktop import backends
from tray_app.desktop.icon_adapters import StockIcon
from tray_app.desktop.panel_icon import Desktop
from tray_app.desktop.windows import toasts


class Toast:
    """A toast of the library's."""

    def __init__(self, text_fields: list[str], group: str) -> None:
        self.text_fields, self.group = text_fields, group
        self.tag, self.audio, self.scenario = "made up", None, "usual"
        self.actions: list[Any] = []
        self.on_activated: Any = None
        self.on_failed: Any = None

    def AddAction(self, button: Any) -> None:
        self.actions.append(button)

    def press(self, arguments: str) -> None:
        self.on_activated(type("ToastActivatedEventArgs", (), {"arguments": arguments}))


class Library:
    """windows_toasts. ``setting``: the user's choice; ``fails``: what Windows says later."""

    class ToastScenario:
        Reminder = "reminder"

    Toast = Toast
    __spec__ = None

    def __init__(self) -> None:
        self.setting, self.fails = 0, False
        self.shown: list[Toast] = []
        self.removed: list[Toast] = []
        self.toastNotifier = self

    def InteractableWindowsToaster(self, name: str, model: str) -> Any:
        assert (name, model) == ("RunAnalyze", "RunAnalyze.Tray")
        return self

    def ToastButton(self, content: str, arguments: str) -> tuple[str, str]:
        return content, arguments

    def ToastAudio(self, silent: bool) -> str:
        return "silent" if silent else "loud"

    def show_toast(self, toast: Toast) -> None:
        self.shown.append(toast)
        if self.fails:
            toast.on_failed(None)

    def remove_toast(self, toast: Toast) -> None:
        self.removed.append(toast)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """It is installed, and says at once that it shows something."""
    made = Library()
    monkeypatch.setitem(sys.modules, "windows_toasts", made)  # type: ignore[misc]
    monkeypatch.setattr(toasts, "REFUSED_WITHIN_S", 0.0)
    return made


@pytest.fixture
def icon() -> FakeIcon:
    return FakeIcon()


@pytest.fixture
def desktop(icon: FakeIcon, monkeypatch: pytest.MonkeyPatch) -> Desktop:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(toasts, "_register", lambda: None)
    with backends.harmless_pystray():
        return Desktop("Windows", StockIcon(icon), has_toasts=True)


def note(*actions: Action, **more: Any) -> Note:
    return Note("Title", "Text", more.pop("urgency", Urgency.CRITICAL), "memory", actions, **more)


FREE = Action("Free memory", FreeMemory())
PAUSE = Action("Pause", SetPaused(True), on_text=True)


def test_buttons_run_their_commands(library: Library, desktop: Desktop) -> None:
    """Each its own; a click beside them what the notification has for that, or the status."""
    submitted: list[Command] = []
    desktop.show_menu(lambda: (), submitted.append)
    assert desktop.notify(note(FREE, PAUSE)).means == "Windows toasts"
    (toast,) = library.shown
    assert toast.text_fields == ["Title", "Text"]
    assert [label for label, _ in toast.actions] == ["Free memory", "Pause"]
    toast.press(toast.actions[0][1])
    toast.press("memory")
    desktop.notify(note(FREE))
    library.shown[-1].press("memory")
    assert submitted == [FreeMemory(), SetPaused(True), ShowStatus()]


def test_urgency_sound_and_replacement(library: Library, desktop: Desktop) -> None:
    """The same word is the same tag; a critical one with buttons stays, an update is silent."""
    desktop.notify(note(FREE))
    desktop.notify(note(FREE, urgency=Urgency.NORMAL, silent=True))
    desktop.notify(note())
    assert [(each.tag, each.scenario, each.audio) for each in library.shown] == [
        ("memory", "reminder", None),
        ("memory", "usual", "silent"),
        ("memory", "usual", None),
    ]


def test_they_are_taken_away(library: Library, desktop: Desktop, icon: FakeIcon) -> None:
    """When they are outdated, and at the end, except those that stay."""
    desktop.notify(note())
    desktop.close_note("memory")
    desktop.close_note("memory")
    assert library.removed == library.shown
    icon.stop = lambda: None  # type: ignore[attr-defined]
    desktop.notify(note())
    desktop.notify(Note("Title", "Text", Urgency.LOW, "summary", stays=True))
    desktop.stop()
    assert [each.tag for each in library.removed] == ["memory", "memory"]


@pytest.mark.parametrize("problem", ["setting", "fails"])
def test_what_windows_does_not_show_comes_as_a_balloon(
    library: Library, desktop: Desktop, icon: FakeIcon, problem: str
) -> None:
    """Turned off by the user, or refused after it was taken."""
    setattr(library, problem, 1)
    assert desktop.notify(note()).means == "Windows"
    assert icon.notes == [("Text", "Title")]


@pytest.mark.usefixtures("library")
def test_a_library_that_cannot_be_used_is_passed_over(
    desktop: Desktop, icon: FakeIcon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under Wine, where it raises OSError."""

    def fail(*_: object) -> None:
        raise OSError("Not implemented")

    monkeypatch.setattr(Library, "InteractableWindowsToaster", fail)
    assert desktop.notify(note()).means == "Windows"
    assert icon.notes == [("Text", "Title")]


def test_it_is_a_choice() -> None:
    """Without the library it is not tried."""
    assert not toasts.is_installed()
