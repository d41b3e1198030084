"""The sampler thread, with sources that answer, hang, and raise."""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from tests.core.made import found_in
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.alerts.system_memory import MachineShort
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    MIB,
    ApiReading,
    PollReading,
    ProcessReading,
    ProcessRow,
    Role,
    Sharing,
    Source,
    SystemMemory,
    Target,
    TempUsage,
    UssPss,
)
from tray_app.core.model.server_address import ServerAddress, parse_address
from tray_app.core.monitor.commands import (
    Quit,
    SetMode,
    SetPaused,
    WatchAutomatically,
    WatchPort,
    WatchProcess,
)
from tray_app.core.monitor.events import Event, Sampled
from tray_app.core.monitor.inputs import MenuSeen, Reconfigured
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.runtime import clock
from tray_app.runtime.sampler import FIRST_ANSWER_S, Helpers, Probe, Sampler, next_tick_s

LONG_S = 600.0
TARGET = Target(
    7, 1.0, "uvicorn", ("uvicorn", "main:app"), "/srv/app", Evidence(EvidenceKind.LISTENS, 8000)
)


@dataclass
class FakeApi:
    """Answers at once through the engine's inbox, or stays silent."""

    answers: bool = True
    asked: int = 0
    closed: bool = False
    post: object = None

    def ask(self, patience_s: float, with_stage: bool = False) -> bool:
        self.asked += 1
        if self.answers:
            self.post(ApiReading(clock.mono_s(), 0.001, 210 * MIB, None, None))  # type: ignore[operator]
        return True

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeProbe:
    """A server of 200 MB, or a defect."""

    error: Exception | None = None
    reads: int = 0
    rss_bytes: int | None = 200 * MIB
    closed: bool = False
    overrides: list[TargetOverride] = field(default_factory=list)
    others: list[bool] = field(default_factory=list)
    system: SystemMemory | None = None
    listed: int = 0

    def read(
        self, now_s: float, others: bool = False, override: TargetOverride = NO_OVERRIDE
    ) -> ProcessReading:
        self.reads += 1
        self.overrides.append(override)
        self.others.append(others)
        if self.error:
            raise self.error
        if self.rss_bytes is None:
            return ProcessReading(
                now_s, None, problem=ProcessProblem(ProcessProblemKind.JUST_ENDED)
            )
        row = ProcessRow(7, "uvicorn", Role.TARGET, self.rss_bytes, 1.0)
        return ProcessReading(now_s, self.system, TARGET, (row,), worker_count=1)

    def make_poller(self, _floor_bytes: int, _with_new_children: bool) -> Callable[[], PollReading]:
        return lambda: PollReading(self.rss_bytes)

    def largest(self, count: int) -> tuple[ProcessRow, ...]:
        self.listed += 1
        return (ProcessRow(9, "firefox", Role.OTHER, count, None),)

    def forget(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeWalker:
    """Remembers what it was told to watch."""

    paths: list[str | None] = field(default_factory=list)

    def watch(self, path: str | None, *, lively: bool = False) -> None:
        self.paths.append(path)

    def close(self) -> None:
        pass


@dataclass
class FakeOwner:
    """Remembers which processes it was told."""

    told: list[tuple[int, ...]] = field(default_factory=list)
    closed: bool = False
    sharing: Sharing = field(default_factory=Sharing)

    def watch(self, rows: tuple[ProcessRow, ...]) -> Sharing:
        self.told.append(tuple(row.pid for row in rows))
        return self.sharing

    def close(self) -> None:
        self.closed = True


@dataclass
class Rig:
    """An engine with its fakes, and the samples that came out."""

    engine: Sampler
    api: FakeApi
    probe: FakeProbe
    walker: FakeWalker
    owner: FakeOwner
    events: queue.SimpleQueue[Event]
    asked: dict[int, int]
    """How often the API had been asked when the sample of this number was made."""

    def sample(self, within_s: float = AMPLE_S) -> Sample:
        """The next sample."""
        while True:
            event = self.events.get(timeout=within_s)
            if isinstance(event, Sampled):
                return event.sample

    def wait_until_paused(self) -> None:
        """Until the engine knows that it is: it reads nothing then."""
        wait_for(lambda: self.engine._state.paused, "the pause")

    def drain(self, quiet_s: float) -> None:
        """Take events until none came for this long."""
        with suppress(queue.Empty):
            while True:
                self.events.get(timeout=quiet_s)


@contextmanager
def running(
    api: FakeApi | None = None,
    probe: FakeProbe | None = None,
    mode: Mode = Mode.AUTO,
    interval_s: float = 0.2,
    patience_s: float = 5.0,
    alerts: AlertLimits | None = None,
    tmp_dir: str | None = None,
    edited: Callable[[], Reconfigured | None] = lambda: None,
    renew: Callable[[State], tuple[Probe, Helpers]] | None = None,
    claim: Callable[[ServerAddress], bool] = lambda _: True,
    with_helpers: bool = True,
    at_once: bool = False,
) -> Iterator[Rig]:
    """An engine with fakes."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()

    asked: dict[int, int] = {}
    api = api or FakeApi()

    def outlet(_state: State, new: tuple[Event, ...]) -> None:
        for event in new:
            if isinstance(event, Sampled):
                asked[event.sample.number] = api.asked
            events.put(event)

    settings = replace(
        Settings(),
        interval_s=interval_s,
        patience_s=patience_s,
        mode=mode,
        tmp_dir=tmp_dir,
        alerts=alerts or AlertLimits(),
    )
    state = begin(settings, settings, clock.now(), local=True)
    engine = Sampler(
        state,
        clock=clock.now,
        jitter=lambda: 0.5,
        outlets=(outlet,),
        edited=edited,
        renew=renew,
        claim=claim,
    )
    probe, walker = probe or FakeProbe(), FakeWalker()
    owner = FakeOwner()
    api.post = engine.post
    engine.start(probe, (api, walker, owner) if at_once else None)
    if with_helpers and not at_once:
        engine.add((api, walker, owner))
    try:
        yield Rig(engine, api, probe, walker, owner, events, asked)
    finally:
        engine.stop(AMPLE_S)


def until(rig: Rig, source: Source) -> Sample:
    """The first sample from this source."""
    return next(s for s in (rig.sample() for _ in range(50)) if s.source is source)


def test_an_answering_api_is_the_source() -> None:
    """Samples come from the API as soon as it has answered."""
    with running() as rig:
        assert until(rig, Source.API).memory_bytes == 210 * MIB


def test_the_first_sample_waits_for_no_helper() -> None:
    """Processes alone are sampled at once; the API is asked as soon as it is added."""
    with running(interval_s=LONG_S, with_helpers=False) as rig:
        assert rig.sample().memory_bytes == 200 * MIB
        assert (rig.api.asked, rig.walker.paths, rig.owner.told) == (0, [], [])
        rig.engine.add((rig.api, rig.walker, rig.owner))
        assert rig.sample().memory_bytes == 210 * MIB
        assert rig.walker.paths[0] == f"/srv/app{os.sep}tmp"
        assert rig.owner.told[0] == (7,)


def test_with_helpers_the_first_sample_has_the_apis_answer() -> None:
    """Nothing has to be claimed of an API that was not asked yet."""
    with running(interval_s=LONG_S, at_once=True) as rig:
        first = rig.sample()
        assert (first.number, first.source, first.api.state) == (1, Source.API, ApiState.OK)
        assert first.target is not None
        assert rig.walker.paths[0] == f"/srv/app{os.sep}tmp"


def test_the_first_sample_waits_no_longer_than_0_3_s_for_the_api() -> None:
    """Then it is of the processes, and says that the API's answer is still to come."""
    began_s = clock.mono_s()
    with running(FakeApi(answers=False), interval_s=LONG_S, at_once=True) as rig:
        first = rig.sample()
        assert first.at.mono_s - began_s >= FIRST_ANSWER_S
        assert (first.source, first.api.state) == (Source.PROCESS, ApiState.WAITING)
        assert rig.api.asked == 1


def test_where_no_api_is_asked_the_first_sample_waits_for_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in the process-only mode."""
    monkeypatch.setattr("tray_app.runtime.sampler.FIRST_ANSWER_S", LONG_S)
    with running(mode=Mode.FALLBACK, interval_s=LONG_S, at_once=True) as rig:
        assert rig.sample().source is Source.PROCESS


def test_the_server_is_asked_once_per_sample() -> None:
    """An answer serves its tick: the server is not asked again before the next."""
    with running() as rig:
        first = until(rig, Source.API).number
        # An answer that a late sample shows no more was asked for all the same.
        samples = [rig.sample() for _ in range(6)]
        assert [sample.number for sample in samples] == list(range(first + 1, first + 7))
        assert abs(rig.asked[first + 6] - rig.asked[first] - 6) <= 1


def test_a_silent_api_holds_up_no_sample() -> None:
    """While a request hangs, process readings come at every interval."""
    with running(FakeApi(answers=False), patience_s=LONG_S) as rig:
        samples = [rig.sample() for _ in range(4)]
        assert {sample.source for sample in samples} == {Source.PROCESS}
        assert rig.api.asked == 1


def test_a_defect_in_a_source_is_a_visible_failed_reading() -> None:
    """A probe that raises becomes a sample that says so, and the thread goes on."""
    with running(FakeApi(answers=False), FakeProbe(RuntimeError("boom"))) as rig:
        samples = [rig.sample() for _ in range(3)]
        assert samples[-1].source is Source.NONE
        assert samples[-1].problem == ProcessProblem(ProcessProblemKind.READING_FAILED)


def test_a_defect_in_an_outlet_costs_one_sample_only(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever raises inside a turn, the next interval brings a sample."""
    with running() as rig:
        rig.engine.post("nonsense")  # type: ignore[arg-type]
        assert [rig.sample() for _ in range(3)]
    assert "a sample failed" in caplog.text


def test_who_holds_the_memory_is_asked_only_when_it_runs_short() -> None:
    """Until that is said, and not once more."""
    probe = FakeProbe()
    with running(FakeApi(answers=False), probe) as rig:
        rig.sample()
        assert probe.listed == 0
        probe.system = SystemMemory(16 * 1024 * MIB, 100 * MIB, 99.0)
        scarce = next(
            e
            for e in iter(lambda: rig.events.get(timeout=AMPLE_S), None)
            if found_in(e, MachineShort)
        )
        assert [row.name for row in scarce.finding.holders] == ["firefox"]
        listed = probe.listed
        for _ in range(3):
            rig.sample()
        assert probe.listed == listed


def test_what_a_person_picks_is_asked_of_the_probe_at_once() -> None:
    """The override goes with each reading, until another is made."""
    with running(FakeApi(answers=False)) as rig:
        rig.sample()
        assert rig.probe.overrides[0].pinned is None
        for command, picked in ((WatchProcess(7, 1.0), (7, 1.0)), (WatchAutomatically(), None)):
            rig.engine.post(command)
            wait_for(lambda it=picked: rig.probe.overrides[-1].pinned == it, f"{command}")


def test_what_memory_is_its_own_is_asked_of_the_servers_processes() -> None:
    """And shown from the next sample on."""
    own = UssPss(7, 150 * MIB, 160 * MIB, 1.0)
    with running(FakeApi(answers=False)) as rig:
        rig.sample()
        rig.sample()
        assert rig.owner.told[-1] == (7,)
        rig.engine.note_uss_pss(own)
        assert any(rig.sample().own == own for _ in range(3))
    assert rig.owner.closed


def test_a_sample_that_could_not_wait_for_a_measurement_is_made_again() -> None:
    """As soon as it is there, whatever the interval; else a measurement makes none."""
    own = UssPss(7, 150 * MIB, 160 * MIB, 1.0)
    with running(mode=Mode.FALLBACK, interval_s=LONG_S, at_once=True) as rig:
        rig.owner.sharing = Sharing(is_pending=True)
        rig.sample()
        rig.engine.note_uss_pss(own)
        rig.drain(0.3)
        rig.engine.post(SetMode(Mode.FALLBACK))
        rig.sample()
        rig.owner.sharing = Sharing()
        rig.engine.note_uss_pss(own)
        assert rig.sample().own == own


def test_a_measurement_that_comes_before_its_sample_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader is quick: it is ready before the sampler knows that it has to wait for it."""
    own = UssPss(7, 150 * MIB, 160 * MIB, 1.0)
    with running(mode=Mode.FALLBACK, interval_s=LONG_S, at_once=True) as rig:
        rig.sample()

        def watch(_rows: tuple[ProcessRow, ...]) -> Sharing:
            if rig.owner.sharing.is_pending:
                rig.owner.sharing = Sharing()
                rig.engine.note_uss_pss(own)
                return Sharing(is_pending=True)
            return rig.owner.sharing

        rig.owner.sharing = Sharing(is_pending=True)
        monkeypatch.setattr(rig.owner, "watch", watch)
        rig.engine.post(SetMode(Mode.FALLBACK))
        known = rig.sample()
        assert rig.sample().number == known.number + 1


def test_the_temp_directory_can_be_said() -> None:
    """It takes the place of the one below the server's working directory."""
    for tmp_dir, expected in ((None, f"/srv/app{os.sep}tmp"), ("/clips", "/clips")):
        with running(FakeApi(answers=False), tmp_dir=tmp_dir) as rig:
            until(rig, Source.PROCESS)
            rig.sample()
            assert rig.walker.paths[-1] == expected


def test_api_mode_never_reads_processes() -> None:
    """In API mode the probe is not called."""
    with running(mode=Mode.API) as rig:
        until(rig, Source.API)
        assert rig.probe.reads == 0


def test_fallback_mode_never_asks() -> None:
    """In process mode no request is sent."""
    with running(mode=Mode.FALLBACK) as rig:
        until(rig, Source.PROCESS)
        assert rig.api.asked == 0


def test_a_choice_takes_effect_at_once() -> None:
    """A command brings a sample in the new mode without waiting for the interval."""
    with running() as rig:
        until(rig, Source.API)
        rig.engine.post(SetMode(Mode.FALLBACK))
        assert until(rig, Source.PROCESS).mode is Mode.FALLBACK


def test_paused_reads_nothing() -> None:
    """While paused no source is used; resuming brings a sample at once."""
    with running() as rig:
        until(rig, Source.API)
        rig.engine.post(SetPaused(True))
        rig.wait_until_paused()
        asked, reads = rig.api.asked, rig.probe.reads
        rig.drain(quiet_s=0.7)
        assert (rig.api.asked, rig.probe.reads) == (asked, reads)
        rig.engine.post(SetPaused(False))
        assert rig.sample()


def test_the_temp_directory_is_walked_while_the_api_does_not_tell() -> None:
    """The walker watches tmp below the target's directory, and its figures reach a sample."""
    with running(FakeApi(answers=False)) as rig:
        rig.sample()
        rig.engine.note_temp(TempUsage(5 * MIB, 2, clock.mono_s()))
        sample = next(s for s in (rig.sample() for _ in range(9)) if s.temp)
        assert sample.temp
        assert sample.temp.file_count == 2
        path = rig.walker.paths[0]
        assert path is not None
        assert path.replace("\\", "/") == "/srv/app/tmp"


def test_files_that_are_shown_already_bring_no_sample() -> None:
    """The API told of them first: a sample from processes would follow its own at once."""
    with running(FakeApi(answers=False), interval_s=LONG_S, with_helpers=False) as rig:
        rig.engine.note_temp(TempUsage(MIB, 1, clock.mono_s()))
        rig.sample()
        told = TempUsage(MIB, 2, clock.mono_s())
        rig.engine.post(ApiReading(clock.mono_s(), 0.001, 210 * MIB, None, told))
        known = until(rig, Source.API)
        assert known.temp == told
        rig.engine.note_temp(TempUsage(2 * MIB, 2, clock.mono_s()))
        rig.engine.post(SetMode(Mode.FALLBACK))
        chosen = next(s for s in iter(rig.sample, None) if s.mode is Mode.FALLBACK)
        assert chosen.number == known.number + 1
        rig.engine.note_temp(TempUsage(2 * MIB, 3, clock.mono_s()))
        sample = rig.sample()
        assert sample.temp
        assert sample.temp.file_count == 3


def test_files_that_come_during_a_sample_bring_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample under way does not show them, and the next tick may be far."""
    with running(mode=Mode.FALLBACK, interval_s=LONG_S, at_once=True) as rig:
        rig.engine.note_temp(TempUsage(MIB, 1, clock.mono_s()))
        rig.sample()
        new = [TempUsage(2 * MIB, 2, clock.mono_s())]

        def watch(_path: str | None, *, lively: bool = False) -> None:
            if new:  # the sample is out, and its plan is not yet made
                rig.engine.note_temp(new.pop())

        monkeypatch.setattr(rig.walker, "watch", watch)
        rig.engine.post(SetMode(Mode.FALLBACK))
        rig.sample()
        shown = rig.sample().temp
        assert shown
        assert shown.file_count == 2


def test_quit_closes_the_sources() -> None:
    """Quit ends the thread, which closes what it used."""
    with running() as rig:
        until(rig, Source.API)
        rig.engine.post(Quit())
        rig.engine.stop(AMPLE_S)
        assert rig.api.closed
        assert rig.probe.closed


@pytest.mark.parametrize("rss_bytes", [1200 * MIB, None])
def test_a_poll_brings_a_sample_at_once(rss_bytes: int | None) -> None:
    """A step over a band's limit, or the end of the server, is not left to the next tick."""
    with running(FakeApi(answers=False), mode=Mode.FALLBACK, interval_s=LONG_S) as rig:
        assert rig.sample().memory_bytes == 200 * MIB
        rig.probe.rss_bytes = rss_bytes
        assert rig.sample().memory_bytes == rss_bytes


def test_a_reading_that_changes_nothing_shows_nothing() -> None:
    """What is shown is calm: only the interval brings a sample of the same band."""
    began_s = clock.mono_s()
    with running(FakeApi(answers=False), mode=Mode.FALLBACK, interval_s=1.2) as rig:
        rig.sample()
        rig.probe.rss_bytes = 205 * MIB
        assert round(rig.sample().at.mono_s - began_s, 6) >= 1.2  # the tick is a sum of floats
        assert rig.sample().memory_bytes == 205 * MIB


@pytest.mark.parametrize(
    ("last_s", "now_s", "expected_s"),
    [
        (100.0, 100.1, 102.0),
        (102.0, 101.95, 104.0),
        (102.6, 102.61, 104.0),
        (103.2, 103.3, 104.0),
        (103.9, 103.95, 106.0),
        (102.0, 109.5, 110.0),
    ],
    ids=["the first", "early", "of a command", "before a tick", "just before a tick", "late"],
)
def test_ticks_are_whole_intervals_apart(last_s: float, now_s: float, expected_s: float) -> None:
    """From one time on, so that several servers are read at the same moment. After a sample between
    two of them the next is not much more than an interval away."""
    assert next_tick_s(last_s, 2.0, now_s, 100.0) == expected_s


def test_no_poll_without_processes() -> None:
    """In API mode nothing but the API is read, between the samples as well."""
    with running(mode=Mode.API) as rig:
        until(rig, Source.API)
        rig.probe.rss_bytes = None
        assert rig.sample().source is Source.API
        assert rig.probe.reads == 0


def test_what_only_the_menu_shows_is_read_only_while_it_is_open() -> None:
    """Other Python processes cost nothing while nobody looks; when somebody does, at once."""
    with running() as rig:
        rig.sample()
        rig.sample()
        assert not any(rig.probe.others)
        rig.engine.post(MenuSeen(True))
        wait_for(lambda: rig.probe.others[-1], "they are read")
        rig.engine.post(MenuSeen(False))
        wait_for(lambda: not rig.probe.others[-1], "they are no longer read")


def edit_once(settings: Settings) -> Callable[[], Reconfigured | None]:
    """A config file that is edited once."""
    edits = [Reconfigured(settings, local=True)]
    return lambda: edits.pop() if edits else None


def test_an_edit_of_the_config_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a restart, and with the sources that are there."""
    monkeypatch.setattr("tray_app.runtime.sampler.CONFIG_PACE_S", 0.0)
    settings = Settings(interval_s=0.2, bands=BandLimits(1, 2, 3))
    with running(edited=edit_once(settings)) as rig:
        assert next(s for s in (rig.sample() for _ in range(20)) if s.band is Band.RED)
        assert not rig.api.closed


def test_another_address_has_other_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old ones are closed, and nothing of the old server is left in the samples."""
    monkeypatch.setattr("tray_app.runtime.sampler.CONFIG_PACE_S", 0.0)
    made: list[str] = []
    probe = FakeProbe(rss_bytes=300 * MIB)

    def renew(state: State) -> tuple[Probe, Helpers]:
        made.append(state.settings.address.url)
        return probe, (FakeApi(answers=False), FakeWalker(), None)

    settings = Settings(interval_s=0.2, address=parse_address("http://localhost:9"))
    edit, is_edited = edit_once(settings), threading.Event()
    with running(edited=lambda: edit() if is_edited.is_set() else None, renew=renew) as rig:
        until(rig, Source.API)
        is_edited.set()
        sample = next(s for s in iter(rig.sample, None) if s.memory_bytes == 300 * MIB)
        assert (sample.source, sample.peak_bytes) == (Source.PROCESS, 300 * MIB)
        assert (rig.api.closed, rig.probe.closed) == (True, True)
        assert made == ["http://localhost:9"]
        assert probe.reads > 0
    assert probe.closed


def test_an_address_that_another_instance_watches_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What else the edit says counts; the sources stay."""
    monkeypatch.setattr("tray_app.runtime.sampler.CONFIG_PACE_S", 0.0)
    asked: list[str] = []

    def claim(address: ServerAddress) -> bool:
        asked.append(address.url)
        return False

    there = parse_address("http://localhost:9")
    settings = Settings(interval_s=0.2, address=there, bands=BandLimits(1, 2, 3))
    with running(edited=edit_once(settings), claim=claim) as rig:
        next(s for s in iter(rig.sample, None) if s.band is Band.RED)
        assert asked == ["http://localhost:9"]
        assert not rig.api.closed


def test_another_spelling_of_the_address_is_the_same_instance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is the instance for that server already."""
    monkeypatch.setattr("tray_app.runtime.sampler.CONFIG_PACE_S", 0.0)
    here = parse_address("http://127.0.0.1:8000")
    settings = Settings(interval_s=0.2, address=here, bands=BandLimits(1, 2, 3))
    with running(edited=edit_once(settings), claim=lambda _: pytest.fail("it is held")) as rig:
        next(s for s in iter(rig.sample, None) if s.band is Band.RED)


def test_another_port_has_other_sources() -> None:
    """A click makes them at once, and the way back makes those of the configured address."""
    made: list[str] = []

    def renew(state: State) -> tuple[Probe, Helpers]:
        made.append(state.settings.address.url)
        return FakeProbe(rss_bytes=300 * MIB), (FakeApi(answers=False), FakeWalker(), None)

    with running(renew=renew) as rig:
        until(rig, Source.API)
        rig.engine.post(WatchPort(8772))
        next(s for s in iter(rig.sample, None) if s.memory_bytes == 300 * MIB)
        assert (rig.api.closed, rig.probe.closed) == (True, True)
        rig.engine.post(WatchAutomatically())
        rig.sample()
        wait_for(lambda: len(made) == 2, "the sources are made again")
    assert made == ["http://localhost:8772", "http://localhost:8000"]


def test_the_end_of_a_hold_is_not_left_to_the_next_tick() -> None:
    """An alert that must hold comes when it has, however long the interval is."""
    alerts = AlertLimits(raised_mb=100, raised_hold_s=0.3)
    probe = FakeProbe()
    with running(
        FakeApi(answers=False), probe, mode=Mode.FALLBACK, interval_s=LONG_S, alerts=alerts
    ) as rig:
        assert rig.sample().alert is Level.NONE
        assert rig.sample().alert is Level.RAISED
