"""Settings from a config file and from the environment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.config.parse import (
    Complaint,
    ConfigError,
    from_config,
    parse_config,
    parse_environment,
)
from tray_app.core.config.settings import (
    Headers,
    Settings,
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
raised_mb = 1200
high_mb = 1600.5
critical_mb = 2400
"""


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
            Complaint(8, "unknown setting 'alarms.high_mb' (did you mean alerts.high_mb?)"),
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
        wrong = "bands.orange_mb = 800 is below yellow_mb = 900: the limits stay 500, 1000, 2000"
        assert complaints == [Complaint(3, wrong)]

    @pytest.mark.parametrize(
        ("text", "limits"),
        [
            ("critical_mb = 800", (800, 800, 800)),
            ("critical_mb = 1900", (1500, 1900, 1900)),
            ("high_mb = 600\ncritical_mb = 800", (600, 600, 800)),
            ("raised_mb = 2500", (2500, 2500, 3000)),
            ("raised_mb = 600\ncritical_mb = 700", (600, 700, 700)),
            ("elevated_mb = 9000", (9000, 9000, 9000)),
            ("raised_mb = 1", (1, 2000, 3000)),
        ],
    )
    def test_a_default_gives_way_to_limits_that_are_set(
        self, text: str, limits: tuple[int, ...]
    ) -> None:
        """Who sets one limit means it, and need not know the others."""
        values, complaints = parse_config(f"[alerts]\n{text}\n")
        assert complaints == []
        alerts = from_config(values).alerts
        assert (alerts.raised_mb, alerts.high_mb, alerts.critical_mb) == limits

    def test_pid_and_match_exclude_each_other(self) -> None:
        """As their flags do. Neither is used, because either could be the mistake."""
        values, complaints = parse_config('pid = 7\nmatch = "x"\ninterval_s = 5\n')
        assert values == {"interval_s": 5.0}
        assert complaints == [Complaint(2, "match cannot be combined with pid: neither is used")]

    def test_a_variable_takes_the_place_of_the_other_one(self) -> None:
        """It is newer than the file; two variables are a mistake."""
        name = "RUNANALYZE_TRAY_"
        assert parse_environment({f"{name}MATCH": "x"}, {"pid": 7}) == ({"match": "x"}, [])
        assert parse_environment({f"{name}PID": "7"}, {"match": "x"}) == ({"pid": 7}, [])
        both = {f"{name}MATCH": "x", f"{name}PID": "7"}
        told = f"{name}MATCH cannot be combined with pid: neither is used"
        assert parse_environment(both, {}) == ({}, [told])

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
        """A variable set for one start counts for that start."""
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
            ("INTERVAL_S", "soon", "INTERVAL_S must be a number (given: soon)"),
            ("INTERVAL_S", "nan", "INTERVAL_S must be from 0.2 to 3600 seconds (given: nan)"),
            ("MODE", "", "MODE must be one of auto, api, fallback"),
            ("DETAILS", "perhaps", "DETAILS must be true or false (given: perhaps)"),
            (
                "INTERVALL",
                "2",
                "INTERVALL: unknown setting (did you mean RUNANALYZE_TRAY_INTERVAL_S?)",
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

    def test_a_limit_that_contradicts_the_files_is_left_out(self) -> None:
        """The file's limits stay."""
        environment = {"RUNANALYZE_TRAY_ALERTS_CRITICAL_MB": "600"}
        values, complaints = parse_environment(environment, {"alerts.high_mb": 800.0})
        assert values == {"alerts.high_mb": 800.0}
        assert complaints == [
            "RUNANALYZE_TRAY_ALERTS_CRITICAL_MB = 600 is below high_mb = 800:"
            " the limits stay 800, 800, 3000"
        ]
        environment = {"RUNANALYZE_TRAY_ALERTS_RAISED_MB": "900"}
        _, complaints = parse_environment(environment, {"alerts.high_mb": 800.0})
        assert complaints == [
            "RUNANALYZE_TRAY_ALERTS_RAISED_MB: alerts.high_mb = 800 is below raised_mb = 900:"
            " the limits stay 800, 800, 3000"
        ]


class TestSecrets:
    def test_a_token_is_a_header(self) -> None:
        """It is sent as bearer, in the place of what the file has under that name."""
        values, _ = parse_config('[headers]\nauthorization = "Basic old"\nX-Key = "k e y"\n')
        values, _ = parse_environment({"RUNANALYZE_TRAY_TOKEN": "t0p"}, values)
        assert from_config(values).headers.fields == (
            ("X-Key", "k e y"),
            ("Authorization", "Bearer t0p"),
        )

    def test_an_engine_has_its_own(self) -> None:
        """A server's token is never sent to Prometheus, nor the other way round."""
        values, complaints = parse_config(
            'token = "s3rver"\n[fleet]\ntoken = "3ngine"\nprometheus = "p:9090"\n'
            'selector = \'team="video"\'\n[fleet.headers]\nX-Scope-OrgID = "a"\n'
        )
        settings = from_config(values)
        assert complaints == []
        assert settings.headers.fields == (("Authorization", "Bearer s3rver"),)
        assert settings.fleet_headers.fields == (
            ("X-Scope-OrgID", "a"),
            ("Authorization", "Bearer 3ngine"),
        )
        assert settings.prometheus is not None
        assert settings.prometheus.url == "http://p:9090"
        assert str(settings.selector) == 'team="video"'

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


def test_when_alerts_come_can_be_set() -> None:
    """Holds, repeats, recovery, and the limits of machine, leaks, temp directory and disk."""
    text = """
        [alerts]
        raised_hold_s = 0
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
    assert (alerts.raised_hold_s, alerts.critical_repeat_min, alerts.recovery_s) == (0, 5, 10)
    assert (alerts.available_mb, alerts.leak_mb, alerts.temp_mb, alerts.disk_gb) == (
        *(1000, 80, 500),
        2,
    )
    assert alerts.critical_exempt is False
    _, complaints = parse_config("[alerts]\ncritical_exempt = 1\nleak_mb = 0\n")
    assert [complaint.line for complaint in complaints] == [2, 3]


class TestLimitsOfAlerts:
    def test_a_share_stands_beside_mb(self) -> None:
        """Percent of the machine's memory, in quotes."""
        values, complaints = parse_config('[alerts]\ncritical = "80 %"\nhigh_mb = 1800')
        assert not complaints
        alerts = from_config(values).alerts
        assert (alerts.critical_percent, alerts.high_mb) == (80.0, 1800.0)
        assert parse_environment({"RUNANALYZE_TRAY_ALERTS_HIGH": "55.5%"}, {}) == (
            {"alerts.high": 55.5},
            [],
        )

    @pytest.mark.parametrize(
        "value", ["80", '"80"', '"0 %"', '"101 %"', '"x %"', '"nan %"', "true"]
    )
    def test_what_is_no_share_is_a_complaint(self, value: str) -> None:
        """The line says what it must be."""
        values, complaints = parse_config(f"[alerts]\ncritical = {value}")
        wanted = 'alerts.critical must be text such as "80 %", from 1 to 100'
        assert (values, [each.text for each in complaints]) == ({}, [wanted])

    def test_shares_rise_too(self) -> None:
        """Those that are set, among each other."""
        values, complaints = parse_config('[alerts]\nraised = "60 %"\ncritical = "50 %"')
        assert values == {}
        assert [each.text for each in complaints] == [
            "alerts.critical = 50 is below raised = 60: none of these limits is used"
        ]

    def test_a_former_name_is_understood(self) -> None:
        """'raised' was called 'elevated'. Of two names the new one counts."""
        values, complaints = parse_config("[alerts]\nelevated_mb = 700")
        assert (values, complaints) == ({"alerts.raised_mb": 700.0}, [])
        both = "[alerts]\nraised_mb = 800\nelevated_mb = 700"
        assert parse_config(both) == ({"alerts.raised_mb": 800.0}, [])
        environment = {"RUNANALYZE_TRAY_ALERTS_ELEVATED_MB": "900"}
        assert parse_environment(environment, values) == ({"alerts.raised_mb": 900.0}, [])
