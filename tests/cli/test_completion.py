"""Shell completion: each script is run by its own shell, where that is installed."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.needs import path_of
from tests.waiting import AMPLE_S, wait_for
from tray_app.cli import completion, parser


def run(shell: str, script: str) -> str:
    """What the shell prints for a script."""
    done = subprocess.run(
        [path_of(shell)], input=script, capture_output=True, text=True, timeout=AMPLE_S
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def script(shell: str) -> str:
    return completion.script(shell, parser.make_parser())


@pytest.mark.parametrize("shell", parser.SHELLS)
def test_every_flag_is_in_every_script(shell: str) -> None:
    """They are made from the parser."""
    for action in parser.make_parser()._actions:
        for flag in action.option_strings:
            assert (flag if shell != "fish" else flag.lstrip("-")) in script(shell)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["--int"], ["--interval"]),
        (["--mode", ""], ["auto", "api", "fallback"]),
        (["--mode", "a"], ["auto", "api"]),
        (["--completion", "z"], ["zsh"]),
        (["--url", ""], []),
        (["--config", "/etc/host"], ["/etc/hostname", "/etc/hosts"]),
    ],
)
def test_bash_offers_what_fits(words: list[str], offered: list[str]) -> None:
    """Flags, the words of those that have a choice, files where a file is meant."""
    typed = " ".join(f"'{word}'" for word in ["runanalyze-tray", *words])
    printed = run(
        "bash",
        f"{script('bash')}\nCOMP_WORDS=({typed}); COMP_CWORD={len(words)}; _runanalyze_tray\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n',
    )
    assert set(printed.split()) >= set(offered)
    if not offered or not offered[0].startswith("/"):
        assert printed.split() == offered


def typed(shell: str, start: str, line: str, tmp_path: Path) -> str:
    """The arguments that the program gets after ``line`` and a tab were typed in a terminal."""
    (tmp_path / "script").write_text(script(shell))
    (tmp_path / "with blank.toml").touch()
    flags = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}[shell]
    outer, inner = pytest.importorskip("pty").openpty()
    with subprocess.Popen(
        [path_of(shell), *flags, "-i"],
        stdin=inner,
        stdout=inner,
        stderr=inner,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TERM": "dumb", "HOME": str(tmp_path), "PS1": "$ "},
        start_new_session=True,
    ) as process:
        os.close(inner)
        say = r"""runanalyze-tray() { printf '<%s>' "$@" > told.new; mv told.new told; }"""
        os.write(outer, f"{say}\n{start}\nsource ./script && touch ready\n".encode())
        drain(outer, (tmp_path / "ready").exists, "the script is loaded")
        os.write(outer, f"runanalyze-tray {line}\t\n".encode())
        drain(outer, (tmp_path / "told").exists, "the program has run")
        os.write(outer, b"exit\n")
        drain(outer, lambda: process.poll() is not None, "the shell has ended")
    os.close(outer)
    return (tmp_path / "told").read_text()


def drain(terminal: int, until: Callable[[], bool], what: str) -> None:
    """Read what is shown, so that the shell never waits for it."""

    def happened() -> bool:
        while select.select([terminal], [], [], 0)[0]:
            try:
                if not os.read(terminal, 65536):
                    break
            except OSError:
                break
        return until()

    wait_for(happened, what)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("--mode=fa", "<--mode=fallback>"),
        ("--mode fa", "<--mode><fallback>"),
        ("--config wi", "<--config><with blank.toml>"),
        ("--init-c", "<--init-config>"),
    ],
)
def test_a_tab_completes_in_a_terminal(shell: str, line: str, got: str, tmp_path: Path) -> None:
    """After ``source``: a word after the flag or its sign, and a file name with a blank."""
    start = "autoload -Uz compinit && compinit -u -D" if shell == "zsh" else ":"
    assert typed(shell, start, line, tmp_path) == got


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_it(shell: str) -> None:
    """It is a script of theirs."""
    if shell == "fish":
        run(shell, script(shell))
        return
    start = "autoload -Uz compinit && compinit -u -D"
    said = run(shell, f"{start}\n{script(shell)}\necho $_comps[runanalyze-tray]\n")
    assert said.strip() == "_runanalyze_tray"
