"""Why an incident has no stacks, and how the system can permit to read them."""

from __future__ import annotations

from tray_app.core.model.stacks import StacksProblem

_PROBLEMS = {
    StacksProblem.NO_PROCESS: "No stacks: only the server's API is known, not its process.",
    StacksProblem.NOT_INSTALLED: "No stacks: py-spy is not installed (pip install py-spy).",
    StacksProblem.NOT_PERMITTED: (
        "No stacks: the system does not permit py-spy to read the server; --doctor says how to"
        " permit it."
    ),
    StacksProblem.TOO_SLOW: "No stacks: py-spy did not have them within 2 s.",
    StacksProblem.ENDED: "No stacks: the process ended before py-spy could read it.",
    StacksProblem.NOT_PYTHON: "No stacks: none of the server's processes runs Python.",
}


def problem(kind: StacksProblem, detail: str) -> str:
    """The sentence in the place of the stacks."""
    return _PROBLEMS.get(kind) or f"No stacks: py-spy could not read them ({detail})."


def permit(system: str, program: str, ptrace_scope: int | None) -> str:
    """How to permit ``program``, which is py-spy, to read the server's processes on this
    ``system`` (the name in `sys.platform`)."""
    if system == "darwin":
        return (
            "For the server's stacks in incidents: macOS lets only root read them. During an"
            " incident run sudo py-spy dump --pid PID by hand."
        )
    if system == "win32":
        return (
            "For the server's stacks in incidents, start this program as the server's user, or as"
            " administrator."
        )
    if ptrace_scope == _NEVER:
        return (
            "For the server's stacks in incidents, set kernel.yama.ptrace_scope to 1 or less in"
            " /etc/sysctl.d and restart the machine: at 3 no program may read them."
        )
    own = f"run sudo setcap cap_sys_ptrace=ep {program}"
    if ptrace_scope == _CHILDREN_ONLY:
        own += ", or sudo sysctl kernel.yama.ptrace_scope=0"
    return (
        f"For the server's stacks in incidents, {own}. If this program runs in a container, start"
        " that with --cap-add=SYS_PTRACE."
    )


_CHILDREN_ONLY, _NEVER = 1, 3
