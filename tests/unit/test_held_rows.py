"""The rows of a whole table in memory."""

from __future__ import annotations

from adapters.held_rows import held_rows
from core.model import Link, LinkedColumn, TableColumn
from core.values.catalog import codec_for

COLUMNS = (
    TableColumn("id", "int", "int", nullable=False),
    TableColumn("name", "varchar", "varchar(80)", nullable=True),
)
LINK = Link(
    "one",
    "1A",
    "One",
    "shop",
    "one",
    tuple(LinkedColumn(c.name, c, codec_for(c), key=c.name == "id") for c in COLUMNS),
)


def test_held_rows_are_told_as_they_were_read_and_in_that_order() -> None:
    rows = {
        ("7",): {"id": "7", "name": "😀 'x'"},
        ("10",): {"id": "10", "name": None},
        ("2",): {"id": "2", "name": ""},
    }
    held = held_rows(LINK, rows.items())
    assert list(held.items()) == list(rows.items())
    assert (len(held), ("7",) in held, ("8",) in held, held.get(("8",))) == (3, True, False, None)
