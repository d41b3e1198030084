"""The menu's third row where something is wrong: what it is, and the command that helps.

Without a problem that row shows the machine's memory. Only one problem is shown: a mistake in the
settings first, because it may be the reason for others; then what hides the figure, what hides
alerts, and the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from tray_app.core.alerts import disk_space
from tray_app.core.model.readings import Source
from tray_app.core.monitor.commands import (
    Command,
    OpenLog,
    OpenSettingsFile,
    OpenTemp,
    ShowReport,
    WatchPort,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State
from tray_app.core.presentation import program_text, source_text
from tray_app.core.presentation.format import capitalised, size
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.core.source_choice.selection import Why

# The command of a server on another port is cut here, so that its row has room for the port.
COMMAND_CHARS = 24


class MenuProblem(Struct, frozen=True):
    """A problem in one row; a click gives the command."""

    text: str
    command: Command


def problem(state: State) -> MenuProblem | None:
    """What is wrong, the most important first; None: nothing is."""
    return next(_problems(state), None)


def _problems(state: State) -> Iterator[MenuProblem]:
    sample = None if state.paused else state.sample
    if state.mistakes:
        yield MenuProblem(program_text.mistake_row(state.mistakes), OpenSettingsFile())
    if sample is not None:
        yield from _of_source(sample)
    if state.delivery_problem is not None:
        yield MenuProblem(f"No notifications: {state.delivery_problem}", ShowReport())
    if sample is not None:
        yield from _of_files(state, sample)
    if state.history_problem:
        yield MenuProblem(f"History not recorded: {state.history_problem}", OpenLog())
    if state.restarts is not None and not state.restarts.seen:
        yield MenuProblem(program_text.restarted(state.restarts), OpenLog())


def _of_source(sample: Sample) -> Iterator[MenuProblem]:
    found = source_text.offered(sample)
    if sample.source is Source.NONE and found is not None and found.port:
        yield MenuProblem(source_text.offer_row(found, COMMAND_CHARS), WatchPort(found.port))
    elif sample.source is Source.NONE and sample.why is not Why.STARTING:
        yield MenuProblem(capitalised(source_text.source(sample)), ShowReport())
    elif _is_api_wrong(sample):
        yield MenuProblem(source_text.api(sample.api), ShowReport())


def _is_api_wrong(sample: Sample) -> bool:
    """Whether the API fails, or is silent while nothing else can be read. A busy API beside
    readable processes is usual during a job; a server that hangs has the second row."""
    if sample.hung is not None:
        return False
    if sample.api.state is ApiState.SILENT:
        return sample.stale
    return sample.api.state in (ApiState.ERROR, ApiState.UNREACHABLE)


def _of_files(state: State, sample: Sample) -> Iterator[MenuProblem]:
    disk = sample.temp.disk if sample.temp else None
    if disk is not None and state.alerts.of(disk_space.POLICY):
        yield MenuProblem(f"Disk nearly full: {size(disk.free_bytes)} free", OpenTemp())
