"""The page of an incident."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.presentation.test_incident_text import AT_S, INCIDENT
from tests.history.made import MIB, sample
from tray_app.core.history.incidents import StacksRecord
from tray_app.core.history.page_data import Frame, Line, Mark
from tray_app.core.model.stacks import Stacks
from tray_app.core.presentation import incident_page, incident_text

FRAME = Frame("http://localhost:8000", "1", lines=(Line("Critical", 3000 * MIB),))


def test_a_page_has_the_ten_minutes_before_and_what_happened() -> None:
    """Its rows are samples and the polls between them; its sections the words."""
    samples = tuple(replace(sample(0), at_s=AT_S + second) for second in (-600, -598, 0))
    polls = ((AT_S - 700, 1), (AT_S - 599.5, 700 * MIB), (AT_S + 5, 1))
    page = incident_page.page_of(
        replace(INCIDENT, samples=samples, polls=polls),
        FRAME,
    )
    assert page.rows.count == 4
    assert (page.from_ms, page.to_ms) == (round(1000 * (AT_S - 600)), round(1000 * (AT_S + 2)))
    assert [each.title for each in page.sections] == ["What happened", "The server", "The machine"]
    assert all(each.leads for each in page.sections)
    assert page.heading.startswith("Incident of Thu 26 Nov 2026, 14:02:07")


def test_a_page_marks_the_moment_of_the_incident() -> None:
    """Among the other alerts of its time. What the server was doing is below the charts."""
    stacks = replace(INCIDENT, stacks=StacksRecord(AT_S, AT_S + 1, Stacks("main\n  work")))
    page = incident_page.page_of(stacks, FRAME)
    assert page.marks == [Mark(round(1000 * AT_S), "incident: Critical: 3.10 GB")]
    assert [each.title for each in page.sections if not each.leads] == [incident_text.STACKS]


def test_an_incident_without_samples_has_its_time() -> None:
    """The monitor had just been started."""
    page = incident_page.page_of(INCIDENT, FRAME)
    assert page.rows.count == 0
    assert (page.from_ms, page.to_ms) == (round(1000 * (AT_S - 600)), round(1000 * (AT_S + 129)))
