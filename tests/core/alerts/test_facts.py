"""The facts of one sample that the alert policies judge."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import facts, mb


def test_only_a_new_figure_is_fresh() -> None:
    """A stale one is still shown, but no policy counts it again."""
    fresh = facts(1.0, mb(300))
    assert fresh.fresh_bytes == mb(300)
    assert replace(fresh, fresh=False).fresh_bytes is None
    assert facts(1.0).fresh_bytes is None
