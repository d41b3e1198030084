"""The desktop room's parts that need no desktop: cutting texts, the menu, the chain of means."""

from __future__ import annotations

import ast
import asyncio
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import GIB, Now, Source
from tray_app.core.monitor.commands import Command, SetPaused, ShowStatus
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import wording
from tray_app.core.presentation.menu import Row
from tray_app.core.presentation.notifications import Note, Urgency
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why
from tray_app.desktop import backends, icon_adapters, notifier
from tray_app.desktop.icon_adapters import SniIcon, StockIcon
from tray_app.desktop.notifier import DeliveryResult, InTime, NotificationChain
from tray_app.desktop.panel_icon import Desktop
from tray_app.desktop.text_limits import NO_LIMITS, WINDOWS, cut_utf16, fit_lines
from tray_app.desktop.windows import taskbar_theme, tray_icon
from tray_app.desktop.windows.tray_icon import WM_RBUTTONUP

LONGEST = Sample(
    number=123456,
    at=Now(1e6, 1e9),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.UNREACHABLE, problem=ApiProblem(ApiFailureKind.CLOSED)),
    memory_bytes=round(12.34 * GIB),
    band=Band.YELLOW,
    rate_bytes_s=-123 * 1024**2,
    system=replace(SYSTEM, total_bytes=128 * GIB, available_bytes=100 * GIB),
    activity=Activity.PROCESSING,
    stage=Stage("video_processing_frames", inferred=True),
    problem=ProcessProblem(ProcessProblemKind.NOT_FOUND, port=8000),
)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [("short", 127, "short"), ("x" * 128, 127, "x" * 126 + "…"), ("🟢" * 4, 5, "🟢🟢…")],
)
def test_texts_are_cut_in_utf16_units(text: str, limit: int, cut: str) -> None:
    """Windows counts UTF-16 units; a pair is never torn apart."""
    assert cut_utf16(text, limit) == cut
    assert len(cut.encode("utf-16-le")) <= 2 * limit


@pytest.mark.parametrize(
    "sample",
    [
        replace(LONGEST, source=Source.API, stale=True, age_s=5999.0),
        replace(LONGEST, source=Source.PROCESS, why=Why.API_AWAY),
        replace(LONGEST, source=Source.NONE, memory_bytes=None, why=Why.NO_PROCESS),
        replace(LONGEST, source=Source.API),
    ],
    ids=["last value", "process", "nothing", "api"],
)
def test_the_longest_tooltip_fits_windows(sample: Sample) -> None:
    """127 UTF-16 units hold all three lines: memory and system whole, of the source the most."""
    shown, icon = desktop()
    text = wording.tooltip(sample, demo=True, paused=False)
    shown.show_tooltip(text)
    assert len(icon.title.encode("utf-16-le")) <= 2 * WINDOWS.tooltip
    lines, whole = icon.title.splitlines(), text.splitlines()
    assert (lines[0], lines[2]) == (whole[0], whole[2])
    assert lines[1].removesuffix("…") in whole[1]
    assert len(lines[1]) >= 25


@pytest.mark.parametrize("kind", list(ForecastKind))
@pytest.mark.parametrize("source", list(Source))
def test_a_forecast_is_never_cut(source: Source, kind: ForecastKind) -> None:
    """With all that can make memory scarce besides: the ends of the other lines give way."""
    shown, icon = desktop()
    system = replace(
        LONGEST.system or SYSTEM, limited=True, swap_used_bytes=12 * GIB, pressure_percent=100.0
    )
    sample = replace(
        LONGEST,
        source=source,
        why=Why.API_AWAY,
        rate_bytes_s=999 * 1024**2,
        forecast=Forecast(kind, 5999.0),
        system=system,
    )
    text = wording.tooltip(sample, demo=True, paused=False)
    shown.show_tooltip(text)
    assert len(icon.title.encode("utf-16-le")) <= 2 * WINDOWS.tooltip
    lines, whole = icon.title.splitlines(), text.splitlines()
    assert lines[0] == whole[0]
    assert len(lines) == 3
    assert all(line.removesuffix("…") in full for line, full in zip(lines, whole, strict=True))


def test_short_lines_are_left_whole() -> None:
    """Only what does not fit is cut: of the second line first, and never all of it."""
    assert fit_lines("a\nb\nc", 127) == "a\nb\nc"
    assert fit_lines("", 127) == ""
    assert fit_lines("a\n" + "x" * 50 + "\nc", 34) == "a\n" + "x" * 29 + "…\nc"
    assert fit_lines("a" * 30 + "\n" + "x" * 50, 40) == "a" * 30 + "\n" + "x" * 8 + "…"


class WindowsIcon:
    """pystray's Windows icon as far as the menu goes: built by a call, shown by a right click."""

    def __init__(self) -> None:
        self._menu_handle: Any = None
        self._message_handlers: dict[int, Any] = {}
        self.calls: list[str] = []

    def _update_menu(self) -> None:
        self.calls.append("built")
        self._menu_handle = object()

    def _on_notify(self, _wparam: int, lparam: int) -> None:
        self.calls.append("shown" if lparam == WM_RBUTTONUP and self._menu_handle else "other")

    def _run(self) -> None:
        self.calls.append("run")


def test_windows_builds_the_menu_on_a_right_click() -> None:
    """Not at each update, which would destroy the one that is open; the click is told around it."""
    told: list[bool] = []
    icon = tray_icon.icon_type(WindowsIcon, told.append, lambda _: None)()
    for _ in range(3):
        icon._update_menu()
    assert icon.calls == ["built"], "pystray shows none without a first one"
    icon._on_notify(0, WM_RBUTTONUP)
    assert icon.calls == ["built", "built", "shown"]
    assert told == [True, False]
    icon._on_notify(0, WM_RBUTTONUP - 3)
    assert icon.calls[-1] == "other"
    assert told == [True, False]


def test_windows_session_end_is_allowed_and_heard() -> None:
    """The logout is not vetoed, and only its coming true is told."""
    icon = tray_icon.icon_type(WindowsIcon, lambda _: None, lambda _: None)()
    ended: list[str] = []
    icon.on_session_end = lambda: ended.append("ended")
    handlers = icon._message_handlers
    assert handlers[tray_icon.WM_QUERYENDSESSION](0, 0)
    handlers[tray_icon.WM_ENDSESSION](0, 0)
    assert ended == []
    handlers[tray_icon.WM_ENDSESSION](1, 0)
    assert ended == ["ended"]


def test_the_desktop_hands_the_session_end_on() -> None:
    """From an icon that knows of it to whoever set the desktop's."""

    made: list[Any] = []

    class Base(WindowsIcon):
        def __init__(self, _name: str) -> None:
            super().__init__()
            made.append(self)

    with backends.harmless_pystray():
        shown = backends.windows_desktop(Base, lambda _: None, lambda _: None)
    ended: list[str] = []
    shown.on_session_end = lambda: ended.append("ended")
    made[0].on_session_end()
    assert ended == ["ended"]


def test_windows_icon_of_pystray_is_as_it_is_taken_for() -> None:
    """The methods that are wrapped are there, and the right button's message has that number."""
    from importlib.util import find_spec

    found = find_spec("pystray")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    tree = ast.parse((folder / "_win32.py").read_text("utf-8"))
    methods = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert methods["_update_menu"] == ["self"]
    assert methods["_on_notify"] == ["self", "wparam", "lparam"]
    assert methods["_run"] == ["self"]
    numbers = (folder / "_util" / "win32.py").read_text("utf-8")
    assert re.search(rf"^WM_RBUTTONUP = 0x0*{WM_RBUTTONUP:x}$", numbers, re.IGNORECASE | re.M)


def test_a_running_windows_icon_follows_the_taskbar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its theme is told at the start and when it has changed, until the icon ends."""
    themes = [Theme.DARK, Theme.DARK, Theme.LIGHT]
    monkeypatch.setattr(taskbar_theme, "taskbar_theme", lambda: themes.pop(0))
    seen: list[Theme] = []

    class Stopped:
        def wait(self, timeout: float) -> bool:
            assert timeout == taskbar_theme.READ_EVERY_S
            return not themes

    taskbar_theme.follow_registry(seen.append, Stopped())  # type: ignore[arg-type]
    assert seen == [Theme.DARK, Theme.LIGHT]


def test_a_stock_menu_that_is_open_is_left_alone() -> None:
    """GTK's menu is rebuilt at each update, and an open one would vanish."""

    class Shown:
        mapped = True

        def get_mapped(self) -> bool:
            return self.mapped

    shown, icon = desktop("pystray _gtk")
    show(shown, rows("300 MB", False), lambda _: None)
    icon._menu_handle = handle = Shown()
    show(shown, rows("400 MB", False), lambda _: None)
    assert icon.updates == 0
    handle.mapped = False
    show(shown, rows("500 MB", False), lambda _: None)
    assert icon.updates == 1


def test_attention_is_asked_for_where_there_is_such_a_thing() -> None:
    """A stock icon has none, and nothing happens."""
    desktop()[0].show_attention(True)
    wanted: list[bool] = []
    shown, icon = sni_desktop()
    icon.set_attention = wanted.append
    shown.show_attention(True)
    assert wanted == [True]


def test_importing_pystray_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import works without a display and leaves the environment as it was."""
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    with backends.harmless_pystray():
        import pystray
    assert "PYSTRAY_BACKEND" not in os.environ
    assert pystray.Menu.SEPARATOR


class FakeIcon:
    """Counts menus, as pystray's icon would be told of them."""

    HAS_NOTIFICATION = True

    def __init__(self) -> None:
        self.menus: list[Any] = []
        self.updates = 0
        self.notes: list[tuple[str, str]] = []
        self.title = ""
        self.icon: Any = None
        self.visible = False

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "menu":
            self.menus.append(value)
        super().__setattr__(name, value)

    def run(self, setup: Callable[[Any], None]) -> None:
        setup(self)

    def update_menu(self) -> None:
        self.updates += 1

    def notify(self, text: str, title: str) -> None:
        self.notes.append((text, title))


def desktop(backend: str = "pystray _win32") -> tuple[Desktop, FakeIcon]:
    """A desktop over a stock icon."""
    icon = FakeIcon()
    with backends.harmless_pystray():
        limits = WINDOWS if backend == "pystray _win32" else NO_LIMITS
        return Desktop(backend, StockIcon(icon, limits)), icon


def sni_desktop() -> tuple[Desktop, Any]:
    """A desktop over an icon of our own."""
    icon: Any = FakeIcon()
    with backends.harmless_pystray():
        return Desktop("StatusNotifierItem", SniIcon(icon)), icon


def rows(text: str, checked: bool) -> tuple[Row, ...]:
    """A small menu."""
    return (
        Row("status", text),
        Row("line", separator=True),
        Row("pause", "Pause", SetPaused(True), checked),
        Row("more", "More", children=(Row("child", "Child", SetPaused(False)),)),
    )


def show(desktop: Desktop, of: tuple[Row, ...], submit: Callable[[Command], None]) -> None:
    """Show these rows, as a presenter does."""
    desktop.show_menu(lambda: of, max(len(row.text) for row in of), submit)


def test_the_menu_is_made_once() -> None:
    """New texts and marks reach the rows that are there; the same ones once more do nothing."""
    shown, icon = desktop()
    show(shown, rows("300 MB", False), lambda _: None)
    show(shown, rows("400 MB", True), lambda _: None)
    show(shown, rows("400 MB", True), lambda _: None)
    assert (len(icon.menus), icon.updates) == (1, 1)
    items = list(icon.menus[0])
    assert (items[0].text, items[0].enabled) == ("400 MB", False)
    assert items[2].checked


def test_our_menu_is_made_when_a_panel_asks() -> None:
    """Nobody reads its rows before; a row that is wider than ever is told in advance."""
    read: list[str] = []
    told: list[str] = []
    shown, icon = sni_desktop()
    icon.tell_menu = lambda: told.append("wider")

    def rows_of(text: str) -> Callable[[], tuple[Row, ...]]:
        def made() -> tuple[Row, ...]:
            read.append(text)
            return rows(text, False)

        return made

    for text in ("300 MB", "400 MB", "500 MB and more"):
        shown.show_menu(rows_of(text), len(text), lambda _: None)
    assert (read, icon.updates, told) == (["300 MB"], 1, ["wider"])
    assert next(item.text for item in icon.menus[0]) == "500 MB and more"
    assert set(read[1:]) == {"500 MB and more"}


def test_a_click_submits_the_rows_command() -> None:
    """A click does nothing but hand in the command of the row as it is now."""
    submitted: list[Command] = []
    shown, icon = desktop()
    show(shown, rows("300 MB", False), submitted.append)
    items = list(icon.menus[0])
    items[2](icon)
    next(iter(items[3].submenu))(icon)
    assert submitted == [SetPaused(True), SetPaused(False)]


def test_a_left_click_on_a_stock_icon_asks_for_the_status() -> None:
    """Stock icons call the menu's default row, which is there for that and never seen."""
    submitted: list[Command] = []
    shown, icon = desktop()
    show(shown, rows("300 MB", False), submitted.append)
    assert "Show status" not in [item.text for item in icon.menus[0]]
    icon.menus[0](icon)
    assert submitted == [ShowStatus()]


def test_windows_gets_texts_that_fit() -> None:
    """Tooltip and notification stay within Windows' fields, which else raise ValueError."""
    shown, icon = desktop()
    shown.show_tooltip("x" * 200)
    result = shown.notify(Note("t" * 99, "m" * 999, Urgency.NORMAL, ""))
    assert len(icon.title) == WINDOWS.tooltip
    assert [len(part) for part in icon.notes[0]] == [
        WINDOWS.text,
        WINDOWS.title,
    ]
    assert result.means == "pystray _win32"


def test_an_icon_is_up_before_anybody_writes_to_it() -> None:
    """What is set while pystray brings an icon up is held back until its next change."""
    shown, icon = desktop()
    seen: list[bool] = []
    shown.run(lambda: seen.append(icon.visible))
    assert seen == [True]


def test_a_stock_icon_is_drawn_in_the_largest_size_only() -> None:
    """pystray takes one picture, which the platform scales."""
    shown, _ = desktop("pystray _win32")
    assert shown.sizes((16, 24, 64)) == [64]


def test_a_running_icon_is_touched_where_the_platform_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the icon runs, every change goes through the platform's way (AppKit: main thread)."""
    waiting: list[Callable[[], None]] = []
    shown, icon = desktop("pystray _darwin")
    monkeypatch.setattr(icon_adapters, "_toucher", lambda: waiting.append)
    shown.run(lambda: None)
    shown.show_tooltip("RunAnalyze: 300 MB")
    show(shown, rows("300 MB", False), lambda _: None)
    shown.show_images(["small", "large"])
    before = icon.title, len(icon.menus), icon.icon
    assert before == ("", 0, None)
    for touch in waiting:
        touch()
    assert (icon.title, len(icon.menus), icon.icon) == ("RunAnalyze: 300 MB", 1, "large")
    assert icon.visible


def test_the_menu_on_the_bus_keeps_ids_and_says_what_changed() -> None:
    """Ids stay for a row's place; only an open menu signals, and only what differs."""
    with backends.harmless_pystray():
        from pystray import Menu, MenuItem
    from tray_app.desktop.linux.dbusmenu import DbusMenu, Ids, build

    text = "300 MB"
    menu = Menu(
        MenuItem(lambda _: text, None, enabled=False),
        Menu.SEPARATOR,
        MenuItem("Mode", Menu(MenuItem("Auto_matic", None, checked=lambda _: True, radio=True))),
    )
    ids = Ids()
    served = DbusMenu(lambda: build(menu, None, ids))
    signals: list[Any] = []
    served.ItemsPropertiesUpdated = lambda *args: signals.append(args)  # type: ignore[method-assign]
    served.LayoutUpdated = lambda *args: signals.append("layout")  # type: ignore[method-assign]

    async def look() -> None:
        nonlocal text
        served.refresh()
        layout = served._layout(served._root, -1, [])
        assert [row.value[0] for row in layout[2]] == [1, 2, 3]
        mode = layout[2][2].value
        label = mode[2][0].value[1]["label"].value
        assert label == "Auto__matic"
        signals.clear()
        text = "400 MB"
        assert served.refresh() is False
        assert signals == []
        assert served.refresh(about_to_show=True) is True
        ((updated, removed),) = signals
        assert [(row[0], row[1]["label"].value.rstrip()) for row in updated] == [(1, "400 MB")]
        assert removed == []
        served._happened(0, "closed")
        text = "500 MB"
        assert served.refresh() is False

    asyncio.run(look())


def test_the_chain_tries_the_next_means_and_says_which_took_it() -> None:
    """A means that fails is followed by the next; the result names the one that worked."""

    def fail(_note: dict[str, Any]) -> None:
        raise OSError("no service")

    taken: list[str] = []
    chain = NotificationChain(
        (InTime("first", fail), InTime("second", lambda note: taken.append(note["title"])))
    )
    chain.notify(title="Hello", message="-dash")
    assert taken == ["Hello"]
    assert chain.last is not None
    assert (chain.last.means, chain.last.problem) == ("second", None)


def test_when_every_means_fails_the_problem_is_kept() -> None:
    """The result names each means and why it failed; nothing is raised."""

    def fail(_note: dict[str, Any]) -> None:
        raise NotImplementedError

    chain = NotificationChain((InTime("only", fail),))
    chain.notify(title="Hello", message="text")
    assert chain.last is not None
    assert chain.last.problem == "only: NotImplementedError"


@pytest.mark.parametrize("problem", [None, "no service"])
def test_a_means_that_hangs_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, problem: str | None
) -> None:
    """After its time limit what becomes of it is open: no other way is tried, which would bring it
    twice, and its end is told when it comes."""
    import queue
    import threading

    monkeypatch.setattr(notifier, "LIMIT_S", 0.05)
    release = threading.Event()
    settled: queue.SimpleQueue[DeliveryResult] = queue.SimpleQueue()
    others: list[Any] = []

    def slow(_note: dict[str, Any]) -> None:
        release.wait(5)
        if problem:
            raise OSError(problem)

    chain = NotificationChain((InTime("slow", slow), InTime("other", others.append)))
    chain.notify(title="Hello", message="text", hints={"settled": settled.put})
    assert chain.last == DeliveryResult("Hello", None, "slow: no answer for 0 s", pending=True)
    assert settled.empty()
    release.set()
    told = settled.get(timeout=5)
    words = f"slow: {problem}" if problem else None
    assert told == DeliveryResult("Hello", None if problem else "slow", words)
    assert others == []


def test_no_other_way_leads_to_a_service_that_refuses() -> None:
    """What it said is final."""

    class Refusing:
        name = "service"

        def __call__(self, note: dict[str, Any], settled: notifier.Settled) -> None:
            raise notifier.FinalError("it refuses")

    others: list[Any] = []
    chain = NotificationChain((Refusing(), InTime("other", others.append)))
    chain.notify(title="Hello", message="text")
    assert chain.last == DeliveryResult("Hello", None, "service: it refuses")
    assert others == []
