"""The interface of an alert policy and of its findings."""

from __future__ import annotations

import math

from tests.core.made import facts
from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.policies import POLICIES
from tray_app.core.alerts.policy import Finding, Policy


class Rang(Finding, frozen=True):
    """A finding without anything special."""


def test_a_plain_finding_is_an_ordinary_notification() -> None:
    """A mute holds it back, each one counts, and its subject is its kind."""
    assert not any((Rang().is_critical, Rang().is_repeated, Rang().is_quiet))
    assert Rang().subject is Rang


def test_a_policy_without_more_survives_gaps_unchanged() -> None:
    """Only ``update`` is required; it needs no extra reading."""

    def update(count: int, seen: Facts) -> tuple[int, Rang | None]:
        return count + 1, Rang() if seen.lost else None

    policy = Policy(0, update)
    assert policy.update(1, facts(0.0, lost=True)) == (2, Rang())
    assert policy.woken(7, 1.0) == policy.rebased(7, 1.0) == 7
    assert policy.due_s(0, 10.0, AlertLimits()) == math.inf


def test_a_policy_is_itself_only() -> None:
    """Two policies of one shape are two: each has its own place among the states."""
    assert len({id(policy) for policy in POLICIES}) == len(POLICIES)
    assert Policy(False, POLICIES[0].update) != Policy(False, POLICIES[0].update)


def test_every_policy_accepts_a_sample_that_knows_nothing() -> None:
    """It finds nothing, and its state can be updated again."""
    for policy in POLICIES:
        state, finding = policy.update(policy.initial, facts(0.0))
        assert finding is None
        assert (
            policy.update(policy.rebased(policy.woken(state, 10.0), 10.0), facts(10.0))[1] is None
        )
