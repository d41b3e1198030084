"""The runs of several servers that are watched together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tray_app.app.invocation import Invocation
from tray_app.core.config.settings import resolve, server_name
from tray_app.runtime.state_file import of_server, read_choice
from tray_app.runtime.watched_servers import Watched

if TYPE_CHECKING:
    from tray_app.core.config.servers import ServerEntry


def several(invocation: Invocation, servers: Sequence[Watched]) -> tuple[Invocation, ...]:
    """The run of each server; ``invocation`` is what they have in common."""
    made = []
    whole = invocation.config
    assert whole is not None
    for server in servers:
        config, base = server.config(whole)
        flags = dict(invocation.flags or {}) | (
            {"address": server.address} if server.address else {}
        )
        state_file = remembered = None
        if invocation.state_file is not None:
            state_file = of_server(invocation.state_file, server.name)
            remembered = read_choice(state_file)
        remembered = remembered or invocation.remembered
        settings = resolve(base, remembered, flags)
        made.append(
            replace(
                invocation,
                base=base,
                settings=replace(settings, name=server_name(settings)),
                config=config,
                flags=flags,
                state_file=state_file,
                remembered=remembered,
                mistakes=(),
            )
        )
    return tuple(made)


def of_several(invocation: Invocation, servers: Sequence[Watched], *, lists: bool) -> Invocation:
    """The run that watches all of them. ``lists``: they are the config file's."""
    first, *others = several(invocation, servers)
    # One message about the file is enough.
    runs = (replace(first, mistakes=invocation.mistakes), *others)
    return replace(invocation, servers=runs, remembered=runs[0].remembered, lists=lists)


def edited(
    invocation: Invocation, known: Collection[str], entries: Sequence[ServerEntry]
) -> tuple[tuple[str, ...], tuple[Invocation, ...]]:
    """What an edit of the list means for the servers that are watched: the names of those that
    stay, and the runs of new ones. The last one stays: a monitor without a server is useless."""
    if not invocation.lists or not entries:
        return tuple(known), ()
    names = {entry.name for entry in entries}
    new = [Watched(each) for each in entries if each.name not in known]
    return tuple(name for name in known if name in names), several(invocation, new)
