"""The page of an incident: the history's page of these minutes, with what happened below it."""

from __future__ import annotations

from collections.abc import Sequence

from tray_app.core.history.incidents import BEFORE_S, Incident, course
from tray_app.core.history.page_data import (
    Line,
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
        sections=[Section(title, text) for title, text in incident_text.sections(incident)],
    )
