"""Sends notifications through plyer's facade; each channel has a time limit and a recorded result.

plyer's own Linux back ends lose urgency and replacement and hide failures, so they come
last, where nothing else works.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any, Protocol

from msgspec import Struct
from plyer.facades.notification import Notification

from tray_app import child_program
from tray_app.core.presentation.notifications import Action
from tray_app.worker_thread import WorkerThread

ON_TEXT = "default"
"""The protocol's key of a click on the text; it is no button."""
LIMIT_S = 5.0
PROGRAM_LIMIT_S = 60.0
"""notify-send waits for an answer as long as D-Bus does: 25 s. If it were ended earlier, the
notification would be sent twice."""


Settled = Callable[[str | None], None]
"""Takes the late result of a notification: the problem, or None if it was delivered; from any
thread, at most once."""


class Unanswered(TimeoutError):
    """It was handed over and the result is not known yet; it comes as `Settled`."""


class FinalError(OSError):
    """It failed, and another way would lead to the same service."""


class Channel(Protocol):
    """One channel for notifications. Any exception means failure; blocks at most briefly.

    Only after it has raised `Unanswered` it calls ``settled``.
    """

    name: str

    def __call__(self, note: dict[str, Any], settled: Settled) -> None: ...


class DeliveryResult(Struct, frozen=True):
    """The result of a notification: the ``means`` that delivered it, or None and the ``problem``.

    ``pending``: it was handed over and may still come; its result follows later.
    """

    title: str
    means: str | None
    problem: str | None = None
    pending: bool = False


class NotificationChain(Notification):  # type: ignore[misc]  # plyer has no types
    """plyer's facade over several means, tried in order. ``last`` is the newest result.

    ``hints`` may carry ``urgency`` (0 low, 1 normal, 2 critical), ``replace`` (a later notification
    with the same word takes the place of the earlier one), ``actions``, which become buttons if
    supported, ``silent`` (no sound), ``image`` (a Pillow image instead of ``app_icon``) and
    ``stays`` (it outlives the program).
    """

    def __init__(self, means: tuple[Channel, ...]) -> None:
        self._means = means
        self.last: DeliveryResult | None = None

    def _notify(self, **note: Any) -> None:
        problems = []
        settled = (note.get("hints") or {}).get("settled") or _nobody
        for means in self._means:
            try:
                means(note, partial(_say, settled, note["title"], means.name))
            except Exception as error:  # noqa: BLE001 - any failure means: try the next
                problems.append(f"{means.name}: {str(error) or type(error).__name__}")
                if isinstance(error, Unanswered | FinalError):
                    # Another channel would show it twice, or fail as well.
                    is_pending = isinstance(error, Unanswered)
                    self.last = DeliveryResult(note["title"], None, "; ".join(problems), is_pending)
                    return
            else:
                self.last = DeliveryResult(note["title"], means.name)
                return
        problem = "; ".join(problems) or "this desktop has no notifications"
        self.last = DeliveryResult(note["title"], None, problem)


def _nobody(_delivery: DeliveryResult) -> None:
    pass


def _say(
    settled: Callable[[DeliveryResult], None], title: str, name: str, problem: str | None
) -> None:
    words = None if problem is None else f"{name}: {problem}"
    settled(DeliveryResult(title, None if problem else name, words))


class InTime:
    """A channel made of any blocking function: waits `LIMIT_S`, then reports its end later."""

    def __init__(self, name: str, send: Callable[[dict[str, Any]], None]) -> None:
        self.name = name
        self._send = send

    def __call__(self, note: dict[str, Any], settled: Settled) -> None:
        """Run it in a thread of its own, which is abandoned if it hangs."""
        failure: list[BaseException] = []
        either = Lock()  # the first to take it reports the result

        def work() -> None:
            try:
                self._send(note)
            except BaseException as error:  # noqa: BLE001 - handed on to the caller below
                failure.append(error)
            if not either.acquire(blocking=False):
                settled((str(failure[0]) or type(failure[0]).__name__) if failure else None)

        thread = WorkerThread(f"notify via {self.name}", work, again=False)
        thread.start()
        thread.join(LIMIT_S)
        if either.acquire(blocking=False):
            raise Unanswered(f"no answer for {LIMIT_S:.0f} s")
        if failure:
            raise failure[0]


def keyed(actions: Sequence[Action]) -> dict[str, Action]:
    """Buttons by a key that names their kind of command.

    A click while the notification is being replaced runs the newest command of that kind, or
    nothing: never another button's.
    """
    keyed: dict[str, Action] = {}
    for action in actions:
        if action.on_text:
            keyed[ON_TEXT] = action
        kind = type(action.command).__name__
        same = sum(key.partition("-")[0] == kind for key in keyed)
        keyed[f"{kind}-{same}"] = action
    return keyed


class _Checked:
    """``subprocess`` for plyer's Linux module, which ignores exit codes: a failure raises."""

    DEVNULL = None

    @staticmethod
    def call(command: Sequence[str], **_: Any) -> None:
        """Run a program without output; a hanging one is killed, long after the caller stopped
        waiting."""
        done = child_program.run(command, limit_s=PROGRAM_LIMIT_S)
        if done.returncode:
            raise OSError(f"{command[0]} ended with status {done.returncode}")

    run = call


def plyer_native(note: dict[str, Any]) -> None:
    """plyer's own implementation for this platform."""
    with warnings.catch_warnings():
        # It warns about missing parts; the chain reports real problems.
        warnings.simplefilter("ignore")
        from plyer.utils import platform

        module: Any = __import__(f"plyer.platforms.{platform}.notification", fromlist=["instance"])
        if hasattr(module, "subprocess"):
            module.subprocess = _Checked
        native = module.instance()
    if type(native) is Notification:
        raise NotImplementedError("plyer has no implementation for this platform")
    # notify-send takes a leading dash for an option.
    message = note["message"]
    native.notify(
        title=note["title"],
        message=f" {message}" if message.startswith("-") else message,
        app_name=note.get("app_name", ""),
        app_icon=note.get("app_icon", ""),
        timeout=10,
    )
