"""Start at login: one small file, or on Windows one value in the registry.

Desktops have their own switches for it, which write to the same file or beside it. Those count as
much as the switch here. Changing it raises OSError if the platform refuses.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from tray_app import APP_ID, child_program
from tray_app.desktop import paths
from tray_app.sources.file_owner import write_file

LABEL = "runanalyze.tray"  # a LaunchAgent's name is a domain turned round
WINDOWS_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
# Where Windows' own switch (Task Manager, Settings) writes: an odd first byte is off.
WINDOWS_APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
# Written by GNOME, Cinnamon and Budgie, and by MATE; systemd heeds the first one.
SWITCHES = ("X-GNOME-Autostart-enabled", "X-MATE-Autostart-enabled")


class Login(Struct, frozen=True):
    """Whether the program starts with the desktop session.

    ``why_not`` is the reason if an entry exists but does not work. ``is_broken``: its ``command``
    cannot be run.
    """

    on: bool
    why_not: str = ""
    is_broken: bool = False
    command: tuple[str, ...] = ()


OFF = Login(on=False)


def is_on() -> bool:
    """Whether the program starts with the desktop session."""
    return read().on


def read() -> Login:
    """What the desktop will do at the next login; raises nothing."""
    try:
        if sys.platform == "win32":
            return _in_registry()
        if sys.platform == "darwin":
            return _by_agent()
        return _by_entry()
    except OSError as error:
        return Login(on=False, why_not=f"cannot be read: {error.strerror or error}")


def set_on(on: bool, arguments: Sequence[str] = ()) -> None:
    """Turn start at login on or off. Turning it on repairs a broken entry.

    ``arguments`` are the program's at each login. Without any, those of an entry that the desktop
    has switched off stay.
    """
    if sys.platform == "win32":
        _set_in_registry(on, arguments)
    elif sys.platform == "darwin":
        _set_agent(on, arguments)
    else:
        _set_entry(on, arguments)


def place() -> Path:
    """The file that makes it start (not on Windows)."""
    if sys.platform == "darwin":
        return paths.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    return paths.config_home() / "autostart" / f"{APP_ID}.desktop"


def _login(command: list[str]) -> Login:
    """The result of this command at a login."""
    if not command:
        return Login(on=False, why_not="its entry names no program", is_broken=True)
    if not is_program(command[0]):
        why_not = f"{command[0]} does not exist or cannot be run"
        return Login(False, why_not, is_broken=True, command=tuple(command))
    return Login(on=True, command=tuple(command))


def is_program(name: str) -> bool:
    """Whether this can be run: a path, or a name that the desktop finds in PATH."""
    return shutil.which(name) is not None


# Linux: https://specifications.freedesktop.org/autostart-spec


def _by_entry() -> Login:
    for path in (place(), *_everybodys()):
        if path.exists():
            from tray_app.desktop import desktop_entry

            keys = desktop_entry.keys(path.read_text("utf-8", "surrogateescape"))
            why_not = _switched_off(keys)
            if why_not:
                return Login(on=False, why_not=why_not)
            return _login(desktop_entry.command(keys.get("Exec", "")))
    return OFF


def _everybodys() -> list[Path]:
    """Where an administrator or a package may have put the same for all users."""
    folders = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    places = [Path(folder) for folder in folders.split(":") if folder.startswith("/")]
    return [folder / "autostart" / f"{APP_ID}.desktop" for folder in places]


def _switched_off(keys: Mapping[str, str]) -> str:
    """Why the desktop does not start it, quoting the file; empty: it does."""
    if _says(keys, "Hidden") is True:
        return "Hidden=true"
    for switch in SWITCHES:
        if _says(keys, switch) is False:
            return f"{switch}=false"
    here = {name for name in os.environ.get("XDG_CURRENT_DESKTOP", "").split(":") if name}
    if "OnlyShowIn" in keys and not here & _listed(keys, "OnlyShowIn"):
        return f"OnlyShowIn={keys['OnlyShowIn']}"
    if here & _listed(keys, "NotShowIn"):
        return f"NotShowIn={keys['NotShowIn']}"
    if keys.get("TryExec") and not is_program(keys["TryExec"]):
        return f"TryExec={keys['TryExec']} does not exist"
    return ""


def _says(keys: Mapping[str, str], key: str) -> bool | None:
    words = {"true": True, "1": True, "false": False, "0": False}
    return words.get(keys.get(key, "").lower())


def _listed(keys: Mapping[str, str], key: str) -> set[str]:
    return {name for name in keys.get(key, "").split(";") if name}


def _set_entry(on: bool, arguments: Sequence[str]) -> None:
    from tray_app.desktop import desktop_entry

    own = place()
    if not on:
        if any(path.exists() for path in _everybodys()):  # only such a file turns that off
            write_file(
                own, f"{desktop_entry.text()}Hidden=true\n".encode("utf-8", "surrogateescape")
            )
        else:
            own.unlink(missing_ok=True)
        return
    if read().on:
        return
    try:
        before = own.read_text("utf-8", "surrogateescape")
    except OSError:
        before = ""
    keys = desktop_entry.keys(before)
    text = desktop_entry.text(arguments)
    if not arguments and _login(desktop_entry.command(keys.get("Exec", ""))).on:
        # Arguments that the user added to the command stay.
        text = desktop_entry.without(
            before, {"Hidden", "OnlyShowIn", "NotShowIn", "TryExec", *SWITCHES}
        )
    write_file(own, text.encode("utf-8", "surrogateescape"))


# macOS


def _by_agent() -> Login:
    import plistlib

    if not place().exists():
        return OFF
    try:
        agent = plistlib.loads(place().read_bytes())
    except ValueError:  # not a property list
        agent = None
    if not isinstance(agent, dict):
        return Login(on=False, why_not="its entry cannot be parsed", is_broken=True)
    if agent.get("Disabled") is True:
        return Login(on=False, why_not="Disabled")
    return _login([str(part) for part in agent.get("ProgramArguments") or ()])


def _set_agent(on: bool, arguments: Sequence[str]) -> None:
    import plistlib

    if not on:
        place().unlink(missing_ok=True)
    elif not read().on:
        command = [*paths.program(), *arguments]
        agent = {"Label": LABEL, "ProgramArguments": command, "RunAtLoad": True}
        write_file(place(), plistlib.dumps(agent))


# Windows


def _in_registry() -> Login:
    if sys.platform == "win32":
        import winreg

        command = _value(winreg, WINDOWS_RUN)
        if command is None:
            return OFF
        switch = _value(winreg, WINDOWS_APPROVED)
        if isinstance(switch, bytes) and switch[:1] and switch[0] % 2:
            return Login(on=False, why_not="turned off in Windows settings")
        text = str(command)
        quoted = text.startswith('"')
        program, _, rest = text[1:].partition('"') if quoted else text.partition(" ")
        return _login([part for part in (program, rest.strip()) if part])
    return OFF


def _value(winreg: Any, path: str) -> Any:
    """Our value there; None where there is none."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
            return winreg.QueryValueEx(key, APP_ID)[0]
    except FileNotFoundError:
        return None


def _set_in_registry(on: bool, arguments: Sequence[str]) -> None:
    if sys.platform == "win32":
        import winreg

        if on:
            root, write = winreg.HKEY_CURRENT_USER, winreg.KEY_SET_VALUE
            with winreg.CreateKeyEx(root, WINDOWS_RUN, access=write) as key:
                command = child_program.windows_line([*paths.program(), *arguments])
                winreg.SetValueEx(key, APP_ID, 0, winreg.REG_SZ, command)
        else:
            _delete_value(winreg, WINDOWS_RUN)
        _delete_value(winreg, WINDOWS_APPROVED)


def _delete_value(winreg: Any, path: str) -> None:
    root, write = winreg.HKEY_CURRENT_USER, winreg.KEY_SET_VALUE
    try:
        with winreg.OpenKey(root, path, access=write) as key:
            winreg.DeleteValue(key, APP_ID)
    except FileNotFoundError:
        return
