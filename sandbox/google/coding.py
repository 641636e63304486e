"""How rows, tabs and spreadsheets are written into the SQLite file, as compact JSON."""

import json
from dataclasses import asdict, fields
from typing import Any

import msgspec

from sandbox.google.cells import Cell, Column, ErrorValue, Metadata, Row, shared_format
from sandbox.google.change import DocumentProps, SheetProps

_MORE = "fsndxpo"
"""What a cell may hold besides its value, a letter for each."""
_NOTHING_MORE = (None,) * len(_MORE)


def row_json(row: Row) -> str:
    """A row without its uid."""
    data: dict[str, Any] = {"r": row.rank, "c": {uid: _cell(cell) for uid, cell in row.cells.items()}}
    if row.hidden or row.filtered or row.pixel_size != 21 or row.metadata:
        data["p"] = [row.hidden, row.filtered, row.pixel_size, [asdict(m) for m in row.metadata]]
    return _dumps(data)


def row_from_json(uid: int, text: str) -> Row:
    """See row_json."""
    data = json.loads(text)
    cells = {int(column): _cell_from(value) for column, value in data["c"].items()}
    if "p" not in data:
        return Row(uid, data["r"], cells)
    hidden, filtered, pixel_size, metadata = data["p"]
    return Row(uid, data["r"], cells, hidden, pixel_size, tuple(Metadata(**m) for m in metadata), filtered)


def sheet_json(props: SheetProps) -> str:
    """A tab's properties."""
    return _dumps(asdict(props))


def sheet_from_json(text: str) -> SheetProps:
    """See sheet_json."""
    data = json.loads(text)
    data["columns"] = tuple(Column(**{**c, "metadata": _metadata(c["metadata"])}) for c in data["columns"])
    data["metadata"] = _metadata(data["metadata"])
    return SheetProps(**_tuples(data, SheetProps))


def document_json(props: DocumentProps) -> str:
    """A spreadsheet's properties."""
    return _dumps(asdict(props))


def document_from_json(text: str) -> DocumentProps:
    """See document_json."""
    data = json.loads(text)
    data["metadata"] = _metadata(data["metadata"])
    return DocumentProps(**_tuples(data, DocumentProps))


def _cell(cell: Cell) -> Any:
    value = {"e": [cell.value.type, cell.value.text]} if isinstance(cell.value, ErrorValue) else cell.value
    more = (
        cell.formula, cell.format, cell.note, cell.validation, cell.extras, cell.result_pattern, cell.spilled or None,
    )  # fmt: skip
    if more == _NOTHING_MORE and not isinstance(value, dict):
        return value
    filled = {name: part for name, part in zip(_MORE, more, strict=True) if part is not None}
    return {"v": value, **filled}


def _cell_from(data: Any) -> Cell:
    if not isinstance(data, dict):
        return Cell(data)
    value = data["v"]
    return Cell(
        ErrorValue(*value["e"]) if isinstance(value, dict) else value,
        data.get("f"),
        shared_format(data.get("s")),
        data.get("n"),
        data.get("d"),
        data.get("x"),
        data.get("p"),
        data.get("o", False),
    )


def _metadata(entries: list[dict[str, Any]]) -> tuple[Metadata, ...]:
    return tuple(Metadata(**m) for m in entries)


def _tuples(data: dict[str, Any], record: Any) -> dict[str, Any]:
    names = {f.name for f in fields(record)}
    return {n: tuple(v) if isinstance(v, list) else v for n, v in data.items() if n in names}


def _dumps(data: Any) -> str:
    try:
        return msgspec.json.encode(data).decode()
    except UnicodeEncodeError:  # half characters, which JSON's escapes alone can carry
        return json.dumps(data, separators=(",", ":"))
