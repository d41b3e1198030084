"""Why an incident has no stacks."""

from __future__ import annotations

import pytest

from tray_app.core.model.stacks import StacksProblem
from tray_app.core.presentation import stacks_text


@pytest.mark.parametrize("kind", StacksProblem)
def test_each_problem_is_a_sentence(kind: StacksProblem) -> None:
    """It begins with what is missing; py-spy's own words are there where nothing else is known."""
    text = stacks_text.problem(kind, "Unsupported version of Python: 3.99.0")
    assert text.startswith("No stacks: ")
    assert text.endswith(".")
    assert ("Unsupported" in text) == (kind is StacksProblem.FAILED)


@pytest.mark.parametrize(
    ("system", "scope", "words"),
    [
        ("linux", None, "sudo setcap cap_sys_ptrace=ep /opt/py-spy. If"),
        ("linux", 1, "or sudo sysctl kernel.yama.ptrace_scope=0"),
        ("linux", 2, "sudo setcap cap_sys_ptrace=ep /opt/py-spy. If"),
        ("linux", 3, "restart the machine"),
        ("darwin", None, "sudo py-spy dump"),
        ("win32", None, "as administrator"),
    ],
)
def test_each_system_permits_it_in_its_way(system: str, scope: int | None, words: str) -> None:
    """What helps, as a command where there is one."""
    assert words in stacks_text.permit(system, "/opt/py-spy", scope)
