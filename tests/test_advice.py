"""Advice that a user copies: it works as it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tray_app import APP_ID
from tray_app.cli.parser import make_parser
from tray_app.core.config.options import ENVIRONMENT_PREFIX, OPTIONS, check, variables
from tray_app.core.config.parse import from_config, parse_config
from tray_app.core.model.server_address import parse_address
from tray_app.core.presentation.action_text import moved

ROOT = Path(__file__).parents[1]
PAPERS = (
    *("README.md", "CONTRIBUTING.md", "docs/notifications.md", "docs/icon.md"),
    *("docs/api.md", "docs/console.md"),
    "tests/data/strings.txt",
)
KEYS = {option.key for option in OPTIONS}
SECTIONS = {option.section for option in OPTIONS} - {""}


def text_of(paper: str) -> str:
    return (ROOT / paper).read_text("utf-8")


@pytest.mark.parametrize("url", ["http://localhost:8772", "https://[::1]:8000/runanalyze"])
def test_the_line_that_keeps_a_port_is_a_line_of_the_config_file(url: str) -> None:
    """It parses, and sets the address that is watched."""
    line = re.search("set (.+) in the config file", moved(parse_address(url))[1])
    assert line
    values, complaints = parse_config(line[1])
    assert complaints == []
    assert from_config(values).address == parse_address(url)


@pytest.mark.parametrize("paper", ["README.md", "docs/notifications.md"])
def test_settings_in_the_papers_can_be_copied(paper: str) -> None:
    """Blocks of TOML, and single settings in a sentence, parse without a complaint."""
    text = text_of(paper)
    lines = re.findall(r"`((?:api|bands|alerts|view)\.\w+ = [^`]+)`", text)
    found = [*re.findall(r"```toml\n(.+?)```", text, re.DOTALL), *lines]
    assert found
    for settings in found:
        values, complaints = parse_config(settings)
        assert values
        assert complaints == []


@pytest.mark.parametrize("paper", PAPERS)
def test_each_flag_variable_and_key_that_is_named_exists(paper: str) -> None:
    """In the papers, and in every sentence that the program prints."""
    text = text_of(paper)
    # Flags of other programs stand in code of their own: `tests/run --fast`, python -m ... --x;
    # and one of Docker's.
    text = re.sub(r"(?:tests/run|python -m|pip|git) [^\n`]*|--cap-add=", "", text)
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    known = {flag for action in make_parser()._actions for flag in action.option_strings}
    assert flags - known == set()
    named = set(re.findall(rf"\b{ENVIRONMENT_PREFIX}[A-Z_]+\b", text))
    assert named - set(variables()) == set()
    keys = set(
        re.findall(rf"(?<![\w/.])(?:{'|'.join(map(re.escape, SECTIONS))})\.\w+\b(?!\()", text)
    )
    assert {key for key in keys if not key.endswith((".py", ".md", ".colours"))} - KEYS == set()


@pytest.mark.parametrize(
    ("key", "wrong", "example"),
    [
        ("alerts.high", 80, r'such as ("80 %"),'),
        ("headers", "X", r"e\.g\. (\{.+\})$"),
        ("url", "http://", r"as in (\S+)$"),
        ("view.colours.red", "red", r'like ("#\w+")$'),
    ],
)
def test_the_example_of_an_error_message_is_accepted(key: str, wrong: object, example: str) -> None:
    """A user who copies it from the message has no second error."""
    with pytest.raises(ValueError) as caught:
        check(key, wrong)
    shown = re.search(example, str(caught.value))
    assert shown
    name = key.rpartition(".")[2]
    section = key.rpartition(".")[0]
    value = shown[1] if shown[1][0] in '"{' else f'"{shown[1]}"'
    table = f"[{section}]\n" if section else ""
    assert parse_config(f"{table}{name} = {value}")[1] == []


def test_every_command_of_the_help_parses() -> None:
    """The examples under ``--help`` are command lines that the parser takes."""
    parser = make_parser()
    lines = [line.strip() for line in (parser.epilog or "").split("\n") if APP_ID in line]
    commands = [re.split(r"  +", line)[0].partition(APP_ID)[2].rstrip(")") for line in lines]
    assert len(commands) == 6
    for command in commands:
        parser.parse_args(command.split())
