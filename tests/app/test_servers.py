"""The runs of several servers."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from tray_app.app.invocation import SEVERAL, Invocation
from tray_app.app.servers import edited, of_several
from tray_app.core.config.servers import parse_servers
from tray_app.core.config.settings import RememberedChoices, resolve
from tray_app.core.model.icon_options import Style
from tray_app.core.model.server_address import parse_address
from tray_app.runtime.config_file import ConfigFile
from tray_app.runtime.state_file import of_server, read_choice, write_choice
from tray_app.runtime.watched_servers import watched

TEXT = """\
interval_s = 5
[[servers]]
name = "gpu"
url = "http://gpu:8000"
interval_s = 7
[[servers]]
url = "http://lab:8000"
"""


def invocation(tmp_path: Path) -> Invocation:
    (tmp_path / "config.toml").write_text(TEXT)
    config = ConfigFile(tmp_path / "config.toml", {})
    base, _ = config.read()
    return Invocation(
        base=base,
        settings=resolve(base, RememberedChoices(), {}),
        config=config,
        state_file=tmp_path / "state.json",
        flags={},
    )


def test_each_has_its_own_settings_and_files(tmp_path: Path) -> None:
    """Its name, its table over the common settings, and its remembered choices."""
    common = invocation(tmp_path)
    write_choice(of_server(tmp_path / "state.json", "gpu"), RememberedChoices(style=Style.BARS))
    assert common.config
    run = of_several(common, watched([], common.config.servers), lists=True)
    gpu, lab = run.servers
    assert (gpu.settings.name, gpu.settings.interval_s) == ("gpu", 7)
    assert (lab.settings.name, lab.settings.interval_s) == ("lab:8000", 5)
    assert gpu.remembered.style is Style.BARS
    assert lab.remembered == RememberedChoices()
    assert gpu.state_file != lab.state_file
    assert (run.instance, run.shown) == (SEVERAL, "2 servers")


def test_a_flag_holds_for_all(tmp_path: Path) -> None:
    """The command line is newer than the file."""
    common = invocation(tmp_path)
    common = replace(common, flags={"interval_s": 1.0})
    assert common.config
    run = of_several(common, watched([], common.config.servers), lists=True)
    assert [each.settings.interval_s for each in run.servers] == [1.0, 1.0]


def test_an_address_of_a_flag_takes_its_table(tmp_path: Path) -> None:
    """Another spelling of the same address has its name, too."""
    common = invocation(tmp_path)
    assert common.config
    urls = [parse_address("http://GPU:8000/"), parse_address("http://new:1")]
    run = of_several(common, watched(urls, common.config.servers), lists=False)
    assert [each.settings.name for each in run.servers] == ["gpu", "new:1"]
    assert [each.settings.interval_s for each in run.servers] == [7, 5]


def test_an_edit_reaches_each_server(tmp_path: Path) -> None:
    """Each reads the file as it is for itself; one that has left the list changes no more."""
    common = invocation(tmp_path)
    assert common.config
    run = of_several(common, watched([], common.config.servers), lists=True)
    gpu, lab = (each.config for each in run.servers)
    assert gpu is not None
    assert lab is not None
    (tmp_path / "config.toml").write_text(TEXT.partition("[[servers]]\nurl")[0].replace("7", "9"))
    edited = gpu.edited()
    assert edited is not None
    assert edited[0].interval_s == 9
    assert lab.edited() is None
    assert [entry.name for entry in lab.servers] == ["gpu"]


def test_an_edited_list_says_who_stays_and_who_is_new(tmp_path: Path) -> None:
    """In the order of those that are watched. The last one stays, and without a list all do."""
    common = invocation(tmp_path)
    assert common.config
    run = of_several(common, watched([], common.config.servers), lists=True)
    text = TEXT + '[[servers]]\nurl = "http://new:1"\n'
    (tmp_path / "config.toml").write_text(text)
    entries, _ = parse_servers(text, {})
    stays, new = edited(run, ("gone", "lab:8000", "gpu"), entries)
    assert stays == ("lab:8000", "gpu")
    assert [each.settings.name for each in new] == ["new:1"]
    assert edited(run, ("gpu",), ()) == (("gpu",), ())
    assert edited(replace(run, lists=False), ("gone",), entries) == (("gone",), ())


def test_state_files_have_plain_names(tmp_path: Path) -> None:
    """Two names that look alike have two files."""
    one, other = (of_server(tmp_path / "state.json", name) for name in ("a/b", "a b"))
    assert one.parent == other.parent == tmp_path
    assert one != other
    assert read_choice(one) == RememberedChoices()
