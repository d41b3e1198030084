"""The page of an incident: the history's page of these minutes, with what happened above it."""

from __future__ import annotations

from collections.abc import Sequence

from tray_app.core.history.incidents import BEFORE_S, Incident, course
from tray_app.core.history.page_data import (
    Line,
    Mark,
    PageData,
    Section,
    page_alerts,
    page_gaps,
    page_jobs,
    page_servers,
    rows_of,
)
from tray_app.core.presentation import incident_text


def page_of(
    incident: Incident,
    *,
    server: str,
    version: str,
    bands: Sequence[Line] = (),
    lines: Sequence[Line],
) -> PageData:
    """All of it, from ten minutes before the first cause on."""
    samples, record = course(incident), incident.record
    from_s = samples[0].at_s if samples else record.opened_s - BEFORE_S
    return PageData(
        server=server,
        heading=incident_text.heading(incident),
        version=version,
        from_ms=round(1000 * from_s),
        to_ms=round(1000 * record.ends_s),
        rows=rows_of(samples),
        bands=list(bands),
        lines=list(lines),
        jobs=page_jobs(incident.jobs, samples),
        alerts=page_alerts(incident.alerts),
        servers=page_servers(incident.servers),
        gaps=page_gaps(incident.gaps),
        marks=[Mark(round(1000 * record.opened_s), f"incident: {record.past.title}")],
        sections=[
            Section(title, text, leads=title != incident_text.STACKS)
            for title, text in incident_text.sections(incident)
        ],
    )
