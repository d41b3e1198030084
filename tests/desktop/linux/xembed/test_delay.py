"""One thing to be done later."""

from __future__ import annotations

from collections.abc import Callable

from tray_app.desktop.linux.xembed.delay import Delay


class Clock:
    """Keeps what is to be done, until it is done or cancelled."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def later(self, after_s: float, action: Callable[[], None]) -> Handle:
        self.waiting.append(action)
        return Handle(self, action)


class Handle:
    def __init__(self, clock: Clock, action: Callable[[], None]) -> None:
        self._clock, self._action = clock, action

    def cancel(self) -> None:
        self._clock.waiting.remove(self._action)


def test_the_last_call_is_the_one_that_comes() -> None:
    """Another start takes the place of what was waiting; once done, nothing waits."""
    clock, done = Clock(), list[str]()
    delay = Delay(clock.later)
    delay.start(1.0, lambda: done.append("first"))
    delay.start(1.0, lambda: done.append("second"))
    assert delay.is_waiting
    (action,) = clock.waiting
    action()
    assert done == ["second"]
    assert not delay.is_waiting


def test_what_is_stopped_never_comes() -> None:
    """Also twice, and before anything was started."""
    clock = Clock()
    delay = Delay(clock.later)
    delay.stop()
    delay.start(1.0, lambda: None)
    delay.stop()
    delay.stop()
    assert clock.waiting == []
    assert not delay.is_waiting
