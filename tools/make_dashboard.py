"""Makes ``assets/fleet/dashboard.json``, the dashboard for Grafana, with Grafana's own SDK.

Run ``python -m tools.make_dashboard`` after a change of `ROWS`; it needs
``pip install -e '.[dashboard]'``. A test compares the file's queries with `ROWS`, and runs each one
in a real Prometheus.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from msgspec import Struct

PAGE = Path(__file__).parent.parent / "assets" / "fleet" / "dashboard.json"
ONE = '{instance=~"$instance", server=~"$server"}'
VARIABLES = {
    "instance": 'label_values(up{job="runanalyze"}, instance)',
    "server": 'label_values(runanalyze_samples_total{instance=~"$instance"}, server)',
}


class Query(Struct, frozen=True):
    """An expression, and how its series are named."""

    expr: str
    legend: str = "__auto"


class Shown(Struct, frozen=True):
    """A panel. ``kind``: stat, table, lines, states or heatmap. ``unit`` in Grafana's words."""

    title: str
    kind: str
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 12
    about: str = ""


def _level(number: int, word: str) -> Query:
    return Query(f"count(runanalyze_memory_level == {number}) or vector(0)", word)


_NAMED = "{{server}} {{instance}}"
_UNKNOWN = "count(runanalyze_samples_total unless runanalyze_memory_level) or vector(0)"
_AWAY = 'count(up{job="runanalyze"} == 0) or vector(0)'
_JOBS = f"increase(runanalyze_jobs_total{ONE}[1h])"
_PEAKS = f"increase(runanalyze_job_peak_bytes_bucket{ONE}[1h])"
_PEAKS_OF_DAY = f"increase(runanalyze_job_peak_bytes_bucket{ONE}[1d])"
_ALERTS = f"increase(runanalyze_alerts_total{ONE}[1h])"
_CLOCK = "runanalyze_exporter_time_seconds"

ROWS: dict[str, tuple[Shown, ...]] = {
    "Fleet": (
        Shown(
            "Servers",
            "stat",
            (
                _level(3, "critical"),
                _level(2, "high"),
                _level(1, "raised"),
                _level(0, "normal"),
                Query(_UNKNOWN, "no reading"),
                Query(_AWAY, "exporters away"),
            ),
            width=24,
        ),
        Shown(
            "Worst first",
            "table",
            (Query("topk(100, server:runanalyze_memory_critical:ratio)", "of critical"),),
            unit="percentunit",
            about="Memory as a part of each server's own critical limit.",
        ),
        Shown(
            "Alerts that fire",
            "table",
            (Query('ALERTS{alertname=~"RunAnalyze.+", alertstate="firing"}', "alert"),),
        ),
        Shown(
            "The ten nearest to critical",
            "lines",
            (
                Query(
                    "topk(10, server:runanalyze_memory_critical:ratio)", "{{server}} {{instance}}"
                ),
            ),
            unit="percentunit",
            width=24,
        ),
    ),
    "One server": (
        Shown(
            "Memory",
            "lines",
            (
                Query(f"server:runanalyze_memory_bytes:max{ONE}", "memory {{server}}"),
                Query(f"server:runanalyze_memory_bytes:predicted{ONE}", "predicted {{server}}"),
                Query(f"runanalyze_limit_bytes{ONE}", "{{level}} {{server}}"),
            ),
            unit="bytes",
        ),
        Shown(
            "Machine",
            "lines",
            (
                Query(f"runanalyze_system_available_bytes{ONE}", "available {{instance}}"),
                Query(f"runanalyze_system_available_limit_bytes{ONE}", "short below {{instance}}"),
            ),
            unit="bytes",
        ),
        Shown(
            "State",
            "states",
            (
                Query(f"runanalyze_server_up{ONE}", "there {{server}}"),
                Query(f"runanalyze_api_up{ONE}", "API answers {{server}}"),
                Query(f"runanalyze_busy{ONE}", "busy {{server}}"),
                Query(f"runanalyze_hung{ONE}", "hangs {{server}}"),
            ),
        ),
        Shown(
            "CPU",
            "lines",
            (Query(f"rate(runanalyze_cpu_seconds_total{ONE}[$__rate_interval])", "{{server}}"),),
            unit="percentunit",
            about="1 is one core.",
        ),
        Shown(
            "Temp directory",
            "lines",
            (Query(f"runanalyze_tmp_bytes{ONE}", "{{server}}"),),
            unit="bytes",
            width=8,
        ),
        Shown(
            "Open files", "lines", (Query(f"runanalyze_open_files{ONE}", "{{server}}"),), width=8
        ),
        Shown(
            "API's answers",
            "lines",
            (Query(f"runanalyze_api_latency_seconds{ONE}", "{{server}}"),),
            unit="s",
            width=8,
        ),
    ),
    "Jobs": (
        Shown(
            "Jobs of an hour",
            "lines",
            (Query(f"sum by (outcome) ({_JOBS})", "{{outcome}}"),),
        ),
        Shown(
            "Peaks of an hour",
            "heatmap",
            (Query(f"sum by (le) ({_PEAKS})", "{{le}}"),),
            unit="bytes",
        ),
        Shown(
            "9 of 10 jobs of a day stay below",
            "lines",
            (Query(f"histogram_quantile(0.9, sum by (le) ({_PEAKS_OF_DAY}))", "peak"),),
            unit="bytes",
            width=8,
        ),
        Shown(
            "Kept by the last job",
            "lines",
            (Query(f"runanalyze_job_kept_bytes{ONE}", "{{server}}"),),
            unit="bytes",
            width=8,
        ),
        Shown(
            "Alerts of an hour",
            "lines",
            (Query(f"sum by (kind) ({_ALERTS}) > 0", "{{kind}}"),),
            width=8,
        ),
    ),
    "Exporters": (
        Shown(
            "Age of the last sample",
            "lines",
            (Query("max by (instance) (runanalyze_sample_age_seconds)", "{{instance}}"),),
            unit="s",
            width=8,
        ),
        Shown(
            "Clock's error",
            "lines",
            (Query(f"{_CLOCK} - timestamp({_CLOCK})", "{{instance}}"),),
            unit="s",
            width=8,
        ),
        Shown(
            "Versions",
            "stat",
            (Query("count by (version) (runanalyze_build_info)", "{{version}}"),),
            width=8,
        ),
    ),
}


def page() -> str:
    """The dashboard as JSON."""
    from grafana_foundation_sdk.builders import dashboard
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import dashboard as models

    source = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
    made = (
        dashboard.Dashboard("RunAnalyze")
        .uid("runanalyze")
        .tags(["runanalyze"])
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .refresh("30s")
        .time("now-6h", "now")
        .with_variable(dashboard.DatasourceVariable("datasource").type("prometheus"))
    )
    for name, query in VARIABLES.items():
        made = made.with_variable(
            dashboard.QueryVariable(name)
            .query(query)
            .datasource(source)
            .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .multi(True)
            .include_all(True)
            .all_value(".+")
            .current(models.VariableOption(text="All", value="$__all"))
        )
    numbers = count(1)
    for title, panels in ROWS.items():
        made = made.with_row(dashboard.Row(title).id(next(numbers)))
        for panel in panels:
            made = made.with_panel(_panel(panel).id(next(numbers)).datasource(source))
    return json.dumps(made.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _panel(shown: Shown) -> Any:
    from grafana_foundation_sdk.builders import (
        heatmap,
        prometheus,
        stat,
        statetimeline,
        table,
        timeseries,
    )

    kinds = {
        "stat": stat,
        "table": table,
        "lines": timeseries,
        "states": statetimeline,
        "heatmap": heatmap,
    }
    panel = _with_options(shown.kind, kinds[shown.kind].Panel())
    panel = panel.title(shown.title).unit(shown.unit)
    panel = panel.span(shown.width).height(5 if shown.kind == "stat" else 8)
    if shown.about:
        panel = panel.description(shown.about)
    for letter, query in zip("ABCDEF", shown.queries, strict=False):
        target = prometheus.Dataquery().ref_id(letter).expr(query.expr).legend_format(query.legend)
        if shown.kind in ("stat", "table"):
            target = target.instant()
        panel = panel.with_target(target.format(_FORMATS.get(shown.kind, "time_series")))
    return panel


def _with_options(kind: str, panel: Any) -> Any:
    """A panel without options of its own would have none at all."""
    from grafana_foundation_sdk.builders import common
    from grafana_foundation_sdk.models import common as models

    match kind:
        case "stat":
            return panel.color_mode(models.BigValueColorMode.VALUE)
        case "lines":
            legend = common.VizLegendOptions().show_legend(True)
            bottom = legend.placement(models.LegendPlacement.BOTTOM)
            return panel.legend(bottom.display_mode(models.LegendDisplayMode.LIST))
        case "states":
            return panel.show_value(models.VisibilityMode.NEVER)
        case "heatmap":
            return panel.calculate(False)
        case _:
            return panel.transformations(_columns()).sort_by(_by_value())


_FORMATS = {"table": "table", "heatmap": "heatmap"}


def _columns() -> list[Any]:
    """Without the columns that say the same in each row."""
    from grafana_foundation_sdk.models.dashboard import DataTransformerConfig

    hidden = ("Time", "__name__", "job", "alertstate")
    options = {"excludeByName": dict.fromkeys(hidden, True)}
    return [DataTransformerConfig(id_val="organize", options=options)]


def _by_value() -> list[Any]:
    from grafana_foundation_sdk.builders import common

    return [common.TableSortByFieldState().display_name("Value").desc(True)]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
