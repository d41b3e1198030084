"""The report for a bug report."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core.made import no_process
from tests.core.prometheus.made import vector
from tests.ports import free_port
from tests.server.starting import ServerFactory
from tests.sources.fault_server import Exchange, FaultServer, Script, answer, tls
from tests.sources.faults import STATUS
from tests.waiting import AMPLE_S
from tray_app.app import wiring
from tray_app.cli import doctor
from tray_app.cli.doctor import Finding, report
from tray_app.core.config.settings import Headers, Settings
from tray_app.core.model.label_selector import parse_selector
from tray_app.core.model.process_finding import Evidence, EvidenceKind
from tray_app.core.model.readings import ProcessReading, Target
from tray_app.core.model.server_address import parse_address
from tray_app.core.model.stacks import Stacks, StacksProblem
from tray_app.desktop.autostart import OFF, Login
from tray_app.desktop.capabilities import Survey
from tray_app.sources.processes.watched_ports import WatchedPorts

GOOD = Survey(
    "XFCE, x11",
    "StatusNotifierItem",
    ("pystray _xorg: cannot show a menu",),
    bus="unix:path=/run/bus",
    host="xfce4-panel (pid 7)",
    notifications="Xfce Notify Daemon 0.7 (Xfce): actions, body",
)


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tray_app.desktop.capabilities.survey", lambda: GOOD)
    monkeypatch.setattr("tray_app.desktop.autostart.read", lambda: OFF)
    ports = WatchedPorts()  # of one report
    monkeypatch.setattr(wiring, "watched_ports", lambda: ports)


class NoProcess:
    """A probe that finds no server."""

    def read(self, now_s: float, **_: object) -> ProcessReading:
        return no_process(now_s)

    def close(self) -> None: ...


ALERTMANAGER = Path(__file__).parents[1] / "data" / "alertmanager"


def found(
    settings: Settings, tmp_path: Path, *complaints: str, several: tuple[Settings, ...] = ()
) -> tuple[int, str]:
    """Exit status and what would be printed, on one line."""
    findings: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "say", findings.append)
        status = doctor.run(settings, tmp_path / "config.toml", complaints, several)
    return status, findings[0]


def at(url: str, **more: object) -> Settings:
    return Settings(address=parse_address(url), patience_s=5.0, **more)  # type: ignore[arg-type]


def test_columns_are_aligned_and_fixes_come_last() -> None:
    """Long texts go on below their beginning."""
    text = report([Finding("short", "x"), Finding("a longer one", "word " * 40, "Do this.")])
    assert text.splitlines()[0] == "short         x"
    assert text.splitlines()[2].startswith("              word")
    assert text.endswith("\n\nTo fix:\n- Do this.")
    assert all(len(line) <= doctor.WIDTH for line in text.splitlines())
    assert report([Finding("a", "b")]).endswith("No problems found.")
    assert report([Finding("a", "b", "Do this.")] * 2).count("Do this.") == 1


def test_all_is_well(tmp_path: Path) -> None:
    """A server that answers and a whole desktop: status 0, with all that a report needs."""
    with FaultServer(answer(STATUS)) as server:
        status, text = found(at(server.url), tmp_path)
    assert status == 0, text
    for part in (server.url, "answers in", "XFCE", "xfce4-panel", "actions, body", "pystray 0."):
        assert part in text
    for topic in ("program", "libraries", "config", "log", "process", "temp directory", "own cost"):
        assert f"\n{topic} " in f"\n{text}"


def test_several_servers_have_a_part_each(tmp_path: Path) -> None:
    """Below its name; what mends a problem names the server."""
    with FaultServer(answer(STATUS)) as server:
        well = at(server.url, name="desk")
        away = at(f"http://127.0.0.1:{free_port()}", name="gpu-1")
        status, text = found(well, tmp_path, several=(well, away))
    assert status == 1
    program, desk, gpu, cost, fixes = text.split("\n\n")
    assert program.startswith("program ")
    assert desk.startswith("desk\nAPI ")
    assert "answers in" in desk
    assert gpu.startswith("gpu-1\nAPI ")
    assert "connection refused" in gpu
    assert cost.startswith("own cost ")
    assert fixes.startswith("To fix:\n- gpu-1: ")
    assert "desk" not in fixes


def engine(
    script: Script, tmp_path: Path, *, manager: bool = False, selector: str = ""
) -> tuple[int, str]:
    """What is found about a Prometheus that answers like this; ``manager``: so does an
    Alertmanager."""
    findings: list[str] = []
    with pytest.MonkeyPatch.context() as patch, FaultServer(script) as server:
        patch.setattr(doctor, "say", findings.append)
        address = parse_address(server.url)
        settings = Settings(
            prometheus=address,
            alertmanager=address if manager else None,
            selector=parse_selector(selector),
            patience_s=AMPLE_S,
        )
        status = doctor.run(settings, tmp_path / "config.toml", (), engine=True)
    return status, " ".join(findings[0].split())


def test_a_prometheus_is_asked_in_the_place_of_a_server(tmp_path: Path) -> None:
    """For servers and for alerts."""
    servers = answer(vector(("a:1", "b:2", "green", "1")))
    alerts = answer(b'{"status":"success","data":{"alerts":[]}}')

    def script(exchange: Exchange) -> None:
        (alerts if exchange.path.startswith("/api/v1/alerts") else servers)(exchange)

    status, text = engine(script, tmp_path)
    assert status == 0, text
    assert "Prometheus 1 server at http://127.0.0.1:" in text
    assert "alerts 0 alerts at http://127.0.0.1:" in text
    assert " API " not in text


def test_an_alertmanager_is_asked_for_alerts_and_silences(tmp_path: Path) -> None:
    """In the place of Prometheus' own alerts."""
    bodies = {
        "/api/v1/query": vector(("a:1", "b:2", "green", "1")),
        "/api/v2/alerts": (ALERTMANAGER / "alerts.json").read_bytes(),
        "/api/v2/silences": (ALERTMANAGER / "silences.json").read_bytes(),
    }

    def script(exchange: Exchange) -> None:
        answer(bodies[exchange.path.partition("?")[0]])(exchange)

    status, text = engine(script, tmp_path, manager=True)
    assert status == 0, text
    assert "alerts 2 alerts at http://127.0.0.1:" in text
    assert "silences 1 silence at http://127.0.0.1:" in text


def test_servers_without_a_reading_are_counted(tmp_path: Path) -> None:
    """Their exporter is away: that is no problem of the engine."""
    alerts = answer(b'{"status":"success","data":{"alerts":[]}}')
    servers = answer(vector(("a:1", "b:2", "green", "1"), ("a:1", "c:2", "unknown", "0")))

    def script(exchange: Exchange) -> None:
        (alerts if exchange.path.startswith("/api/v1/alerts") else servers)(exchange)

    _, text = engine(script, tmp_path)
    assert "Prometheus 2 servers, 1 without a reading, at http://127.0.0.1:" in text


def test_a_selector_that_fits_none_is_named(tmp_path: Path) -> None:
    """Before the rules, which other servers may have."""
    _, text = engine(answer(vector()), tmp_path, selector='team="x"')
    assert (
        'Check --selector: there is no server:runanalyze_memory_bytes:by_band with team="x"' in text
    )


@pytest.mark.parametrize(
    ("script", "fix"),
    [
        (answer(vector()), "Load assets/fleet/rules.yml"),
        (answer(b"", "401 No"), "set fleet.token or fleet.headers"),
        (answer(b"<html>"), "Check --prometheus (answer is not JSON)."),
    ],
)
def test_what_is_wrong_with_a_prometheus_has_a_cure(
    script: Script, fix: str, tmp_path: Path
) -> None:
    """It is a problem if no server is known."""
    status, text = engine(script, tmp_path)
    assert status == 1
    assert fix in text


def test_secrets_are_not_in_it(tmp_path: Path) -> None:
    """Neither userinfo nor headers, whatever the server says."""
    secrets = Headers((("Authorization", "Bearer t0psecret"),))
    with FaultServer(answer(b"{}", "401 t0psecret")) as server:
        url = server.url.replace("://", "://joe:s3cret@")
        status, text = found(at(url, headers=secrets), tmp_path)
    assert status == 1
    assert "RUNANALYZE_TRAY_TOKEN" in text
    assert "sending 1 header" in text
    assert not any(secret in text for secret in ("joe", "s3cret", "t0psecret"))


@pytest.mark.parametrize(
    ("status", "hint"), [("403 No", True), ("500 as 401 or certificate", False)]
)
def test_a_hint_follows_from_the_status_and_not_from_words(
    tmp_path: Path, status: str, hint: bool
) -> None:
    """A server may say anything."""
    with FaultServer(answer(b"", status)) as server:
        _, text = found(at(server.url), tmp_path)
    assert ("RUNANALYZE_TRAY_TOKEN" in text) is hint
    assert "api.ca_file" not in text


def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    """Its authority can be named."""
    with FaultServer(answer(STATUS), tls()) as server:
        _, text = found(at(server.url), tmp_path)
    assert "api.ca_file" in text


def test_a_server_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Status 1, and what to do."""
    monkeypatch.setattr(wiring, "make_probe", lambda _: NoProcess())  # others may run
    status, text = found(at(f"http://127.0.0.1:{free_port()}"), tmp_path)
    assert status == 1
    assert "Start the server, or give its address with --url" in text


def test_a_server_on_another_port(tmp_path: Path, runanalyze_server: ServerFactory) -> None:
    """It is named, with the URL that would watch it."""
    server = runanalyze_server(folder="runanalyze")
    status, text = found(at(f"http://127.0.0.1:{free_port()}"), tmp_path)
    assert status == 1
    said = f"main:app listens on port {server.port}"
    assert said in text.partition("To fix:")[0]
    fixes = " ".join(text.partition("To fix:")[2].split())
    assert f"{said}: watch it with --url {server.url}" in fixes


def test_a_server_of_the_list_is_not_offered_for_another(
    tmp_path: Path, runanalyze_server: ServerFactory
) -> None:
    """The one that is away is not found on the other one's port."""
    server = runanalyze_server(folder="runanalyze")
    away = at(f"http://127.0.0.1:{free_port()}", name="gpu-1")
    status, text = found(away, tmp_path, several=(away, at(server.url, name="gpu-2")))
    assert status == 1
    fixes = " ".join(text.partition("To fix:")[2].split())
    assert f"watch it with --url {server.url}" not in fixes


def test_a_wrong_setting_and_a_missing_file(tmp_path: Path) -> None:
    """Both are listed among the problems."""
    with FaultServer(answer(STATUS)) as server:
        settings = at(server.url, ca_file=str(tmp_path / "ca.pem"))
        status, text = found(settings, tmp_path, "config.toml:3: unknown setting 'x'")
    fixes = text.partition("To fix:")[2]
    assert status == 1
    assert "config.toml:3: unknown setting 'x'" in fixes
    assert "ca.pem" in fixes


def test_an_override_that_finds_nothing_is_a_problem(tmp_path: Path) -> None:
    """A process or a directory that was named and is not there; the doctor looks as told."""
    with FaultServer(answer(STATUS)) as server:
        status, text = found(at(server.url, match="nothing like it"), tmp_path)
        assert status == 1
        assert "no process matches 'nothing like it'" in text
        missing = str(tmp_path / "no")
        status, text = found(at(server.url, tmp_dir=missing), tmp_path)
    assert status == 1
    assert "--tmp-dir" in text
    assert missing in text


def test_each_wrong_setting_is_a_line_of_its_own(tmp_path: Path) -> None:
    """So that the user can fix one after the other."""
    with FaultServer(answer(STATUS)) as server:
        status, text = found(at(server.url), tmp_path, "a:1: one", "b:2: two")
    assert status == 1
    assert "- Fix this setting: a:1: one\n- Fix this setting: b:2: two" in text


@pytest.mark.parametrize(
    ("login", "words", "status"),
    [
        (OFF, "does not start", 0),
        (Login(True, command=("/opt/tray", "--heavy")), "starts /opt/tray --heavy", 0),
        (Login(False, "Hidden=true"), "does not start: Hidden=true", 0),
        (
            Login(False, "/opt/tray does not exist", True),
            "does not start: /opt/tray does not exist",
            1,
        ),
    ],
)
def test_start_at_login_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, login: Login, words: str, status: int
) -> None:
    """A user's choice is not a problem; a missing program is."""
    monkeypatch.setattr("tray_app.desktop.autostart.read", lambda: login)
    with FaultServer(answer(STATUS)) as server:
        found_status, text = found(at(server.url), tmp_path)
    assert found_status == status, text
    assert f"{words}\n" in text
    assert ("Turn on Start at login again" in text) is bool(status)


def test_a_stopped_server_is_a_problem(tmp_path: Path, runanalyze_server: ServerFactory) -> None:
    """The doctor says what the tray says of it, with the command that continues it."""
    server = runanalyze_server()
    os.kill(server.pid, signal.SIGSTOP)
    try:
        settings = Settings(address=parse_address(server.url), patience_s=0.3)
        status, text = found(settings, tmp_path)
    finally:
        os.kill(server.pid, signal.SIGCONT)
    assert status == 1
    words = " ".join(text.split())
    assert f"Its process (pid {server.pid}) is stopped (state T)." in words
    assert f"To continue it: kill -CONT {server.pid}." in words


def test_a_server_that_hangs_is_a_problem(tmp_path: Path, runanalyze_server: ServerFactory) -> None:
    """It accepts the request, does not reply, and uses no CPU."""
    server = runanalyze_server()
    server.hang(60.0)
    settings = Settings(address=parse_address(server.url), patience_s=0.5)
    status, text = found(settings, tmp_path)
    assert status == 1
    words = " ".join(text.split())
    assert f"It (pid {server.pid}) seems to hang: it uses no CPU." in words
    assert "If it still hangs, restart the server." in words


def test_a_busy_server_is_no_problem(tmp_path: Path, runanalyze_server: ServerFactory) -> None:
    """Without a reply too: it uses CPU."""
    server = runanalyze_server()
    server.hang(60.0, works=True)
    # So long that it gets some CPU where ten others want it, too.
    settings = Settings(address=parse_address(server.url), patience_s=5.0)
    status, text = found(settings, tmp_path)
    words = " ".join(text.split())
    assert "it is at work: CPU" in words
    assert (status, "hang" in words) == (0, False)


def test_silence_without_a_process_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something accepts connections there: to start a server would not help."""
    monkeypatch.setattr(doctor, "is_this_machine", lambda _: False)
    with FaultServer(lambda exchange: exchange.wait(30.0)) as server:
        status, text = found(replace(at(server.url), patience_s=0.3), tmp_path)
    assert status == 1
    assert "It accepts connections but does not reply." in " ".join(text.split())
    assert "Start the server" not in text


def test_without_a_tray_the_doctor_gives_the_cure_of_this_desktop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it does not say that an icon is shown."""
    monkeypatch.setattr("tray_app.desktop.capabilities.survey", lambda: replace(GOOD, host=None))
    monkeypatch.setattr("tray_app.desktop.session.around", lambda _: ("X-Cinnamon",))
    with FaultServer(answer(STATUS)) as server:
        status, text = found(at(server.url), tmp_path)
    assert status == 1
    assert "StatusNotifierItem, once there is a tray" in text
    assert "Install xapp-sn-watcher" in text
    assert "GNOME" not in text


TARGET = Target(7, 0.0, "uvicorn", ("uvicorn",), None, Evidence(EvidenceKind.LISTENS))


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (Stacks("Thread 1"), "/opt/py-spy reads the server's Python stacks"),
        (Stacks(problem=StacksProblem.NOT_PERMITTED), "may not read the server. For the server's"),
        (Stacks(problem=StacksProblem.TOO_SLOW), "/opt/py-spy: No stacks: py-spy did not"),
    ],
)
def test_it_says_whether_stacks_can_be_read(
    taken: Stacks, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By trying once; it is no problem if not, because nothing else needs them."""
    monkeypatch.setattr(doctor.stacks, "program", lambda: "/opt/py-spy")
    monkeypatch.setattr(doctor.stacks, "take", lambda *_: taken)
    finding = doctor.stacks_finding(ProcessReading(0.0, None, target=TARGET))
    assert words in finding.text
    assert not finding.fix


def test_it_names_py_spy_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it would bring."""
    monkeypatch.setattr(doctor.stacks, "program", lambda: None)
    finding = doctor.stacks_finding(ProcessReading(0.0, None, target=TARGET))
    assert finding.text == "py-spy is not installed; with it incidents show Python stacks"
    monkeypatch.setattr(doctor.stacks, "program", lambda: "/opt/py-spy")
    unfound = doctor.stacks_finding(ProcessReading(0.0, None))
    assert unfound.text == "/opt/py-spy; untested until a server is found"


def test_a_section_that_fails_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so and is a problem; all other sections come out."""

    def odd() -> None:
        raise OSError(22, "The parameter is incorrect")

    monkeypatch.setattr(doctor, "process_table", odd)
    monkeypatch.setattr("tray_app.desktop.capabilities.survey", odd)
    with FaultServer(answer(STATUS)) as server:
        status, text = found(at(server.url), tmp_path)
    assert status == 1
    lines = " ".join(text.split())
    assert "desktop could not be checked: OSError: [Errno 22] The parameter is incorrect" in lines
    assert "own cost could not be checked" in lines
    assert "answers in" in lines
    assert "Report this as a defect, with the whole report: own cost could not be checked" in lines
