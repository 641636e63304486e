"""Proposes the type of a column for a table that is yet to be made, from all values of the sheet's column (pure).

The candidates are tried in an order from narrow to wide, each with its own codec: the first one that takes every
value, and gives each back as it was, is proposed. What a cell shows as text is never made a number: a column needs
one number at least to be one of numbers, and a text among them has to be spelled as the number is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from core.errors import Unfit
from core.model import TableColumn
from core.values import CellError, Codec, Serial, SheetValue
from core.values.catalog import codec_for
from core.values.spelling import DIGITS_SAFE, NUMBER_SAFE, decimal_of, shown

CHARSET, COLLATION = "utf8mb4", "utf8mb4_unicode_ci"
"""Both servers have them, whatever the schema's own are."""
TEXT_CHARS = (255, 2000)
"""Lengths of VARCHAR that are proposed; a text that is longer needs one of the TEXT types."""
INT_ROOMY_MAX = 10**9
"""Beyond this an INT would soon be full."""
SCALE_MIN, SCALE_MAX, PRECISION_MIN, PRECISION_MAX = 2, 30, 10, 65
PRECISION_SPARE = 2
HOURS_DAYS_MAX = 35
"""Serial numbers below this are times or lengths of time (TIME ends at 838 hours), not days of the year 1900."""
_NAMES = {bool: "TRUE or FALSE", int: "a number", float: "a number", str: "text", Serial: "a date or time"}

Cell = tuple[int, SheetValue]
"""1-based row of the tab, and what stands there."""


@dataclass(frozen=True, slots=True)
class NoType:
    """No type takes every value of the column."""

    reason: str


def infer_column(name: str, cells: Sequence[Cell]) -> TableColumn | NoType:
    """The narrowest type that takes all values; NULL is allowed where a cell is blank.

    Args:
        name: of the column.
        cells: every row of the data, blank cells too. What a formula could not compute says nothing.
    """
    filled = [(row, value) for row, value in cells if not _is_blank(value)]
    column = TableColumn(name, "", "", nullable=len(filled) < len(cells) or not filled)
    column = replace(column, has_default=column.nullable)
    fault = NoType("")
    for candidate in _candidates(column, filled):
        misfit = _first_misfit(candidate, filled)
        if misfit is None:
            return candidate
        fault = NoType(misfit)
    return _mixed(filled) or fault


def _is_blank(value: SheetValue) -> bool:
    return value is None or value == "" or isinstance(value, CellError)


def _candidates(column: TableColumn, filled: Sequence[Cell]) -> Iterator[TableColumn]:
    kinds = {type(value) for _, value in filled}
    if kinds == {bool}:
        yield _typed(column, "tinyint", "tinyint(1)")
    if Serial in kinds and kinds <= {Serial, str}:
        yield from _moments(column, filled)
    if kinds & {int, float} and kinds <= {int, float, str}:
        yield from _numbers(column, filled)
    if Serial not in kinds:
        yield from _texts(column)


def _moments(column: TableColumn, filled: Sequence[Cell]) -> Iterator[TableColumn]:
    if all(isinstance(v, Serial) and 0 <= v.days < HOURS_DAYS_MAX for _, v in filled):
        yield _typed(column, "time", "time")
        yield replace(_typed(column, "time", "time(3)"), fraction_digits=3)
    yield _typed(column, "date", "date")
    for digits in (0, 3, 6):
        kind = f"datetime({digits})" if digits else "datetime"
        yield replace(_typed(column, "datetime", kind), fraction_digits=digits)


def _numbers(column: TableColumn, filled: Sequence[Cell]) -> Iterator[TableColumn]:
    spelled = [number for _, value in filled if (number := _decimal(value)) is not None]
    if len(spelled) < len(filled):
        return  # a text among them
    largest = max(number.copy_abs() for number in spelled)
    if all(number == number.to_integral_value() for number in spelled):
        if largest <= INT_ROOMY_MAX:
            yield _typed(column, "int", "int")
        yield _typed(column, "bigint", "bigint")
        yield _typed(column, "bigint", "bigint unsigned")
    yield from _decimals(column, spelled, largest)
    if any(number != number.to_integral_value() for number in spelled) or largest < NUMBER_SAFE:
        yield _typed(column, "double", "double")


def _decimal(value: SheetValue) -> Decimal | None:
    return decimal_of(value) if isinstance(value, str) else Decimal(repr(value))


def _decimals(column: TableColumn, spelled: Sequence[Decimal], largest: Decimal) -> Iterator[TableColumn]:
    scale = max(SCALE_MIN, *(-int(number.as_tuple().exponent) for number in spelled))
    whole = max(1, largest.adjusted() + 1)
    exact = whole + scale
    precision = max(exact, PRECISION_MIN, min(exact + PRECISION_SPARE, DIGITS_SAFE))
    if scale <= SCALE_MAX and precision <= PRECISION_MAX:
        kind = f"decimal({precision},{scale})"
        yield replace(_typed(column, "decimal", kind), precision=precision, scale=scale)


def _texts(column: TableColumn) -> Iterator[TableColumn]:
    for length in TEXT_CHARS:
        kind = _typed(column, "varchar", f"varchar({length})")
        yield replace(kind, length_chars=length, charset=CHARSET, collation=COLLATION)
    for longer in ("text", "mediumtext"):
        yield replace(_typed(column, longer, longer), charset=CHARSET, collation=COLLATION)


def _typed(column: TableColumn, data_type: str, column_type: str) -> TableColumn:
    return replace(column, data_type=data_type, column_type=column_type)


def _first_misfit(column: TableColumn, filled: Sequence[Cell]) -> str | None:
    """Why the column does not take a value, with its row; ``None`` where it takes all."""
    codec = codec_for(column)
    for row, value in filled:
        try:
            fault = None if comes_back(codec, value) else f"{shown(str(value))} would not come back as it is"
        except Unfit as reason:
            fault = reason.message.removeprefix(f"{column.name}: ")
        if fault is not None:
            return f"row {row}: {fault}"
    return None


def comes_back(codec: Codec, value: SheetValue) -> bool:
    """Whether a column gives a cell's value back as it was: of a text, its spelling too.

    Raises:
        Unfit: the column does not take it at all.
    """
    canonical = codec.from_sheet(value)
    codec.to_table(canonical)
    again = codec.from_sheet(codec.to_sheet(canonical))
    is_number = codec.number_format is None and not codec.options
    return again == canonical and (not isinstance(value, str) or not is_number or canonical == value)


def _mixed(filled: Sequence[Cell]) -> NoType | None:
    """Of a column that mixes dates with something else: a person has to say what it holds."""
    first: dict[str, tuple[int, SheetValue]] = {}
    for row, value in filled:
        first.setdefault(_NAMES[type(value)], (row, value))
    if Serial not in {type(value) for _, value in first.values()} or len(first) < 2:
        return None
    told = [f"row {row} holds {name}{_quoted(value)}" for name, (row, value) in first.items()]
    return NoType(
        f"{' and '.join(told)}; make all of them dates, or format the column as plain text and type it again"
    )


def _quoted(value: SheetValue) -> str:
    return f" ('{shown(value)}')" if isinstance(value, str) else ""
