"""Which family carries a column, and which types are not carried yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.errors import UnsupportedType
from core.model import TableColumn
from core.values import Codec
from core.values.boolean import BooleanCodec
from core.values.dates import DateCodec, DateTimeCodec
from core.values.decimals import DecimalCodec
from core.values.enum import EnumCodec
from core.values.floating import DoubleCodec
from core.values.text import BYTES_MAX, TextCodec
from core.values.whole import BITS, WholeCodec

FAMILIES: Mapping[str, Callable[[TableColumn], Codec]] = {
    **dict.fromkeys(BITS, WholeCodec),
    "decimal": DecimalCodec,
    "numeric": DecimalCodec,
    "double": DoubleCodec,
    "date": DateCodec,
    "datetime": DateTimeCodec,
    "enum": EnumCodec,
}
"""By MySQL's data type; a family that is added here is carried everywhere. Text has an option of its own."""

TEXT_TYPES = frozenset({"char", "varchar", *BYTES_MAX})


def codec_for(column: TableColumn, *, empty_text: bool = False) -> Codec:
    """The codec of a column.

    Args:
        column: as information_schema describes it.
        empty_text: whether an empty cell of a text column that may be NULL means ``''`` and not NULL.

    Raises:
        UnsupportedType: the column's type is not carried yet.
    """
    if column.data_type in TEXT_TYPES:
        return TextCodec(column, empty_text=empty_text)
    if column.column_type.startswith("tinyint(1)"):
        return BooleanCodec(column)
    family = FAMILIES.get(column.data_type)
    if family is None or _rounds(column):
        raise UnsupportedType(
            f"column {column.name} has the type {column.column_type}, which Twinsheet does not carry yet.",
            f"Leave {column.name} out of the link's columns, or give it another type.",
        )
    return family(column)


def _rounds(column: TableColumn) -> bool:
    """DOUBLE(m,d) stores another number than the one it is given."""
    return column.data_type == "double" and "(" in column.column_type
