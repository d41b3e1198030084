"""Makes shell completion scripts from the parser."""

from __future__ import annotations

import argparse
import re


def script(shell: str, parser: argparse.ArgumentParser) -> str:
    """The script with which ``shell`` (bash, zsh or fish) completes the parser's flags."""
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](parser)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.option_strings]


def words(action: argparse.Action) -> list[str]:
    """The words that may follow a flag; empty where it takes none or anything."""
    if action.choices:
        return [str(choice) for choice in action.choices]
    listed = re.fullmatch(r"\{(.+)\}", str(action.metavar or ""))
    return listed[1].split(",") if listed else []


def takes_file(action: argparse.Action) -> bool:
    """Whether a file's or directory's name follows the flag."""
    return action.metavar in ("FILE", "DIR")


def _help(action: argparse.Action) -> str:
    return str(action.help or "").replace("%%", "%")


def _bash(parser: argparse.ArgumentParser) -> str:
    flags = " ".join(flag for action in _actions(parser) for flag in action.option_strings)
    cases = ""
    for action in _actions(parser):
        pattern = "|".join(action.option_strings)
        if takes_file(action):
            cases += f'        {pattern}) _runanalyze_tray_files "$current"; return ;;\n'
        elif listed := " ".join(words(action)):
            reply = f'COMPREPLY=($(compgen -W "{listed}" -- "$current"))'
            cases += f"        {pattern}) {reply}; return ;;\n"
        elif action.nargs != 0:
            cases += f"        {pattern}) return ;;\n"
    return (
        # Readline's own completion quotes blanks. Bash 3 cannot ask for it.
        "_runanalyze_tray_files() {\n"
        "    compopt -o default 2>/dev/null && return\n"
        "    local IFS=$'\\n'\n"
        '    COMPREPLY=($(compgen -f -- "$1"))\n'
        "}\n"
        "_runanalyze_tray() {\n"
        '    local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"\n'
        "    # --mode=a comes as three words.\n"
        '    if [ "$current" = "=" ]; then\n'
        '        current=""\n'
        '    elif [ "$before" = "=" ]; then\n'
        '        before="${COMP_WORDS[COMP_CWORD-2]}"\n'
        "    fi\n"
        "    COMPREPLY=()\n"
        '    case "$before" in\n'
        f"{cases}"
        "    esac\n"
        f'    COMPREPLY=($(compgen -W "{flags}" -- "$current"))\n'
        "}\n"
        f"complete -F _runanalyze_tray {parser.prog}\n"
    )


def _zsh(parser: argparse.ArgumentParser) -> str:
    """To be sourced, and as a file in ``fpath``, where its code is the function's."""
    lines = []
    for action in _actions(parser):
        after = ""
        if takes_file(action):
            after = ":file:_files"
        elif listed := " ".join(words(action)):
            after = f":value:({listed})"
        elif action.nargs != 0:
            after = ":value: "
        told = re.sub(r"([\[\]:\\])", r"\\\1", _help(action)).replace("'", "'\\''")
        sign = "=" if after else ""  # --mode=api and --mode api
        lines += [f"    '{flag}{sign}[{told}]{after}'" for flag in action.option_strings]
    return (
        f"#compdef {parser.prog}\n"
        "_runanalyze_tray() {\n"
        "  _arguments \\\n" + " \\\n".join(lines) + "\n"
        "}\n"
        f'if [[ "${{funcstack[1]}}" == _{parser.prog} ]]; then\n'
        '  _runanalyze_tray "$@"\n'
        "else\n"
        "  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
        f"  compdef _runanalyze_tray {parser.prog}\n"
        "fi\n"
    )


def _fish(parser: argparse.ArgumentParser) -> str:
    lines = []
    for action in _actions(parser):
        parts = [f"complete -c {parser.prog}"]
        for flag in action.option_strings:
            parts.append(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}")
        if takes_file(action):
            parts.append("-r -F")
        elif action.nargs != 0:
            parts.append("-x" + (f" -a '{listed}'" if (listed := " ".join(words(action))) else ""))
        else:
            parts.append("-f")
        told = _help(action).replace("\\", "\\\\").replace("'", "\\'")
        lines.append(" ".join(parts) + f" -d '{told}'")
    return "\n".join(lines) + "\n"
