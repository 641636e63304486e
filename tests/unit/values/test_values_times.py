"""TIME, TIMESTAMP and YEAR, by example."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from values_columns import codec, refused

from core.values import Serial, SheetValue


@pytest.mark.parametrize(
    ("declared", "held", "canonical"),
    [
        ("time", Serial(0.5), "12:00:00"),
        ("time", 0, "00:00:00"),
        ("time", Serial(1.0625), "25:30:00"),
        ("time", Serial(-0.5), "-12:00:00"),
        ("time", "7:08", "07:08:00"),
        ("time", " 838:59:59 ", "838:59:59"),
        ("time", "-00:00:00", "00:00:00"),
        ("time(3)", Serial(0.25 + 0.123 / 86400), "06:00:00.123"),
        ("time(6)", "-00:00:00.000001", "-00:00:00.000001"),
    ],
)
def test_a_time_has_exactly_the_digits_of_its_column(declared: str, held: SheetValue, canonical: str) -> None:
    assert codec(declared).from_sheet(held) == canonical


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ("00:00:00.000000", Serial(0.0)),
        ("12:00:00.000000", Serial(0.5)),
        ("24:00:00.000000", "24:00:00.000000"),
        ("-00:00:01.000000", "-00:00:01.000000"),
        ("12:00:00.000001", "12:00:00.000001"),
    ],
)
def test_a_time_of_one_day_is_a_serial_number_and_any_other_stands_as_text(held: str, shown: SheetValue) -> None:
    times = codec("time(6)")
    assert times.to_sheet(held) == shown
    assert times.from_sheet(shown) == held


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ("839:00:00", "c: 839:00:00 is not a time like 07:08:09, from -838:59:59 to 838:59:59"),
        (Serial(45418.5), "c: 45418.5 is not a time like 07:08:09, from -838:59:59 to 838:59:59"),
        (Serial(float("nan")), "is not a time like 07:08:09"),
        (Serial(0.5 / 86400), "is too fine, the column holds whole seconds"),
        (Serial(0.0005 / 86400), "is finer than a thousandth of a second"),
        ("7:60", "c: 7:60 is not a time like"),
        ("noon", "c: noon is not a time like"),
        (True, "c: TRUE is not a time like"),
    ],
)
def test_what_a_time_column_cannot_hold_is_refused_with_what_would_fit(held: SheetValue, reason: str) -> None:
    assert reason in refused(codec("time"), held)


def test_a_cell_with_a_length_of_time_shows_all_its_hours() -> None:
    assert codec("time").number_format == ("TIME", "[hh]:mm:ss")
    assert codec("time(6)").number_format == ("TIME", "[hh]:mm:ss.000")


def test_the_binlog_gives_times_as_lengths() -> None:
    assert codec("time(6)").from_table(timedelta(hours=-838, microseconds=-1)) == "-838:00:00.000001"
    assert codec("time").from_table(timedelta(days=1)) == "24:00:00"


def test_times_sort_by_length() -> None:
    times = ["100:00:00", "-02:00:00", "10:00:00", "00:00:00", "-10:00:00", "02:00:00"]
    ordered = ["-10:00:00", "-02:00:00", "00:00:00", "02:00:00", "10:00:00", "100:00:00"]
    assert sorted(times, key=codec("time").order_key) == ordered


@pytest.mark.parametrize("held", ["1970-01-01 00:00:01", "2038-01-19 03:14:07", "0000-00-00 00:00:00"])
def test_a_timestamp_is_a_moment_in_utc(held: str) -> None:
    moments = codec("timestamp")
    assert moments.from_sheet(moments.to_sheet(held)) == moments.from_table(held) == held


@pytest.mark.parametrize("held", ["1969-12-31 23:59:59", "2106-02-07 06:28:16", "0000-00-00 00:00:01", Serial(0)])
def test_a_moment_that_no_timestamp_holds_is_refused_with_the_limits(held: SheetValue) -> None:
    assert "is not between 1970-01-01 00:00:01 and 2038-01-19 03:14:07 in UTC" in refused(codec("timestamp"), held)


def test_the_binlog_gives_the_zero_timestamp_as_the_moment_that_none_can_be() -> None:
    assert codec("timestamp").from_table(datetime(1970, 1, 1)) == "0000-00-00 00:00:00"  # noqa: DTZ001  the binlog's


@pytest.mark.parametrize(
    ("held", "canonical"), [(2024, "2024"), (2024.0, "2024"), ("2024", "2024"), (0, "0000"), ("0000", "0000")]
)
def test_a_year_has_four_digits(held: SheetValue, canonical: str) -> None:
    years = codec("year")
    assert years.from_sheet(held) == canonical
    assert years.from_sheet(years.to_sheet(canonical)) == canonical
    assert years.to_table(canonical) == int(canonical)


@pytest.mark.parametrize(
    "held", [24, 1900, 2156, -2024, 2024.5, "'24", "next", True, Serial(45418), "9" * 50_000, 1e300]
)
def test_what_is_no_year_of_four_digits_is_refused(held: SheetValue) -> None:
    assert refused(codec("year"), held).endswith("is not a year from 1901 to 2155")


def test_the_binlog_counts_years_from_1900_on() -> None:
    assert codec("year").from_table(1900) == "0000"
