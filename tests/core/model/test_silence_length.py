"""When a silence ends, by the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import pytest

from tray_app.core.model.silence_length import SilenceLength, ends_s


class Berlin(tzinfo):
    """UTC+1, and UTC+2 from 29 March 2026, 01:00 UTC, to 25 October, 01:00 UTC."""

    def utcoffset(self, dt: datetime | None) -> timedelta:
        assert dt is not None
        local = dt.replace(tzinfo=None)
        is_after = dt.fold == 1 and local.hour == 2
        summer = datetime(2026, 3, 29, 2) <= local < datetime(2026, 10, 25, 3) and not is_after
        return timedelta(hours=2 if summer else 1)

    def dst(self, dt: datetime | None) -> timedelta:
        return self.utcoffset(dt) - timedelta(hours=1)


def moment(text: str) -> float:
    """Of a time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("length", "now", "end"),
    [
        (SilenceLength.HOUR, "2026-10-25 00:30", "2026-10-25 01:30"),
        (SilenceLength.FOUR_HOURS, "2026-03-28 23:00", "2026-03-29 03:00"),
        # Clocks go forward and back in the night: 08:00 is 06:00 UTC, and 07:00.
        (SilenceLength.MORNING, "2026-03-28 17:00", "2026-03-29 06:00"),
        (SilenceLength.MORNING, "2026-10-24 17:00", "2026-10-25 07:00"),
        # 01:30 is still the night, 07:00 is a new day.
        (SilenceLength.MORNING, "2026-01-10 00:30", "2026-01-10 07:00"),
        (SilenceLength.MORNING, "2026-01-10 06:00", "2026-01-11 07:00"),
    ],
)
def test_the_end_is_right_across_a_change_of_the_clocks(
    length: SilenceLength, now: str, end: str
) -> None:
    """An hour is an hour, and a morning is one by the clock on the wall."""
    assert ends_s(length, moment(now), Berlin()) == moment(end)


def test_this_machines_time_zone_is_used() -> None:
    """The morning is eight o'clock here."""
    end = datetime.fromtimestamp(ends_s(SilenceLength.MORNING, moment("2026-06-01 12:00")))
    assert (end.hour, end.minute) == (8, 0)
