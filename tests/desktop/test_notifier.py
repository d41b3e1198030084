"""The chain of ways that a notification may take."""

from __future__ import annotations

from typing import Any

import pytest

from tests.waiting import AMPLE_S
from tray_app.desktop import notifier
from tray_app.desktop.notifier import DeliveryResult, InTime, NotificationChain


def test_the_chain_tries_the_next_means_and_says_which_took_it() -> None:
    """A means that fails is followed by the next; the result names the one that worked."""

    def fail(_note: dict[str, Any]) -> None:
        raise OSError("no service")

    taken: list[str] = []
    chain = NotificationChain(
        (InTime("first", fail), InTime("second", lambda note: taken.append(note["title"])))
    )
    chain.notify(title="Hello", message="-dash")
    assert taken == ["Hello"]
    assert chain.last is not None
    assert (chain.last.means, chain.last.problem) == ("second", None)


def test_when_every_means_fails_the_problem_is_kept() -> None:
    """The result names each means and why it failed; nothing is raised."""

    def fail(_note: dict[str, Any]) -> None:
        raise NotImplementedError

    chain = NotificationChain((InTime("only", fail),))
    chain.notify(title="Hello", message="text")
    assert chain.last is not None
    assert chain.last.problem == "only: NotImplementedError"


@pytest.mark.parametrize("problem", [None, "no service"])
def test_a_means_that_hangs_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, problem: str | None
) -> None:
    """After its time limit what becomes of it is open: no other way is tried, which would bring it
    twice, and its end is told when it comes."""
    import queue
    import threading

    monkeypatch.setattr(notifier, "LIMIT_S", 0.05)
    release = threading.Event()
    settled: queue.SimpleQueue[DeliveryResult] = queue.SimpleQueue()
    others: list[Any] = []

    def slow(_note: dict[str, Any]) -> None:
        release.wait(AMPLE_S)
        if problem:
            raise OSError(problem)

    chain = NotificationChain((InTime("slow", slow), InTime("other", others.append)))
    chain.notify(title="Hello", message="text", hints={"settled": settled.put})
    assert chain.last == DeliveryResult("Hello", None, "slow: no answer for 0 s", pending=True)
    assert settled.empty()
    release.set()
    told = settled.get(timeout=AMPLE_S)
    words = f"slow: {problem}" if problem else None
    assert told == DeliveryResult("Hello", None if problem else "slow", words)
    assert others == []


def test_no_other_way_leads_to_a_service_that_refuses() -> None:
    """What it said is final."""

    class Refusing:
        name = "service"

        def __call__(self, note: dict[str, Any], settled: notifier.Settled) -> None:
            raise notifier.FinalError("it refuses")

    others: list[Any] = []
    chain = NotificationChain((Refusing(), InTime("other", others.append)))
    chain.notify(title="Hello", message="text")
    assert chain.last == DeliveryResult("Hello", None, "service: it refuses")
    assert others == []
