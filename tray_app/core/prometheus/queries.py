"""What an engine is asked: one instant query for all servers.

The rules in ``assets/fleet/rules.yml`` keep one series for each server. Its value is its memory,
its label ``band`` what the rules make of it. The query leaves out every other label, so that the
answer has about 130 bytes for each server.
"""

from __future__ import annotations

from urllib.parse import quote

from tray_app.core.model.label_selector import Selector
from tray_app.core.prometheus.answers import OLD

SERIES = "server:runanalyze_memory_bytes:by_band"
OLD_S = 150
"""A series that no rule has renewed for this long is old: two evaluations of one a minute, the
engine's own default, and some time to spare. An engine shows it for 5 min."""
ALERTS_PATH = "/api/v1/alerts"


def servers(selector: Selector) -> str:
    """The query for all servers; those whose series is old come again, with the band ``old``."""
    chosen = f"{SERIES}{{{selector}}}" if selector.matchers else SERIES
    old = f"min by (instance, server) (time() - timestamp({chosen})) > {OLD_S}"
    return (
        f"max by (instance, server, band) ({chosen})"
        f' or label_replace({old}, "band", "{OLD}", "", "")'
    )


def servers_path(selector: Selector) -> str:
    """The path and query of the request."""
    return f"/api/v1/query?query={quote(servers(selector), safe='')}"
