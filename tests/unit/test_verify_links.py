"""Which links `verify` compares: what cannot be compared is never passed over."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import app.verify
from app.verify import Verifier
from core.errors import NotLinked, SettingsError

FAULTY = """links:
  - name: orders
    spreadsheet: abc
    tab: Orders
    table: shop.orders
    conflicts: nonsense
"""


def verifier(folder: Path, text: str) -> Verifier:
    path = folder / "links.yaml"
    path.write_text(text)
    anything = cast("Any", None)
    settings = cast("Any", SimpleNamespace(links=path))
    made = Verifier.__new__(Verifier)
    made.__dict__.update(_settings=settings, _session=anything)
    return made


@pytest.mark.parametrize("name", [None, "orders"])
@pytest.mark.parametrize("text", [FAULTY, "links: [oops"])
def test_a_faulty_links_file_is_never_called_identical(tmp_path: Path, text: str, name: str | None) -> None:
    with pytest.raises(SettingsError, match="line"):
        verifier(tmp_path, text).links(name)


def test_a_linked_table_that_cannot_be_read_is_never_called_identical(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object) -> object:
        raise SettingsError("The schema shop has no table orders.")

    monkeypatch.setattr(app.parts, "describe_table", gone)
    good = FAULTY.replace("    conflicts: nonsense\n", "")
    with pytest.raises(SettingsError, match="no table orders"):
        verifier(tmp_path, good).links(None)


def test_a_name_that_nobody_linked_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotLinked, match="no link named orders"):
        verifier(tmp_path, "links: []\n").links("orders")
