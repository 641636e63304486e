"""Laws that every codec keeps, tried on whatever values its column can hold."""

from __future__ import annotations

import json
import math
import struct
from array import array
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Unfit
from core.model import TableColumn
from core.values import CellError, Codec, Serial, SheetValue
from core.values.catalog import codec_for

MEMBERS = ("new", "Shipped", "00501", "1/2", "TRUE", "äöü")

COLUMNS: dict[str, TableColumn] = {
    "tinyint": TableColumn("c", "tinyint", "tinyint"),
    "int unsigned": TableColumn("c", "int", "int unsigned"),
    "bigint": TableColumn("c", "bigint", "bigint"),
    "bigint unsigned": TableColumn("c", "bigint", "bigint unsigned", nullable=False),
    "boolean": TableColumn("c", "tinyint", "tinyint(1)"),
    "decimal(10,2)": TableColumn("c", "decimal", "decimal(10,2)", precision=10, scale=2),
    "decimal(65,30)": TableColumn("c", "decimal", "decimal(65,30)", precision=65, scale=30),
    "double": TableColumn("c", "double", "double"),
    "varchar": TableColumn("c", "varchar", "varchar(200)", length_chars=200, charset="utf8mb4"),
    "varchar not null": TableColumn("c", "varchar", "varchar(200)", nullable=False, length_chars=200),
    "char": TableColumn("c", "char", "char(200)", length_chars=200, charset="utf8mb4"),
    "text": TableColumn("c", "text", "text", charset="utf8mb4"),
    "date": TableColumn("c", "date", "date"),
    "datetime": TableColumn("c", "datetime", "datetime"),
    "datetime(3)": TableColumn("c", "datetime", "datetime(3)", fraction_digits=3),
    "datetime(6)": TableColumn("c", "datetime", "datetime(6)", fraction_digits=6),
    "time": TableColumn("c", "time", "time"),
    "time(6)": TableColumn("c", "time", "time(6)", fraction_digits=6),
    "timestamp": TableColumn("c", "timestamp", "timestamp"),
    "timestamp(6)": TableColumn("c", "timestamp", "timestamp(6)", fraction_digits=6),
    "year": TableColumn("c", "year", "year"),
    "enum": TableColumn("c", "enum", "enum(…)", options=MEMBERS),
    "set": TableColumn("c", "set", "set(…)", options=MEMBERS),
    "json": TableColumn("c", "json", "json"),
    "bit(1)": TableColumn("c", "bit", "bit(1)", precision=1),
    "bit(64)": TableColumn("c", "bit", "bit(64)", precision=64),
    "varbinary": TableColumn("c", "varbinary", "varbinary(200)", length_chars=200),
    "geometry": TableColumn("c", "geometry", "geometry"),
    "vector": TableColumn("c", "vector", "vector(9)"),
}


def decimals(digits: int, scale: int) -> st.SearchStrategy[Decimal]:
    """Every value of DECIMAL(digits, scale), as mysql-connector returns it."""
    limit = 10**digits - 1
    return st.integers(-limit, limit).map(lambda n: Decimal(f"{n}E-{scale}"))


def moments(unit_us: int) -> st.SearchStrategy[datetime]:
    """Moments that are whole in that many microseconds."""
    return st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)).map(  # noqa: DTZ001 - no zone
        lambda moment: moment.replace(microsecond=moment.microsecond // unit_us * unit_us)
    )


def single(numbers: list[float]) -> array[float]:
    """What mysql-connector returns for a VECTOR."""
    return array("f", numbers)


def sets_of(members: list[str]) -> str:
    """As MySQL spells a SET: in the column's order."""
    return ",".join(member for member in MEMBERS if member in members)


_points = st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats(-90, 90))
_lines = st.lists(_points, min_size=1, max_size=4)


def point(at: tuple[float, float]) -> bytes:
    return struct.pack("<BIdd", 1, 1, *at)


def line(points: list[tuple[float, float]]) -> bytes:
    return struct.pack("<BII", 1, 2, len(points)) + b"".join(struct.pack("<dd", *at) for at in points)


def collection(kind: int, parts: list[bytes]) -> bytes:
    return struct.pack("<BII", 1, kind, len(parts)) + b"".join(parts)


shapes = st.one_of(
    _points.map(point),
    _lines.map(line),
    st.lists(_points.map(point), min_size=1, max_size=3).map(lambda parts: collection(4, parts)),
    st.lists(_lines.map(line), min_size=1, max_size=3).map(lambda parts: collection(5, parts)),
    st.lists(_points.map(point) | _lines.map(line), max_size=3).map(lambda parts: collection(7, parts)),
    st.lists(_lines, min_size=1, max_size=2).map(
        lambda rings: collection(3, [line(ring)[5:] for ring in rings])  # a ring is a line without its head
    ),
)

documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5).filter(str.isprintable), inner),
    max_leaves=12,
)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200)

instants = st.datetimes(datetime(1970, 1, 1, 0, 0, 1), datetime(2038, 1, 19, 3, 14, 7))  # noqa: DTZ001 - UTC, unsaid

TABLE_VALUES: dict[str, st.SearchStrategy[object]] = {
    "tinyint": st.integers(-128, 127),
    "int unsigned": st.integers(0, 2**32 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "bigint unsigned": st.integers(0, 2**64 - 1),
    "boolean": st.integers(-128, 127),
    "decimal(10,2)": decimals(10, 2),
    "decimal(65,30)": decimals(65, 30),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "varchar": texts,
    "varchar not null": texts,
    "char": texts.map(lambda text: text.rstrip(" ")),
    "text": texts,
    "date": st.dates() | st.sampled_from(["0000-00-00", "2024-00-00", "0000-01-31"]),
    "datetime": moments(1_000_000) | st.just("0000-00-00 00:00:00"),
    "datetime(3)": moments(1000),
    "datetime(6)": moments(1),
    "time": st.integers(-3020399, 3020399).map(lambda seconds: timedelta(seconds=seconds)),
    "time(6)": st.integers(-3020399 * 10**6, 3020399 * 10**6).map(lambda us: timedelta(microseconds=us)),
    "timestamp": instants.map(lambda at: at.replace(microsecond=0)) | st.just("0000-00-00 00:00:00"),
    "timestamp(6)": instants,
    "year": st.integers(1901, 2155) | st.just(0),
    "enum": st.sampled_from(MEMBERS),
    "set": st.lists(st.sampled_from(MEMBERS)).map(sets_of),
    "json": documents.map(json.dumps),
    "bit(1)": st.integers(0, 1),
    "bit(64)": st.integers(0, 2**64 - 1),
    "varbinary": st.binary(max_size=200),
    "geometry": st.tuples(st.sampled_from([0, 4326]), shapes).map(lambda it: struct.pack("<I", it[0]) + it[1]),
    "vector": st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=9).map(
        single
    ),
}

each_column = pytest.mark.parametrize("kind", COLUMNS)
anything_typed: st.SearchStrategy[SheetValue] = st.one_of(
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.floats().map(Serial),
    st.sampled_from(["12.50", "1e3", "00501", "=1+1", " 7 ", "-0", "2024-05-06", "2024-05-06T07:08", "9" * 400]),
    st.dates().map(str),
    st.floats(0, 3e6).map(lambda days: Serial(round(days * 86400) / 86400)),
)


def codec(kind: str) -> Codec:
    return codec_for(COLUMNS[kind])


def reread(codec: Codec, canonical: str | None) -> str | None:
    """What a cell says after the value was written into it."""
    return codec.from_sheet(codec.to_sheet(canonical))


@each_column
@given(data=st.data())
def test_a_value_of_the_table_comes_back_from_the_sheet_and_goes_back_into_the_table_unchanged(
    kind: str, data: st.DataObject
) -> None:
    stored = data.draw(TABLE_VALUES[kind])
    canonical = codec(kind).from_table(stored)
    back = reread(codec(kind), canonical)
    assert codec(kind).same(back, canonical)
    if back is not None and canonical != "-0":  # cells have no negative zero
        assert back == canonical
        assert codec(kind).from_table(codec(kind).to_table(back)) == canonical


@each_column
@given(typed=anything_typed)
def test_what_is_typed_is_refused_or_comes_back_from_the_table_and_again_from_the_sheet(
    kind: str, typed: SheetValue
) -> None:
    try:
        canonical = codec(kind).from_sheet(typed)
        parameter = codec(kind).to_table(canonical)
    except Unfit as refusal:
        assert refusal.message.startswith("c: ")
        return
    if canonical is not None:
        assert codec(kind).from_table(parameter) == canonical
        assert codec(kind).same(reread(codec(kind), canonical), canonical)


@each_column
@given(data=st.data())
def test_a_canonical_text_that_is_typed_is_itself(kind: str, data: st.DataObject) -> None:
    canonical = codec(kind).from_table(data.draw(TABLE_VALUES[kind]))
    if canonical:
        assert codec(kind).from_sheet(canonical) == canonical


@each_column
@given(data=st.data())
def test_a_value_is_the_same_as_itself_and_no_other_value_but_an_empty_text_is_the_same_as_null(
    kind: str, data: st.DataObject
) -> None:
    canonical = codec(kind).from_table(data.draw(TABLE_VALUES[kind]))
    assert codec(kind).same(canonical, canonical)
    assert codec(kind).same(canonical, None) == (not canonical)


@each_column
@given(data=st.data())
def test_the_order_of_canonical_texts_is_the_order_of_the_values(kind: str, data: st.DataObject) -> None:
    a, b = data.draw(st.tuples(TABLE_VALUES[kind], TABLE_VALUES[kind]))
    column = codec(kind)
    first, second = column.from_table(a), column.from_table(b)
    assert first is not None
    assert second is not None
    if kind in ("json", "geometry", "vector", "set"):  # sorted in an order of their own
        assert (first == second) <= (column.order_key(first) == column.order_key(second))
        return
    if kind == "enum":
        less = MEMBERS.index(first) < MEMBERS.index(second)
    else:
        less = a < b if type(a) is type(b) else first < second  # type: ignore[operator] # zero dates are texts
    assert (column.order_key(first) < column.order_key(second)) == less


@each_column
def test_a_cell_that_shows_an_error_is_refused_with_what_it_shows(kind: str) -> None:
    with pytest.raises(Unfit, match=r"^c: the cell shows #DIV/0!$"):
        codec(kind).from_sheet(CellError("#DIV/0!"))


@each_column
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(kind: str, number: float) -> None:
    with pytest.raises(Unfit):
        codec(kind).from_sheet(number)


@each_column
def test_null_is_an_empty_cell_and_a_cleared_cell_is_empty_however_it_was_cleared(kind: str) -> None:
    column = codec(kind)
    assert column.to_sheet(None) is None
    assert column.from_sheet(None) == column.from_sheet("")
    assert column.same(column.from_sheet(None), None)


@each_column
def test_null_is_kept_out_of_a_column_that_takes_none(kind: str) -> None:
    column = codec(kind)
    if COLUMNS[kind].nullable:
        assert column.to_table(None) is None
    else:
        with pytest.raises(Unfit, match=r"^c: must not be empty$"):
            column.to_table(None)


@each_column
def test_texts_arrive_from_a_driver_as_bytes_too(kind: str) -> None:
    column = codec(kind)
    if kind.startswith(("bit", "varbinary", "geometry", "vector")):
        return  # their values are bytes
    examples = {"date": "2024-05-06", "enum": "Shipped", "set": "new,TRUE", "time": "07:08:09", "year": "2024"}
    examples |= dict.fromkeys(("datetime", "timestamp"), "2024-05-06 07:08:09")
    example = examples.get(kind.split("(", maxsplit=1)[0], "1")
    assert column.from_table(bytearray(example.encode())) == column.from_table(example)


def test_dates_of_the_table_that_are_no_dates_are_shown_as_they_stand() -> None:
    assert codec("date").to_sheet("0000-00-00") == "0000-00-00"
    never_null = codec_for(TableColumn("c", "date", "date", nullable=False))
    assert never_null.from_table(None) == "0000-00-00"
    assert codec("date").from_table(None) is None
    assert codec("date").from_table(date(2024, 5, 6)) == "2024-05-06"


OF_ANOTHER_TYPE: list[object] = [
    5, -1, 2**70, 1.5, math.nan, Decimal("1.50"), "abc", "", "\0", b"abc", b"\xff\xfe", b"", b"\0" * 25, True, "0b1",
    date(2024, 1, 2), datetime.fromisoformat("2024-01-02T03:04:05.000006"), timedelta(hours=30), {"a", "b"}, {"a": 1},
    {b"a": b"x"}, [1], (1.0,), array("f", [1.0]), object(),
]  # fmt: skip


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("value", OF_ANOTHER_TYPE, ids=lambda value: type(value).__name__)
def test_what_a_column_held_before_it_was_altered_is_read_or_refused(name: str, value: object) -> None:
    """The binlog tells of rows as they were, and a table that was altered a moment ago is read by its old types."""
    try:
        text = codec_for(COLUMNS[name]).from_table(value)
    except Unfit as refusal:
        assert refusal.message.startswith("c: ")
    else:
        assert text is None or isinstance(text, str)


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("text", ["A-1", "2024-05-06", "1.50", "-7", "[1,2]", ""])
def test_a_key_or_base_of_before_an_alter_table_is_a_parameter_of_the_column_or_refused(name: str, text: str) -> None:
    try:
        codec_for(COLUMNS[name]).to_table(text)
    except Unfit as refusal:
        assert refusal.message.startswith("c: ")
