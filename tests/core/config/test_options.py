"""The table of everything that can be set."""

from __future__ import annotations

import math

import pytest

from tray_app.core.config.options import GROUPS, OPTIONS, RISING, Option, check
from tray_app.core.config.parse import (
    from_config,
    parse_config,
)
from tray_app.core.config.settings import (
    Settings,
)
from tray_app.core.config.template import default
from tray_app.core.model.label_selector import parse_selector
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.server_address import parse_address


class TestCheck:
    @pytest.mark.parametrize(
        ("key", "value", "checked"),
        [
            ("interval_s", 0.2, 0.2),
            ("interval_s", 3600, 3600.0),
            ("duration_s", 0.5, 0.5),
            ("mode", "fallback", Mode.FALLBACK),
            ("preset", "debug", Preset.DEBUG),
            ("url", "http://host/", parse_address("http://host")),
            ("alerts.high_mb", 1, 1.0),
            ("pid", "4711", 4711),
            ("pid", 4711, 4711),
            ("match", r"main:\w+", r"main:\w+"),
            ("tmp_dir", "/clips", "/clips"),
            ("fleet.alertmanager", "am:9093", parse_address("http://am:9093")),
            ("fleet.selector", "{a='b'}", parse_selector('a="b"')),
            ("fleet.grafana", "https://g/d/x?orgId=1", "https://g/d/x?orgId=1"),
        ],
    )
    def test_good_values_come_back_in_their_type(
        self, key: str, value: object, checked: object
    ) -> None:
        """Numbers as float, words as themselves, a URL taken apart."""
        assert check(key, value) == checked

    @pytest.mark.parametrize(
        ("key", "value", "reason"),
        [
            ("interval_s", 0, "must be from 0.2 to 3600 seconds"),
            ("interval_s", 0.19, "must be from 0.2 to 3600 seconds"),
            ("interval_s", 3601, "must be from 0.2 to 3600 seconds"),
            ("interval_s", -1, "must be from 0.2 to 3600 seconds"),
            ("interval_s", math.nan, "must be from 0.2 to 3600 seconds"),
            ("duration_s", math.inf, "must be from 0.1 to 31622400 seconds"),
            ("interval_s", "2", "must be a number of seconds"),
            ("interval_s", True, "must be a number of seconds"),
            ("bands.red_mb", None, "must be a number of MB"),
            ("bands.red_mb", 0, "must be from 1 to 1000000000 MB"),
            ("mode", "tray", "must be one of auto, api, fallback"),
            ("preset", 1, "must be one of standard, quick, heavy, debug, fallback"),
            ("url", 8000, "must be text"),
            ("pid", 0, "must be a process ID, a whole number above 0"),
            ("pid", 2**31, "must be a process ID, a whole number above 0"),
            ("pid", True, "must be a process ID, a whole number above 0"),
            ("pid", "7x", "must be a process ID, a whole number above 0"),
            ("match", "", "must be a regular expression"),
            ("match", 7, "must be a regular expression"),
            (
                "match",
                "a(",
                "is not a regular expression: missing ), unterminated subpattern at position 1",
            ),
            ("tmp_dir", " ", "must be the path of a directory"),
            ("tmp_dir", "a\0b", "must be the path of a directory"),
            ("url", "ftp://x", "must start with http:// or https://"),
            ("fleet.prometheus", "ftp://x", "must start with http:// or https://"),
            ("fleet.selector", 7, "must be text"),
            ("fleet.selector", "team", 'must be matchers such as team="video", site!="lab"'),
            (
                "fleet.grafana",
                "http://joe:secret@g/d",
                "must start with http:// or https://, and have no password",
            ),
            ("fleet.grafana", "http://g/d?a=1#b", "must not contain # or white space"),
        ],
    )
    def test_bad_values_have_a_plain_reason(self, key: str, value: object, reason: str) -> None:
        """In words that follow the setting's name."""
        with pytest.raises(ValueError) as caught:
            check(key, value)
        assert str(caught.value) == reason


class TestTable:
    @pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.key)
    def test_each_option_has_a_field_a_sentence_and_a_default_that_it_accepts(
        self, option: Option
    ) -> None:
        """What the commented file shows can be set, and without an example it changes nothing."""
        section = f"[{option.section}]\n" if option.section else ""
        values, complaints = parse_config(
            f"{section}{option.key.rpartition('.')[2]} = {default(option)}"
        )
        assert complaints == []
        changed = from_config(values)
        assert (changed == Settings()) == (not option.example)
        assert option.help.endswith((".", ")"))
        assert len(option.help) < 110

    def test_no_key_environment_name_or_flag_is_there_twice(self) -> None:
        """Each names one thing."""
        for names in (
            [option.key for option in OPTIONS],
            [option.environment for option in OPTIONS if option.environment],
            [option.flag for option in OPTIONS if option.flag],
        ):
            assert len(set(names)) == len(names)

    def test_every_field_can_be_set(self) -> None:
        """A field that only code could set would be a hidden setting."""
        plain = {option.field for option in OPTIONS if option.section not in GROUPS}
        groups = {group.rpartition(".")[2] for group in GROUPS}
        assert plain | groups == set(Settings.__struct_fields__)
        for group, make in GROUPS.items():
            fields = set(make().__struct_fields__)
            assert {option.field for option in OPTIONS if option.section == group} == fields
        assert {key for keys in RISING for key in keys} <= {option.key for option in OPTIONS}
