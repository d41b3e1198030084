"""The submenus *Free memory* and *Server*."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, mb, tree_reading
from tests.core.presentation.test_menu import HEALTHY, START, STATES, after, by_key
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.readings import Now
from tray_app.core.model.server_action import ServerAction
from tray_app.core.monitor.commands import CleanUp, FreeMemory, OpenServer, OpenTemp
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.presentation import menu_text


def test_what_deletes_stands_below_its_risk() -> None:
    """A level deeper than what only opens something."""
    menu = by_key(HEALTHY)
    assert [menu[key].command for key in ("open-temp", "open-server")] == [
        OpenTemp(),
        OpenServer(),
    ]
    assert (menu["free"].text, menu["free"].command) == ("Free memory", None)
    assert [(row.text, row.command) for row in menu["free"].children] == [
        ("Also deletes files older than 1 h", None),
        ("Free memory, delete old files", FreeMemory(sure=True)),
    ]
    assert (menu["clean"].text, menu["clean"].command) == ("Delete old files", None)
    assert [(row.text, row.command) for row in menu["clean"].children] == [
        ("Delete files now?", None),
        ("Delete files older than 24 h", CleanUp(sure=True)),
        ("Delete files older than 1 h", CleanUp(ServerAction.CLEAN_UP_HOUR, sure=True)),
    ]


def test_the_server_has_its_figures_here() -> None:
    """Address, source, last job, temp files: the rows on top leave them out."""
    assert HEALTHY.sample is not None
    job = Job(3, Now(82.0, 0.0), ended=Now(90.0, 8.0), peak_bytes=mb(532))
    menu = by_key(replace(HEALTHY, sample=replace(HEALTHY.sample, job=job)))
    texts = [menu[f"server-{name}"].text for name in ("address", "source", "job", "temp")]
    assert texts == [
        "http://localhost:8000",
        "Source: API",
        "Job 3: 8 s, peak 532 MB",
        "Temp: 18 MB in 3 files",
    ]
    assert by_key(HEALTHY)["server-job"].text == "No job seen yet"
    running = replace(HEALTHY.sample, job=Job(4, Now(-16.0, 0.0)))
    shown = by_key(replace(HEALTHY, sample=running))["server-job"].text
    assert shown == "Job 4: running for 18 s"
    assert by_key(STATES["paused"])["server-source"].text == "Source: none while paused"


def test_nothing_is_cleaned_up_while_a_job_runs() -> None:
    """Its files may be among them: the rows say so; a click that comes too late is refused.
    Memory can be freed, after the same question."""
    busy = by_key(replace(HEALTHY, activity=replace(HEALTHY.activity, burst_s=1.0)))
    assert busy["clean-risk"].text == "Not while a job is running"
    for key, command in (
        ("action-clean_up", CleanUp(sure=True)),
        ("action-clean_up_hour", CleanUp(ServerAction.CLEAN_UP_HOUR, sure=True)),
    ):
        assert (busy[key].enabled, busy[key].command) == (False, command)
    assert busy["free-risk"].text == "A job is running. Free memory anyway?"
    assert busy["action-free_memory"].enabled
    paused = by_key(STATES["paused"])
    assert not paused["action-clean_up"].enabled
    assert paused["action-free_memory"].enabled


def test_a_temp_directory_that_is_not_known_cannot_be_opened() -> None:
    """Of a server on another machine, or whose directory may not be read."""
    assert not by_key(START)["open-temp"].enabled
    hidden = replace(tree_reading(342, 2.0), target=replace(TARGET, cwd=None))
    assert not by_key(after((2.0, SourcesRead(hidden))))["open-temp"].enabled


def test_what_the_last_action_brought_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was asked for."""
    assert by_key(HEALTHY)["brought"].text == "No action run yet"
    monkeypatch.setattr(menu_text, "last_action", lambda _state: "Freed 412 MB in 3 s")
    assert by_key(HEALTHY)["brought"].text == "Freed 412 MB in 3 s"
