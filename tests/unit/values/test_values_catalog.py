"""Which types are carried, and how the others are refused."""

from __future__ import annotations

import pytest
from values_columns import column

from core.errors import UnsupportedType
from core.model import TableColumn
from core.values.binary import BinaryCodec
from core.values.bits import BitCodec
from core.values.boolean import BooleanCodec
from core.values.catalog import codec_for
from core.values.dates import DateCodec, DateTimeCodec
from core.values.decimals import DecimalCodec
from core.values.enum import EnumCodec
from core.values.floating import DoubleCodec
from core.values.geometry import GeometryCodec
from core.values.json_text import JsonCodec
from core.values.sets import SetCodec
from core.values.text import TextCodec
from core.values.time_of_day import TimeCodec
from core.values.timestamps import TimestampCodec
from core.values.vectors import VectorCodec
from core.values.whole import WholeCodec
from core.values.year import YearCodec


@pytest.mark.parametrize(
    ("declared", "family"),
    [
        ("tinyint", WholeCodec),
        ("tinyint(4)", WholeCodec),
        ("tinyint(1)", BooleanCodec),
        ("tinyint(1) unsigned", BooleanCodec),
        ("bigint(20) unsigned", WholeCodec),
        ("decimal(10,2)", DecimalCodec),
        ("double", DoubleCodec),
        ("char(2)", TextCodec),
        ("varchar(9)", TextCodec),
        ("mediumtext", TextCodec),
        ("date", DateCodec),
        ("datetime(3)", DateTimeCodec),
        ("enum('a','b')", EnumCodec),
        ("time(3)", TimeCodec),
        ("timestamp", TimestampCodec),
        ("year(4)", YearCodec),
        ("set('a','b')", SetCodec),
        ("json", JsonCodec),
        ("bit(1)", BitCodec),
        ("binary(16)", BinaryCodec),
        ("varbinary(16)", BinaryCodec),
        ("tinyblob", BinaryCodec),
        ("longblob", BinaryCodec),
        ("geometry", GeometryCodec),
        ("point", GeometryCodec),
        ("geomcollection", GeometryCodec),
        ("vector(3)", VectorCodec),
    ],
)
def test_a_type_is_carried_by_its_family(declared: str, family: type) -> None:
    assert type(codec_for(column(declared))) is family


@pytest.mark.parametrize(
    "declared",
    [
        "float",
        "double(10,2)",
        "uuid",
        "inet6",
    ],
)
def test_a_type_that_is_not_carried_is_refused_by_name(declared: str) -> None:
    with pytest.raises(UnsupportedType) as refusal:
        codec_for(column(declared, name="when_made"))
    assert refusal.value.message == f"column when_made has the type {declared}, which Twinsheet does not carry yet."
    assert "when_made" in refusal.value.hint


@pytest.mark.parametrize("kind", ["enum", "set"])
def test_a_column_whose_members_nobody_can_spell_is_refused(kind: str) -> None:
    with pytest.raises(
        UnsupportedType, match="column mood has members with characters that the server does not tell"
    ):
        codec_for(TableColumn("mood", kind, f"{kind}('?')"))


@pytest.mark.parametrize("declared", ["float", "double(10,2)"])
def test_a_type_whose_digits_nobody_can_see_is_refused_with_one_that_would_do(declared: str) -> None:
    with pytest.raises(UnsupportedType) as refusal:
        codec_for(column(declared))
    assert "such as DOUBLE" in refusal.value.hint
