"""Codecs for the examples, by the column's declaration."""

from __future__ import annotations

import re

import pytest

from core.errors import Unfit
from core.model import TableColumn
from core.values import Codec, SheetValue
from core.values.catalog import TEXT_TYPES, codec_for

_DECLARED = re.compile(r"(\w+)(?:\((.*)\))?")


def column(declared: str, *, nullable: bool = True, charset: str = "utf8mb4", name: str = "c") -> TableColumn:
    """The column that information_schema describes for a declaration such as ``decimal(10,2) unsigned``."""
    found = _DECLARED.match(declared)
    assert found is not None
    kind, arguments = found[1], found[2] or ""
    numbers = [int(n) for n in arguments.split(",") if n.isdigit()]
    return TableColumn(
        name,
        kind,
        declared,
        nullable,
        length_chars=numbers[0] if kind in ("char", "varchar", "binary") else None,
        precision=numbers[0] if kind in ("decimal", "bit") else None,
        scale=numbers[1] if kind == "decimal" else None,
        fraction_digits=numbers[0] if kind in ("datetime", "time", "timestamp") and numbers else 0,
        charset=charset if kind in TEXT_TYPES else None,
        options=tuple(re.findall(r"'([^']*)'", arguments)),
    )


def codec(declared: str, *, nullable: bool = True, charset: str = "utf8mb4", name: str = "c") -> Codec:
    """The codec of that column."""
    return codec_for(column(declared, nullable=nullable, charset=charset, name=name))


def refused(codec: Codec, value: SheetValue) -> str:
    """The reason why the column does not take the value."""
    with pytest.raises(Unfit) as refusal:
        codec.from_sheet(value)
    return refusal.value.message
