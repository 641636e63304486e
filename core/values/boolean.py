"""Booleans: BOOLEAN and BOOL, which MySQL keeps as TINYINT(1).

Canonical: ``1`` for TRUE, ``0`` for FALSE. TINYINT(1) holds other small numbers too; they stay numbers.
"""

from __future__ import annotations

from core.model import TableColumn
from core.values import SheetValue
from core.values.whole import WholeCodec

TRUTHS = {"TRUE": "1", "FALSE": "0"}
"""Texts that stand for a truth, whatever the case of their letters."""


class BooleanCodec(WholeCodec):
    """See the module."""

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        self.wanted = f"TRUE or FALSE, or {self.wanted}"

    def _of_boolean(self, truth: bool) -> str:
        return "1" if truth else "0"

    def _of_text(self, text: str) -> str:
        truth = TRUTHS.get(text.strip(" ").upper())
        return super()._of_text(text) if truth is None else truth

    def _cell(self, value: str) -> SheetValue:
        return value == "1" if value in ("0", "1") else int(value)
