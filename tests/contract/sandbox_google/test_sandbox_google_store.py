"""The SQLite file: what one process wrote, the next one reads."""

import random
from pathlib import Path

import pytest

from sandbox.google.area import Area
from sandbox.google.document import GridError
from sandbox.google.store import Store


def test_another_store_on_the_same_file_reads_the_same(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite")
    document = store.create("T", "de_DE")
    sheet = document.sheets[0]
    with document.change("ann"):
        for column, text in enumerate(["a", "12%", "=B1*2", "'007", "=SEQUENCE(2)", "=1/0", "02.01.2024"]):
            sheet.type_in(0, column, text)
        sheet.set_note(0, 0, "hello")
        sheet.set_number_format(Area(0, 3, 1000, 1), "TEXT", "@")
        sheet.hide_columns(2, 1)
        sheet.add_column_metadata(1, "k", "v")
        sheet.add_row_metadata(3, "k", None, "PROJECT")
        sheet.protect(Area(0, 0, 6, 1), "ids", warning_only=True)
        sheet.move_columns(0, 1, 2)
        sheet.delete_rows(3, 1)
        document.add_sheet("Second")
    again = Store(tmp_path / "sandbox.sqlite").open(document.id)
    assert again.props == document.props
    for mine, theirs in zip(document.sheets, again.sheets, strict=True):
        assert theirs.props == mine.props
        assert theirs.rows == mine.rows
    assert (again.version, again.modified) == (document.version, document.modified)


def test_the_file_follows_every_change_of_a_long_random_day(tmp_path: Path) -> None:
    dice = random.Random(7)
    store = Store(tmp_path / "sandbox.sqlite")
    document = store.create("T", empty=True)
    with document.change("ann"):
        sheet = document.add_sheet("Orders", 30, 6)
    steps = [
        lambda a, b: sheet.type_in(a, b % 6, dice.choice(["x", "1", "=A1*2", "=SUM(B1:B9)", ""])),
        sheet.insert_rows,
        sheet.delete_rows,
        lambda a, b: sheet.move_rows(a, 1, b),
        lambda a, b: sheet.sort(Area(0, 0, a + 1, 6), [(b % 6, bool(a % 2))]),
        lambda a, b: sheet.move_columns(a % 6, 1, b % 6),
        lambda a, b: document.undo("ann") if a % 2 else store.restore(document.id, document.version - b, "ann"),
    ]
    for _ in range(150):
        try:
            with document.change("ann", undoable=True):
                dice.choice(steps[:-1])(dice.randrange(20), dice.randrange(1, 4))
        except GridError:
            continue
        if dice.random() < 0.1:
            steps[-1](dice.randrange(2), 1)
    again = Store(tmp_path / "sandbox.sqlite").open(document.id)
    assert again.sheets[0].rows == sheet.rows
    assert again.sheets[0].props == sheet.props
    assert len({row.rank for row in sheet.rows}) == sheet.row_count


def test_a_change_that_the_file_refuses_is_taken_back(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite")
    document = store.create("T")
    store.close()
    with pytest.raises(Exception, match="closed"), document.change("ann"):
        document.sheets[0].type_in(0, 0, "lost")
    assert document.sheets[0].cell(0, 0).value is None
    assert document.version == 1
