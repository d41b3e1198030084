"""Notifications behind plyer's facade, each means with a time limit and a recorded result.

plyer's own Linux back ends lose urgency and replacement and hide failures, so they come
last, where nothing else works.
"""

from __future__ import annotations

import subprocess
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from plyer.facades.notification import Notification

from tray_app.core.values import dataclass
from tray_app.worker_thread import WorkerThread

LIMIT_S = 5.0


class Means(Protocol):
    """One way to the person. Raises whatever it raises when it fails; blocks at most briefly."""

    name: str

    def __call__(self, note: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notification: ``means`` that took it, or None and the ``problem``."""

    title: str
    means: str | None
    problem: str | None = None


class NotificationChain(Notification):  # type: ignore[misc]  # plyer has no types
    """plyer's facade over several means, tried in order. ``last`` is the newest result.

    ``hints`` may carry ``urgency`` (0 low, 1 normal, 2 critical), ``replace`` (a later
    notification with the same word takes the place of the earlier one) and ``actions``, which
    become buttons where there are any.
    """

    def __init__(self, means: tuple[Means, ...]) -> None:
        self._means = means
        self.last: Delivery | None = None

    def _notify(self, **note: Any) -> None:
        problems = []
        for means in self._means:
            try:
                means(note)
            except Exception as error:  # noqa: BLE001 - any failure means: try the next
                problems.append(f"{means.name}: {str(error) or type(error).__name__}")
            else:
                self.last = Delivery(note["title"], means.name)
                return
        problem = "; ".join(problems) or "this desktop offers no notifications"
        self.last = Delivery(note["title"], None, problem)


class InTime:
    """Any blocking function as a means: it gets `LIMIT_S`, then it counts as failed."""

    def __init__(self, name: str, send: Callable[[dict[str, Any]], None]) -> None:
        self.name = name
        self._send = send

    def __call__(self, note: dict[str, Any]) -> None:
        """Run it in a thread of its own, which is left behind when it hangs."""
        failure: list[BaseException] = []

        def work() -> None:
            try:
                self._send(note)
            except BaseException as error:  # noqa: BLE001 - handed on to the caller below
                failure.append(error)

        thread = WorkerThread(f"notify via {self.name}", work, again=False)
        thread.start()
        thread.join(LIMIT_S)
        if thread.is_alive():
            raise TimeoutError(f"no answer for {LIMIT_S:.0f} s")
        if failure:
            raise failure[0]


class _Checked:
    """``subprocess`` for plyer's Linux module, which ignores exit codes: a failure raises."""

    DEVNULL = subprocess.DEVNULL

    @staticmethod
    def call(command: Sequence[str], **_: Any) -> None:
        """Run a program quietly; one that hangs is ended with its time limit."""
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_S, check=False)
        if done.returncode:
            raise OSError(f"{command[0]} ended with status {done.returncode}")

    run = call


def plyer_native(note: dict[str, Any]) -> None:
    """plyer's own implementation for this platform."""
    with warnings.catch_warnings():
        # It warns about what it does not find; the chain reports what matters.
        warnings.simplefilter("ignore")
        from plyer.utils import platform

        module: Any = __import__(f"plyer.platforms.{platform}.notification", fromlist=["instance"])
        if hasattr(module, "subprocess"):
            module.subprocess = _Checked
        native = module.instance()
    if type(native) is Notification:
        raise NotImplementedError("plyer finds no implementation here")
    # notify-send takes a leading dash for an option.
    message = note["message"]
    native.notify(
        title=note["title"],
        message=f" {message}" if message.startswith("-") else message,
        app_name=note.get("app_name", ""),
        app_icon=note.get("app_icon", ""),
        timeout=10,
    )
