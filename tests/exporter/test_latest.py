"""What the exporter keeps of the sampler's states."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.presentation.samples import HEALTHY
from tray_app.core.analysis.jobs import Job
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Now
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.events import JobEnded
from tray_app.core.monitor.state import begin
from tray_app.exporter.latest import Latest

NOW = Now(1.0, 1e9)
SETTINGS = Settings(address=parse_address("http://gpu-box:8000"))
STATE = begin(SETTINGS, SETTINGS, NOW, local=True)


def test_before_the_first_state_there_is_nothing() -> None:
    """Not a server without figures."""
    assert Latest().told(NOW) is None


def test_the_last_state_counts_and_every_event() -> None:
    """The moment is that of the question."""
    latest = Latest()
    ended = (JobEnded(Job(1, NOW), HEALTHY),)
    latest.publish(STATE, ended)
    latest.publish(replace(STATE, samples=2), ended)
    told = latest.told(Now(9.0, 1e9 + 8))
    assert told is not None
    assert (told.state.samples, told.counts.jobs_ended, told.now.mono_s) == (2, 2, 9.0)
    assert told.server == "gpu-box:8000"


def test_a_port_picked_in_the_menu_makes_no_other_server() -> None:
    """Series go on under the configured address."""
    latest = Latest()
    picked = replace(SETTINGS, address=parse_address("http://gpu-box:9999"))
    latest.publish(replace(STATE, settings=picked, configured=SETTINGS.address), ())
    told = latest.told(NOW)
    assert told is not None
    assert told.server == "gpu-box:8000"
