"""Shell completion: each script is run by its own shell, where that is installed."""

from __future__ import annotations

import subprocess

import pytest

from tests.needs import path_of
from tray_app.cli import completion, parser


def run(shell: str, script: str) -> str:
    """What the shell prints for a script."""
    done = subprocess.run(
        [path_of(shell)], input=script, capture_output=True, text=True, timeout=20
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


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_read_it(shell: str) -> None:
    """It is a script of theirs."""
    check = {"zsh": "autoload -Uz compinit && compinit -u -D\n", "fish": ""}[shell]
    run(shell, check + ("_x() {\n" + script(shell) + "}\n" if shell == "zsh" else script(shell)))
