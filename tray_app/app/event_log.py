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
from tray_app.core.presentation import action_text, notifications, wording

_log = logging.getLogger(__name__)


def log_event(event: Event) -> None:
    """Log an event if the log has a line for its kind."""
    match event:
        case SourceChanged(sample):
            _log.info("source: %s", wording.source(sample))
        case TargetChanged(change):
            _log.info("%s", wording.change(change))
        case Alert():
            note = notifications.alert(event)
            _log.info("%s. %s", note.title, note.text)
        case JobEnded(job):
            _log.info("%s", wording.job(job))
        case ActionEnded(outcome):
            _log.info("%s", action_text.line(outcome))
        case JobCompared(kept):
            _log.info("%s", wording.compared(kept))
        case HostMissing():
            _log.warning(wording.NO_TRAY_HOST)
        case _:
            pass
