"""Which family carries a column, and which types are not carried."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.errors import UnsupportedType
from core.model import TableColumn
from core.values import Codec
from core.values.binary import BINARY_TYPES, BinaryCodec
from core.values.bits import BitCodec
from core.values.boolean import BooleanCodec
from core.values.dates import DateCodec, DateTimeCodec
from core.values.decimals import DecimalCodec
from core.values.enum import EnumCodec
from core.values.floating import DoubleCodec
from core.values.geometry import GEOMETRY_TYPES, GeometryCodec
from core.values.json_text import JSON_AS_TEXT, JsonAsTextCodec, JsonCodec
from core.values.sets import SetCodec
from core.values.text import BYTES_MAX, TextCodec
from core.values.time_of_day import TimeCodec
from core.values.timestamps import TimestampCodec
from core.values.vectors import VectorCodec
from core.values.whole import BITS, WholeCodec
from core.values.year import YearCodec

FAMILIES: Mapping[str, Callable[[TableColumn], Codec]] = {
    **dict.fromkeys(BITS, WholeCodec),
    "decimal": DecimalCodec,
    "numeric": DecimalCodec,
    "double": DoubleCodec,
    "date": DateCodec,
    "datetime": DateTimeCodec,
    "time": TimeCodec,
    "timestamp": TimestampCodec,
    "year": YearCodec,
    "enum": EnumCodec,
    "set": SetCodec,
    "json": JsonCodec,
    "bit": BitCodec,
    **dict.fromkeys(BINARY_TYPES, BinaryCodec),
    **dict.fromkeys(GEOMETRY_TYPES, GeometryCodec),
    "vector": VectorCodec,
}
"""By MySQL's data type; a family that is added here is carried everywhere. Text has an option of its own."""

_MEMBERED = frozenset({"enum", "set"})
_INEXACT = frozenset({"float", "double"})

TEXT_TYPES = frozenset({"char", "varchar", *BYTES_MAX})


def codec_for(column: TableColumn, *, empty_text: bool = False) -> Codec:
    """The codec of a column.

    Args:
        column: as information_schema describes it.
        empty_text: whether an empty cell of a text column that may be NULL means ``''`` and not NULL.

    Raises:
        UnsupportedType: the column's type is not carried yet.
    """
    if column.data_type == "longtext" and column.column_type == JSON_AS_TEXT:
        return JsonAsTextCodec(column, empty_text=False)
    if column.data_type in TEXT_TYPES:
        return TextCodec(column, empty_text=empty_text)
    if column.column_type.startswith("tinyint(1)"):
        return BooleanCodec(column)
    if column.data_type in _MEMBERED and not column.options:
        raise UnsupportedType(
            f"column {column.name} has members with characters that the server does not tell, such as emoji.",
            f"Leave {column.name} out of the link's columns, or rename its members.",
        )
    family = FAMILIES.get(column.data_type)
    if family is None or _rounds(column):
        raise UnsupportedType(
            f"column {column.name} has the type {column.column_type}, which Twinsheet does not carry yet.",
            f"Leave {column.name} out of the link's columns, or give it another type{_instead(column)}.",
        )
    return family(column)


def _instead(column: TableColumn) -> str:
    """What would be carried; a FLOAT is shown by the server with six digits, whatever it holds."""
    return ", such as DOUBLE, which shows every digit that it holds" if column.data_type in _INEXACT else ""


def _rounds(column: TableColumn) -> bool:
    """DOUBLE(m,d) stores another number than the one it is given."""
    return column.data_type == "double" and "(" in column.column_type
