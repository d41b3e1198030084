"""When something has lasted for long enough."""

from __future__ import annotations

from tray_app.core.model.timing import has_lasted


def test_a_reading_may_be_early() -> None:
    """A hold of one interval has lasted with the next reading, though that came 0.1 s early."""
    assert has_lasted(10.0, 11.9, 2.0)
    assert not has_lasted(10.0, 11.8, 2.0)


def test_a_short_time_is_not_over_at_once() -> None:
    """Of a time shorter than the jitter half must have passed."""
    assert not has_lasted(10.0, 10.0, 0.1)
    assert has_lasted(10.0, 10.06, 0.1)
    assert has_lasted(10.0, 10.0, 0.0)


def test_what_has_not_begun_has_not_lasted() -> None:
    """None is no moment."""
    assert not has_lasted(None, 1e9, 0.0)
