"""The watchers of a run without an icon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from msgspec.structs import replace

from tests.app.test_servers import TEXT, invocation
from tray_app.app import watch as watches
from tray_app.app import wiring
from tray_app.app.exporter import Exporter
from tray_app.app.invocation import Invocation
from tray_app.app.servers import of_several
from tray_app.app.watch import Watch
from tray_app.core.config.servers import parse_servers
from tray_app.core.config.settings import server_name
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import Ended, Event, HostMissing, NotifierCame
from tray_app.core.monitor.state import State
from tray_app.runtime.watched_servers import watched

MORE = TEXT.replace('[[servers]]\nname = "gpu"', '[[servers]]\nname = "new"').replace(
    "gpu:", "new:"
)


class FakeWatcher:
    """Makes what a test says."""

    made: ClassVar[list[FakeWatcher]] = []

    def __init__(
        self, own: Invocation, begun: State, outlets: tuple[Any, ...], *, listed: Any, shown: bool
    ) -> None:
        self.name, self.begun, self.outlets = server_name(own.settings), begun, outlets
        self.listed = listed
        self.rest: Callable[[], None] = lambda: None
        self.done: list[object] = []
        self.made.append(self)

    def start(self, *, whole: bool = False) -> None:
        self.done.append("whole" if whole else "started")

    def start_rest(self) -> None:
        self.done.append("the rest")
        self.rest()

    def post(self, *items: object) -> None:
        self.done += items

    def stop(self, _: float) -> None:
        if self.done[-1] != "stopped":  # it is asked first, then waited for
            self.done.append("stopped")

    def makes(self, *events: Event) -> None:
        for each in self.outlets:
            each(self.begun, events)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeWatcher]:
    """The watchers, in the order of their beginning."""
    FakeWatcher.made = []
    monkeypatch.setattr(watches, "Watcher", FakeWatcher)
    monkeypatch.setattr(wiring, "FIRST_LIMIT_S", 0.01)
    return FakeWatcher.made


def several(tmp_path: Path) -> Invocation:
    common = invocation(tmp_path)
    assert common.config
    return of_several(common, watched([], common.config.servers), lists=True)


def watch_of(run: Invocation, **more: Callable[..., Any]) -> Watch:
    return Watch(run, Exporter(run.settings, None), shown=True, **more)


@pytest.mark.parametrize("early", [(HostMissing(),), ()])
def test_the_rest_begins_once_the_first_events_were_taken(
    early: tuple[Event, ...], tmp_path: Path, made: list[FakeWatcher]
) -> None:
    """Or when none came in time; then everything is told to the run's end."""
    watch = watch_of(invocation(tmp_path))
    watch.start(whole=lambda _: False)
    (only,) = made

    def goes_on() -> None:
        only.makes(NotifierCame())
        only.makes(Ended())

    only.rest = goes_on
    only.makes(*early)
    told: list[Event] = []
    for each in watch.told():
        assert each.server == ""
        told += each.events
    assert told == [*early, NotifierCame(), Ended()]
    assert only.done == ["started", "the rest"]


def test_several_servers_are_told_by_name_until_all_have_ended(
    tmp_path: Path, made: list[FakeWatcher]
) -> None:
    """One that has ended does not end the others; Quit is for all of them."""
    watch = watch_of(several(tmp_path))
    watch.start()
    gpu, lab = made
    watch.quit(Quit())
    gpu.makes(Ended())
    lab.makes(NotifierCame())
    lab.makes(Ended())
    told = [(each.server, each.events) for each in watch.told()]
    assert told == [
        ("gpu", (Ended(),)),
        ("lab:8000", (NotifierCame(),)),
        ("lab:8000", (Ended(),)),
    ]
    watch.stop()
    assert gpu.done == lab.done == ["whole", Quit(), "the rest", "stopped"]


def test_an_edit_of_the_list_is_followed(tmp_path: Path, made: list[FakeWatcher]) -> None:
    """A new server is watched, one that has left is stopped and tells nothing more."""
    began: list[str] = []
    left: list[str] = []
    watch = watch_of(
        several(tmp_path),
        began=lambda each: began.append(each.name),
        left=lambda each: left.append(each.name),
    )
    watch.start()
    gpu, lab = made
    (tmp_path / "config.toml").write_text(MORE)
    entries, _ = parse_servers(MORE, {})
    gpu.listed(entries)
    lab.listed(entries)  # each sampler notices the edit
    told = watch.told()
    gpu.makes(NotifierCame())
    lab.makes(NotifierCame())
    assert next(told).server == "lab:8000"
    assert [each.name for each in made] == ["gpu", "lab:8000", "new"]
    assert made[2].done[0] == "whole"
    assert "stopped" in gpu.done
    assert (began, left) == (["gpu", "lab:8000", "new"], ["gpu"])
    assert [each.name for each in watch.watchers] == ["lab:8000", "new"]
    for each in (lab, made[2]):
        each.makes(Ended())
    assert [each.server for each in told] == ["lab:8000", "new"]


def test_a_list_of_one_may_grow(tmp_path: Path, made: list[FakeWatcher]) -> None:
    """Its server is named once there is another one."""
    watch = watch_of(replace(run := several(tmp_path), servers=run.servers[:1]))
    (gpu,) = made
    told = watch.told()
    gpu.makes(NotifierCame())
    assert next(told).server == ""
    gpu.listed(parse_servers(TEXT, {})[0])
    watch.do(lambda: made[1].makes(NotifierCame()))
    assert next(told).server == "lab:8000"
    gpu.makes(NotifierCame())
    assert next(told).server == "gpu"


def test_a_server_that_joins_an_ending_run_ends_too(
    tmp_path: Path, made: list[FakeWatcher]
) -> None:
    """The run would never end otherwise."""
    watch = watch_of(several(tmp_path))
    watch.quit(Quit(summed_up=True))
    (tmp_path / "config.toml").write_text(MORE)
    made[0].listed(parse_servers(MORE, {})[0])
    watch.do(watch.end)
    assert list(watch.told()) == []
    assert Quit(summed_up=True) in made[2].done


def test_work_is_done_in_its_turn_and_the_end_may_come_at_once(
    tmp_path: Path, made: list[FakeWatcher]
) -> None:
    """Whatever still runs."""
    watch = watch_of(several(tmp_path))
    done: list[str] = []
    watch.do(lambda: done.append("redrawn"))
    watch.end()
    assert list(watch.told()) == []
    assert done == ["redrawn"]
    assert made[0].done == ["the rest"]
