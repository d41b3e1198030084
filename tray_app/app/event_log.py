"""Writes a log line for each event that has one."""

from __future__ import annotations

import logging

from tray_app.core.monitor.events import (
    ActionEnded,
    Alerted,
    Answers,
    ChildKilled,
    Event,
    HostMissing,
    Hung,
    JobCompared,
    JobEnded,
    Recovered,
    SourceChanged,
    TakenBack,
    TargetChanged,
)
from tray_app.core.presentation import action_text, notifications, wording

_log = logging.getLogger(__name__)


def log_event(event: Event) -> None:
    """Log an event, if it is of a kind that the log has."""
    match event:
        case SourceChanged(sample):
            _log.info("source: %s", wording.source(sample))
        case TargetChanged(change):
            _log.info("%s", wording.change(change))
        case ChildKilled():
            _log.info("%s: %s", *notifications.child_killed(event))
        case Hung(hang, sample):
            _log.warning("%s", wording.hung(hang, sample.at.mono_s))
        case Answers(hung_s):
            _log.info("answers again after %.0f s", hung_s)
        case JobEnded(job):
            _log.info("%s", wording.job(job))
        case ActionEnded(outcome):
            _log.info("%s", action_text.line(outcome))
        case Alerted():
            _log.info("%s", notifications.alert(event)[0])
        case TakenBack():
            _log.info("%s", notifications.taken_back(event)[0])
        case Recovered():
            _log.info("%s", notifications.recovery(event)[0])
        case JobCompared(kept):
            _log.info("%s", wording.compared(kept))
        case HostMissing():
            _log.warning(wording.NO_TRAY_HOST)
        case _:
            pass
