"""ENUM: one of the members that the column names, as a drop-down in the sheet.

Canonical: the member, letter by letter. MySQL itself would take ``Shipped`` for ``shipped`` and store another
text than the one that was typed; here it is refused with the member that was probably meant.
"""

from __future__ import annotations

from core.model import TableColumn
from core.values.base import ColumnCodec
from core.values.spelling import shown, spelled

_MEMBERS_SHOWN_MAX = 12


class EnumCodec(ColumnCodec):
    """See the module."""

    plain_text = True  # a member may look like a number: 00501, 1/2

    def __init__(self, column: TableColumn) -> None:
        super().__init__(column)
        self.options = column.options
        self.blank = "" if "" in column.options and not column.nullable else None
        more = ", …" if len(column.options) > _MEMBERS_SHOWN_MAX else ""
        self.wanted = "one of " + ", ".join(column.options[:_MEMBERS_SHOWN_MAX]) + more

    def _of_text(self, text: str) -> str:
        if text in self.options:
            return text
        meant = [member for member in self.options if member.casefold() == text.strip().casefold()]
        if len(meant) == 1:
            self._refuse(f'"{shown(text)}" has to be spelled "{meant[0]}"')
        self._misfit(text)

    def _of_number(self, number: float) -> str:
        return self._of_text(spelled(number))

    def _of_boolean(self, truth: bool) -> str:
        return self._of_text("TRUE" if truth else "FALSE")

    def _stored(self, value: object) -> str:
        # '' is what MySQL shows for a member that it did not know: kept, so that it is not overwritten.
        if isinstance(value, str) and (value in self.options or value == ""):
            return value
        return super()._stored(value)

    def order_key(self, value: str) -> int:
        """By the order of the members, as MySQL sorts them."""
        return self.options.index(value) if value in self.options else -1
