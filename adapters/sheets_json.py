"""Google's answers, their rows kept as the bytes that came and decoded when somebody looks at them.

A million cells are a few dozen megabytes as text, and several hundred as objects. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Json = dict[str, Any]
_Object = dict[str, msgspec.Raw]


def parse(content: bytes) -> Json:
    """An answer as :func:`json.loads` gives it, but for the ``rowData`` of its sheets: each is bytes, for
    :func:`cells_in`.

    Raises:
        ValueError: it is no JSON.
    """
    return _spreadsheet(content) if content else {}


def cells_in(row: Any) -> Sequence[Any]:
    """Google's JSON of the cells of one row; trailing blanks may be left out."""
    found = msgspec.json.decode(row) if isinstance(row, msgspec.Raw) else row
    return (found or {}).get("values") or ()


def _spreadsheet(content: bytes | msgspec.Raw) -> Json:
    answer: Json = dict(msgspec.json.decode(content, type=_Object))
    for name, raw in answer.items():
        if name == "updatedSpreadsheet":
            answer[name] = _spreadsheet(raw)
        elif name == "sheets":
            answer[name] = [_sheet(one) for one in msgspec.json.decode(raw, type=list[_Object])]
        else:
            answer[name] = msgspec.json.decode(raw)
    return answer


def _sheet(sheet: Mapping[str, msgspec.Raw]) -> Json:
    return {
        name: [_grid(one) for one in msgspec.json.decode(raw, type=list[_Object])]
        if name == "data"
        else msgspec.json.decode(raw)
        for name, raw in sheet.items()
    }


def _grid(piece: Mapping[str, msgspec.Raw]) -> Json:
    return {
        name: msgspec.json.decode(raw, type=list[msgspec.Raw]) if name == "rowData" else msgspec.json.decode(raw)
        for name, raw in piece.items()
    }
