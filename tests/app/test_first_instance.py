"""A second start for the same server, as the first one sees it."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import AMPLE_S
from tray_app.app.first_instance import OwnInstance
from tray_app.core.model.server_address import parse_address
from tray_app.desktop.single_instance import Instance, TakenError, hand_over

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a pipe there, not run")

OLD, NEW = parse_address("http://localhost:8000"), parse_address("http://localhost:9000")
Heard = queue.SimpleQueue[dict[str, Any]]


@pytest.fixture
def heard() -> Heard:
    return queue.SimpleQueue()


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, heard: Heard) -> Iterator[OwnInstance]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    own = OwnInstance(Instance(OLD.identity), OLD)
    own.listen(heard.put)
    yield own
    own.close()


def test_it_follows_the_address(own: OwnInstance, heard: Heard) -> None:
    """A start for the new server finds it, and one for the old server does not."""
    assert own.follow(NEW)
    with pytest.raises(TakenError):
        Instance(NEW.identity)
    assert hand_over(NEW.identity, {"mode": "api"})
    assert heard.get(timeout=AMPLE_S) == {"mode": "api"}
    assert not hand_over(OLD.identity, {})
    Instance(OLD.identity).close()
    assert own.follow(OLD), "and back again"
    own.close()
    Instance(OLD.identity).close()


def test_a_server_that_another_watches_is_left_to_it(
    own: OwnInstance, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so, and this one is still the instance for the old address."""
    other = Instance(NEW.identity)
    assert not own.follow(NEW)
    (record,) = caplog.records
    assert record.getMessage() == (
        "already running for http://localhost:9000, so still watching http://localhost:8000"
    )
    assert hand_over(OLD.identity, {})
    assert heard.get(timeout=AMPLE_S) == {}
    other.close()
    assert own.follow(NEW)


def test_without_a_place_for_a_lock_it_follows_all_the_same(
    own: OwnInstance, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What cannot be checked forbids nothing, and the old server is free."""
    (tmp_path / "file").touch()
    with monkeypatch.context() as broken:
        broken.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file"))
        assert own.follow(NEW)
    Instance(NEW.identity).close()
