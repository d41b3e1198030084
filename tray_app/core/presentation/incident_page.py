"""The page of an incident: the history's page of these minutes, with what happened above it."""

from __future__ import annotations

from tray_app.core.history.incidents import BEFORE_S, Incident, course
from tray_app.core.history.page_data import Frame, Mark, PageData, Section, page_data, rows_of
from tray_app.core.presentation import incident_text


def page_of(incident: Incident, frame: Frame) -> PageData:
    """All of it, from ten minutes before the first cause on."""
    samples, record = course(incident), incident.record
    from_s, to_s = record.opened_s - BEFORE_S, record.ends_s
    if samples:
        from_s, to_s = (
            samples[0].at_s,
            min(record.ends_s, samples[-1].at_s + samples[-1].interval_s),
        )
    return page_data(
        *(frame, rows_of(samples), from_s, to_s),
        heading=incident_text.heading(incident),
        samples=samples,
        jobs=incident.jobs,
        alerts=incident.alerts,
        servers=incident.servers,
        gaps=incident.gaps,
        marks=[Mark(round(1000 * record.opened_s), f"incident: {record.past.title}")],
        sections=[
            Section(title, text, leads=title != incident_text.STACKS)
            for title, text in incident_text.sections(incident)
        ],
    )
