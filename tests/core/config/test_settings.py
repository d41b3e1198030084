"""Everything that can be set."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tray_app.core.alerts.levels import AlertLimits
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.config.settings import (
    GROUPS,
    OPTIONS,
    RISING,
    Complaint,
    ConfigError,
    Headers,
    Option,
    RememberedChoices,
    Settings,
    check,
    commented_config,
    default,
    from_config,
    parse_config,
    parse_environment,
    reconfigured,
    resolve,
    with_preset,
)
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.server_address import parse_address

EVERYTHING = """\
url = "http://server:9000/"
mode = "api"
preset = "heavy"
interval_s = 5
duration_s = 60.5

[api]
patience_s = 4
patience_busy_s = 45

[bands]
yellow_mb = 400
orange_mb = 800
red_mb = 1600

[alerts]
elevated_mb = 1200
high_mb = 1600.5
critical_mb = 2400
"""


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
            ("pid", 0, "must be a process's number, above 0"),
            ("pid", 2**31, "must be a process's number, above 0"),
            ("pid", True, "must be a process's number, above 0"),
            ("pid", "7x", "must be a process's number, above 0"),
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
        ],
    )
    def test_bad_values_have_a_plain_reason(self, key: str, value: object, reason: str) -> None:
        """In words that follow the setting's name."""
        with pytest.raises(ValueError) as caught:
            check(key, value)
        assert str(caught.value) == reason


class TestConfigFile:
    def test_everything_can_be_set(self) -> None:
        """Each key in its place."""
        values, complaints = parse_config(EVERYTHING)
        assert complaints == []
        assert from_config(values) == Settings(
            address=parse_address("http://server:9000"),
            mode=Mode.API,
            preset=Preset.HEAVY,
            interval_s=5.0,
            duration_s=60.5,
            patience_s=4.0,
            patience_busy_s=45.0,
            bands=BandLimits(400, 800, 1600),
            alerts=AlertLimits(1200, 1600.5, 2400),
        )

    def test_nothing_needs_to_be_set(self) -> None:
        """An empty file is the defaults."""
        values, complaints = parse_config("# nothing yet\n")
        assert (values, complaints) == ({}, [])
        assert from_config(values) == Settings()

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("interval_s = = 2", 1),
            ("mode = 'auto'\n\n[bands\nred_mb = 1", 3),
            ("mode = 'auto'\ninterval_s = 2\ninterval_s = 3\n", 3),
            ('mode = \'auto\'\nurl = """http:\n', 2),
            ("mode = 'auto", 1),
        ],
    )
    def test_what_is_no_toml_is_an_error_with_its_line(self, text: str, line: int) -> None:
        """And with what is wrong there, without the place said twice."""
        with pytest.raises(ConfigError) as caught:
            parse_config(text)
        assert caught.value.line == line
        assert str(caught.value)
        assert "(at" not in str(caught.value)

    def test_wrong_and_unknown_settings_are_left_out_with_their_line(self) -> None:
        """The rest of the file works."""
        values, complaints = parse_config(
            "interval_s = 0\n"
            "modus = 'auto'\n"
            "\n"
            "[api]\n"
            "patience_s = 3\n"
            "patience_busy_s = 'long'\n"
            "[alarms]\n"
            "high_mb = 2\n"
        )
        assert values == {"api.patience_s": 3.0}
        assert complaints == [
            Complaint(1, "interval_s must be from 0.2 to 3600 seconds"),
            Complaint(2, "unknown setting 'modus'"),
            Complaint(6, "api.patience_busy_s must be a number of seconds"),
            Complaint(8, "unknown setting 'alarms.high_mb'"),
        ]

    def test_a_key_is_found_in_its_own_section(self) -> None:
        """The same name elsewhere does not catch the complaint; dotted keys are found, too."""
        _, complaints = parse_config("alerts.high_mb = 'x'\n[bands]\nhigh_mb = 1\nred_mb = 'y'\n")
        assert {(c.line, c.text.split()[0]) for c in complaints} == {
            (1, "alerts.high_mb"),
            (3, "unknown"),
            (4, "bands.red_mb"),
        }

    def test_a_table_where_a_value_belongs_is_a_complaint(self) -> None:
        """And a value where a table belongs."""
        values, complaints = parse_config("bands = 3\n[interval_s]\nx = 1\n[api.patience_s]\ny = 1")
        assert values == {}
        assert len(complaints) == 3

    def test_limits_that_do_not_rise_are_dropped_as_a_group(self) -> None:
        """Each alone could be meant; the other group stays."""
        values, complaints = parse_config(
            "[bands]\nyellow_mb = 900\norange_mb = 800\n[alerts]\nhigh_mb = 1800\n"
        )
        assert values == {"alerts.high_mb": 1800.0}
        assert complaints == [Complaint(2, "bands must have yellow_mb <= orange_mb <= red_mb")]

    def test_a_limit_is_compared_with_the_defaults_of_the_others(self) -> None:
        """A critical limit below the default high one does not rise."""
        values, complaints = parse_config("[alerts]\ncritical_mb = 1900\n")
        assert values == {}
        assert [complaint.line for complaint in complaints] == [2]

    @given(st.text())
    def test_any_text_is_parsed_or_refused_with_a_line_of_it(self, text: str) -> None:
        """No other exception, and a line that exists."""
        lines = len(text.splitlines())
        try:
            values, complaints = parse_config(text)
        except ConfigError as error:
            found = [error.line]
        else:
            from_config(values)
            found = [complaint.line for complaint in complaints]
        assert all(1 <= line <= lines + 1 for line in found)


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
            assert set(RISING.get(group, ())) <= fields


class TestCommentedFile:
    def test_it_sets_nothing(self) -> None:
        """As it is written, it is all comment."""
        assert parse_config(commented_config()) == ({}, [])

    def test_without_its_marks_it_sets_everything(self) -> None:
        """Each setting stands in its section, ready to be taken."""
        opened = re.sub(r"(?m)^#(?=\w)", "", commented_config())
        values, complaints = parse_config(opened)
        assert complaints == []
        assert list(values) == [option.key for option in OPTIONS]

    def test_it_names_the_environment_variables(self) -> None:
        """They need no other list."""
        assert all(option.environment in commented_config() for option in OPTIONS)


class TestColours:
    def test_each_band_may_have_its_own(self) -> None:
        """The others stay the palette's."""
        values, complaints = parse_config('view.style = "bars"\nview.colours.green = "#2EA043"')
        assert complaints == []
        colours = from_config(values).colours
        assert (colours.of(Band.GREEN), colours.of(Band.RED)) == ((46, 160, 67), None)

    @pytest.mark.parametrize("value", ["'green'", "'#fff'", "'#12345g'", "1", "{ red = 1 }"])
    def test_what_is_no_colour_is_said(self, value: str) -> None:
        """With an example."""
        values, complaints = parse_config(f"[view.colours]\n\nred = {value}")
        assert values == {}
        assert [complaint.line for complaint in complaints] == [3]


class TestEnvironment:
    def test_it_beats_the_file(self) -> None:
        """Whoever sets a variable for one start means that start."""
        environment = {
            "RUNANALYZE_TRAY_URL": "http://there:1",
            "RUNANALYZE_TRAY_INTERVAL_S": "0.5",
            "RUNANALYZE_TRAY_ALERTS_HIGH_MB": "2500",
            "RUNANALYZE_TRAY_DETAILS": "TRUE",
            "HOME": "/home/joe",
        }
        values, complaints = parse_environment(environment, {"interval_s": 9.0, "mode": Mode.API})
        settings = from_config(values)
        assert complaints == []
        assert (settings.address.url, settings.interval_s) == ("http://there:1", 0.5)
        assert (settings.alerts.high_mb, settings.details) == (2500.0, True)
        assert settings.mode is Mode.API

    @pytest.mark.parametrize(
        ("name", "value", "complaint"),
        [
            ("INTERVAL_S", "soon", "INTERVAL_S must be a number, not 'soon'"),
            ("INTERVAL_S", "nan", "INTERVAL_S must be from 0.2 to 3600 seconds"),
            ("MODE", "", "MODE must be one of auto, api, fallback"),
            ("DETAILS", "perhaps", "DETAILS must be true or false"),
            ("INTERVALL", "2", "INTERVALL: unknown setting"),
            (
                "BANDS_RED_MB",
                "10",
                "BANDS_RED_MB: bands must have yellow_mb <= orange_mb <= red_mb",
            ),
        ],
    )
    def test_what_is_wrong_is_named_and_the_rest_works(
        self, name: str, value: str, complaint: str
    ) -> None:
        """With the variable's name; the file's value stays."""
        environment = {f"RUNANALYZE_TRAY_{name}": value, "RUNANALYZE_TRAY_URL": "http://there"}
        values, complaints = parse_environment(environment, {"interval_s": 9.0})
        assert complaints == [f"RUNANALYZE_TRAY_{complaint}"]
        assert values == {"interval_s": 9.0, "url": parse_address("http://there")}


class TestSecrets:
    def test_a_token_is_a_header(self) -> None:
        """It is sent as bearer, in the place of what the file has under that name."""
        values, _ = parse_config('[headers]\nauthorization = "Basic old"\nX-Key = "k e y"\n')
        values, _ = parse_environment({"RUNANALYZE_TRAY_TOKEN": "t0p"}, values)
        assert from_config(values).headers.fields == (
            ("X-Key", "k e y"),
            ("Authorization", "Bearer t0p"),
        )

    def test_no_repr_shows_them(self) -> None:
        """Neither the headers nor the address' userinfo, in whatever they stand."""
        values, _ = parse_config('url = "http://joe:s3cret@host"\nheaders = { X = "s3cret" }')
        settings = from_config(values)
        assert settings.address.url == "http://joe:s3cret@host"
        assert "s3cret" not in repr(settings)
        assert "joe" not in repr(settings)

    @pytest.mark.parametrize(
        "text",
        [
            'token = "s3cret\\nX: 1"',
            "token = 0x53c4e7",
            'headers = { "a b" = "s3cret" }',
            'headers = { X = "s3cret\\r\\n" }',
            'headers = "s3cret"',
            'headers = { X = ["s3cret"] }',
        ],
    )
    def test_a_wrong_one_is_not_repeated(self, text: str) -> None:
        """What could be a secret is in no complaint, and nothing can be smuggled in."""
        values, complaints = parse_config(text)
        assert values == {}
        assert len(complaints) == 1
        assert "s3cret" not in complaints[0].text
        assert Headers() == from_config(values).headers


class TestEdits:
    def test_what_was_not_chosen_follows_the_file(self) -> None:
        """Limits, colours, address and interval are the file's while nobody says otherwise."""
        old = Settings()
        new = Settings(
            address=parse_address("http://there"), interval_s=5.0, bands=BandLimits(1, 2, 3)
        )
        assert reconfigured(old, old, new, RememberedChoices()) == new

    def test_what_was_chosen_stays(self) -> None:
        """A preset's interval, a flag's address and the menu's mode are newer than the file."""
        old = Settings()
        now = replace(
            with_preset(old, Preset.HEAVY), address=parse_address("http://flag"), mode=Mode.API
        )
        new = Settings(interval_s=5.0, address=parse_address("http://file"), mode=Mode.FALLBACK)
        assert reconfigured(now, old, new, RememberedChoices(mode=Mode.API)) == now

    def test_a_chosen_mode_that_the_file_had_too_stays(self) -> None:
        """The menu said automatic; the file says so no more."""
        old, new = Settings(), Settings(mode=Mode.API)
        assert reconfigured(old, old, new, RememberedChoices(mode=Mode.AUTO)).mode is Mode.AUTO
        assert reconfigured(old, old, new, RememberedChoices()).mode is Mode.API

    def test_what_a_run_begins_with_counts_from_the_next_start(self) -> None:
        """The end of this run is not moved under its feet."""
        new = Settings(preset=Preset.DEBUG, duration_s=9.0, log_file="x")
        assert reconfigured(Settings(), Settings(), new, RememberedChoices()) == Settings()


class TestPresets:
    @pytest.mark.parametrize(
        ("preset", "changes"),
        [
            (Preset.STANDARD, {}),
            (Preset.QUICK, {"interval_s": 2.0, "duration_s": 30.0}),
            (Preset.HEAVY, {"interval_s": 3.0, "patience_s": 30.0, "patience_busy_s": 30.0}),
            (Preset.DEBUG, {"interval_s": 1.0, "details": True}),
            (Preset.FALLBACK, {"interval_s": 2.0, "mode": Mode.FALLBACK}),
        ],
    )
    def test_a_preset_sets_what_it_promises_and_no_more(
        self, preset: Preset, changes: dict[str, Any]
    ) -> None:
        """As the console scripts before this program had them."""
        base = Settings(interval_s=7.0)
        assert with_preset(base, preset) == replace(base, preset=preset, **changes)


class TestPrecedence:
    def test_defaults_are_the_issues(self) -> None:
        """Automatic, localhost:8000, every 2 s, patience 10 s and 30 s."""
        settings = resolve(Settings(), RememberedChoices(), {})
        assert settings == Settings()
        assert (settings.mode, settings.address.url) == (Mode.AUTO, "http://localhost:8000")
        assert (settings.interval_s, settings.duration_s) == (2.0, None)
        assert (settings.patience_s, settings.patience_busy_s) == (10.0, 30.0)

    def test_the_remembered_choice_beats_the_config_file(self) -> None:
        """It is newer."""
        base = Settings(mode=Mode.API, preset=Preset.HEAVY)
        remembered = RememberedChoices(mode=Mode.FALLBACK, preset=Preset.DEBUG)
        settings = resolve(base, remembered, {})
        assert (settings.mode, settings.preset) == (Mode.FALLBACK, Preset.DEBUG)
        assert (settings.interval_s, settings.details) == (1.0, True)

    def test_nothing_remembered_leaves_the_config_file(self) -> None:
        """Each of the two by itself."""
        base = Settings(mode=Mode.API, preset=Preset.HEAVY)
        settings = resolve(base, RememberedChoices(mode=Mode.AUTO), {})
        assert (settings.mode, settings.preset, settings.interval_s) == (
            Mode.AUTO,
            Preset.HEAVY,
            3.0,
        )

    def test_a_preset_beats_the_config_files_values(self) -> None:
        """That is what it is for; what it does not set stays."""
        base = Settings(interval_s=9.0, patience_s=4.0, duration_s=100.0)
        settings = resolve(base, RememberedChoices(), {"preset": Preset.DEBUG})
        assert (settings.interval_s, settings.patience_s) == (1.0, 4.0)
        assert settings.duration_s is None

    def test_the_standard_preset_keeps_a_set_duration(self) -> None:
        """It sets nothing."""
        settings = resolve(Settings(duration_s=100.0), RememberedChoices(), {})
        assert settings.duration_s == 100.0

    def test_a_flag_beats_everything(self) -> None:
        """Also the preset that was given beside it."""
        base = Settings(interval_s=9.0, mode=Mode.API)
        remembered = RememberedChoices(mode=Mode.API, preset=Preset.HEAVY)
        flags = {"preset": Preset.QUICK, "interval_s": 0.5, "mode": Mode.FALLBACK}
        settings = resolve(base, remembered, flags)
        assert (settings.preset, settings.interval_s) == (Preset.QUICK, 0.5)
        assert (settings.mode, settings.duration_s) == (Mode.FALLBACK, 30.0)

    def test_the_fallback_preset_beats_a_remembered_mode(self) -> None:
        """Processes only is all that it says; an explicit mode beside it still counts."""
        remembered = RememberedChoices(mode=Mode.API)
        flags: dict[str, Any] = {"preset": Preset.FALLBACK}
        assert resolve(Settings(), remembered, flags).mode is Mode.FALLBACK
        assert resolve(Settings(), remembered, {**flags, "mode": Mode.AUTO}).mode is Mode.AUTO


def test_when_alerts_come_can_be_set() -> None:
    """Holds, repeats, recovery, and the limits of machine, leaks, temp directory and disk."""
    text = """
        [alerts]
        elevated_hold_s = 0
        critical_repeat_min = 5
        recovery_s = 10
        available_mb = 1000
        leak_mb = 80
        temp_mb = 500
        disk_gb = 2
        critical_exempt = false
    """
    values, complaints = parse_config(text)
    assert complaints == []
    alerts = from_config(values).alerts
    assert (alerts.elevated_hold_s, alerts.critical_repeat_min, alerts.recovery_s) == (0, 5, 10)
    assert (alerts.available_mb, alerts.leak_mb, alerts.temp_mb, alerts.disk_gb) == (
        *(1000, 80, 500),
        2,
    )
    assert alerts.critical_exempt is False
    _, complaints = parse_config("[alerts]\ncritical_exempt = 1\nleak_mb = 0\n")
    assert [complaint.line for complaint in complaints] == [2, 3]
