"""Serial numbers, instants and formatted dates."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.script.dates import format_date, instant_ms, serial_of, zone

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"])


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), ZONES)  # noqa: DTZ001  # wall clocks have no zone
def test_a_serial_number_comes_back_unless_clocks_skipped_it(wall: datetime, name: str) -> None:
    where = zone(name)
    serial = (wall.replace(microsecond=0) - datetime(1899, 12, 30)).total_seconds() / 86_400  # noqa: DTZ001
    instant = instant_ms(serial, where)
    assert instant is not None
    back = serial_of(instant, where)
    shown = wall.replace(microsecond=0, tzinfo=where)
    skipped = shown.astimezone(UTC).astimezone(where).replace(tzinfo=None) != wall.replace(microsecond=0)
    assert skipped or abs(back - serial) * 86_400_000 < 1


def test_noon_is_noon_in_summer_and_in_winter() -> None:
    summer, winter = instant_ms(45474.5, BERLIN), instant_ms(45292.5, BERLIN)
    assert summer is not None and winter is not None
    assert datetime.fromtimestamp(summer / 1000, UTC).hour == 10
    assert datetime.fromtimestamp(winter / 1000, UTC).hour == 11


def test_a_number_beyond_the_calendar_is_no_date() -> None:
    assert instant_ms(1e12, BERLIN) is None


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSS", "2024-07-02 00:05:06.007"),
        ("d/M/yy h:mm a", "2/7/24 12:05 AM"),
        ("EEE, dd MMM", "Tue, 02 Jul"),
        ("EEEE MMMM", "Tuesday July"),
        ("yyyy-MM-dd'T'HH:mmXXX", "2024-07-02T00:05+02:00"),
        ("h 'o''clock' z Z X XX", "12 o'clock CEST +0200 +02 +0200"),
        ("D u k K", "184 2 24 0"),
    ],
)
def test_dates_are_written_by_javas_letters(pattern: str, text: str) -> None:
    at = datetime(2024, 7, 1, 22, 5, 6, 7000, tzinfo=UTC).timestamp() * 1000
    assert format_date(at, "Europe/Berlin", pattern) == text


@pytest.mark.parametrize(("name", "hours"), [("GMT+1", 1), ("GMT-03:30", -3.5), ("UTC", 0), ("Etc/GMT", 0)])
def test_zones_are_names_or_offsets(name: str, hours: float) -> None:
    offset = datetime(2024, 1, 1, tzinfo=zone(name)).utcoffset()
    assert offset is not None
    assert offset.total_seconds() == hours * 3600


def test_an_unknown_zone_or_letter_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="Nowhere"):
        zone("Nowhere")
    with pytest.raises(ValueError, match="'q'"):
        format_date(0, "UTC", "q")
