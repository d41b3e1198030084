"""Writes a log line for each event that has one."""

from __future__ import annotations

import logging

from tray_app.core.monitor.events import (
    ActionEnded,
    Alert,
    Event,
    HostMissing,
    JobCompared,
    JobEnded,
    SourceChanged,
    TargetChanged,
)
from tray_app.core.presentation import (
    action_text,
    activity_text,
    memory_text,
    notifications,
    process_text,
    source_text,
    tray_text,
)

_log = logging.getLogger(__name__)


def log_event(event: Event, server: str = "") -> None:
    """Log an event if the log has a line for its kind; with the server's name among several."""
    named = f"{server}: " if server else ""
    match event:
        case SourceChanged(sample, again):
            level = logging.DEBUG if again else logging.INFO
            _log.log(level, "%ssource: %s", named, source_text.source(sample))
        case TargetChanged(change):
            _log.info("%s%s", named, process_text.change(change))
        case Alert():
            note = notifications.alert(event)
            _log.info("%s%s. %s", named, note.title, note.text)
        case JobEnded(job):
            _log.info("%s%s", named, activity_text.job(job))
        case ActionEnded(outcome):
            _log.info("%s%s", named, action_text.line(outcome))
        case JobCompared(kept):
            _log.info("%s%s", named, memory_text.compared(kept))
        case HostMissing(around):
            _log.warning(tray_text.no_tray(around))
        case _:
            pass
