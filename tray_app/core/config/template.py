"""The commented config file that ``--init-config`` writes."""

from __future__ import annotations

from tray_app.core.config.options import GROUPS, OPTIONS, Option, field_of_group
from tray_app.core.config.settings import Settings
from tray_app.core.model.server_address import ServerAddress

_SERVERS = (
    "",
    "# To watch several servers in one icon, list them at the end of this file. Each may differ in",
    "# any setting that is about a server: limits, token, headers, tmp_dir, match, interval_s.",
    "#",
    "#     [[servers]]",
    '#     name = "gpu-1"',
    '#     url = "http://gpu-1:8000"',
    "#     alerts.critical_mb = 12000",
    "#",
    "#     [[servers]]",
    '#     name = "gpu-2"',
    '#     url = "http://gpu-2:8000"',
)


def default(option: Option) -> str:
    """An option's default as TOML; its example if the default is unset."""
    if option.example:
        return option.example
    settings = Settings()
    in_group = option.section in GROUPS
    owner = getattr(settings, field_of_group(option.section)) if in_group else settings
    value = getattr(owner, option.field)
    if isinstance(value, ServerAddress):
        value = value.url
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def commented_config() -> str:
    """A config file that sets nothing and shows everything."""
    lines = [
        "# Settings of runanalyze-tray. To change one, remove the # at the start of its line; the",
        "# running program picks up edits. Lines show the default, or an example if there is none.",
        "# The environment variable named above a setting overrides this file.",
    ]
    sections = dict.fromkeys(option.section for option in OPTIONS)
    for section in sections:
        lines += ["", f"[{section}]"] if section else []
        for option in OPTIONS:
            if option.section == section:
                beside = [option.environment] if option.environment else []
                beside += ["an example"] if option.example else []
                lines += ["", f"# {option.help}"]
                lines += [f"# ({', '.join(beside)})"] if beside else []
                lines += [f"#{option.key.rpartition('.')[2]} = {default(option)}"]
    return "\n".join([*lines, *_SERVERS]) + "\n"
