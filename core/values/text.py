"""Text: CHAR, VARCHAR and the TEXT types, with their lengths and character sets.

Canonical: the text itself. What looks like a number, a date or a formula stays the text that it is. NULL and
an empty text are both an empty cell; an empty cell means the empty text where the column holds no NULL, or
where the link says so, and NULL otherwise. Neither ever becomes the other unless somebody edits the cell.
"""

from __future__ import annotations

from core.model import TableColumn
from core.values import Canonical, Serial
from core.values.base import ColumnCodec
from core.values.spelling import NUMBER_SAFE, shown, spelled

BYTES_MAX = {"tinytext": 2**8 - 1, "text": 2**16 - 1, "mediumtext": 2**24 - 1, "longtext": 2**32 - 1}
"""The TEXT types count bytes; CHAR and VARCHAR count characters."""

_ENCODINGS = {
    "utf8mb4": "utf-8",
    "utf8mb3": "utf-8",
    "utf8": "utf-8",
    "ucs2": "utf-16-be",
    "utf16": "utf-16-be",
    "utf16le": "utf-16-le",
    "utf32": "utf-32-be",
    "latin1": "cp1252",  # MySQL's latin1 is Windows-1252
    "ascii": "ascii",
}
"""Character sets that are checked here; the others are checked by the server when it stores the text."""

_LATIN1_TOO = frozenset("\x81\x8d\x8f\x90\x9d")
"""Five bytes that Windows-1252 leaves free and MySQL's latin1 does not."""

_WITHOUT_ASTRAL = frozenset({"utf8mb3", "utf8", "ucs2"})


class TextCodec(ColumnCodec):
    """See the module.

    Args:
        column: the table's column.
        empty_text: whether an empty cell of a column that may be NULL means ``''``.
    """

    plain_text = True
    wanted = "text"

    def __init__(self, column: TableColumn, *, empty_text: bool = False) -> None:
        super().__init__(column)
        self.blank = "" if empty_text or not column.nullable else None

    def _of_text(self, text: str) -> str:
        self._check_characters(text)
        self._check_length(text)
        if self.column.data_type == "char" and text.endswith(" "):
            self._refuse(f'"{shown(text)}" ends with a space, which a CHAR column drops')
        return text

    def _of_number(self, number: float) -> str:
        if abs(number) >= NUMBER_SAFE and number == int(number):
            self._refuse(
                f"{shown(number)} may have lost digits as a number; format the cell as plain text and type it again"
            )
        return self._of_text(spelled(number))

    def _of_boolean(self, truth: bool) -> str:
        return self._of_text("TRUE" if truth else "FALSE")

    def _of_serial(self, _serial: Serial) -> str:
        # 5/6/2024 and May 6 are one serial number: what was typed is gone.
        self._refuse("the sheet made a date of what was typed; format the cell as plain text and type it again")

    def _check_characters(self, text: str) -> None:
        if text.isascii() and "\0" not in text:
            return  # every character set holds these, and a scan reads a million cells
        charset = self.column.charset or "utf8mb4"
        encoding = _ENCODINGS.get(charset, "utf-8")
        for character in {c for c in text if c > "~" or c == "\0"}:
            astral = character > "\uffff" and charset in _WITHOUT_ASTRAL
            if astral or character == "\0" or not _encodes(character, encoding):
                glyph = f"{character} " if character.isprintable() else ""
                self._refuse(f"the character {glyph}U+{ord(character):04X} cannot stand in {charset} text")

    def _check_length(self, text: str) -> None:
        bytes_max = BYTES_MAX.get(self.column.data_type)
        most = self.column.length_chars if bytes_max is None else bytes_max
        have, unit = (len(text), "characters") if bytes_max is None else (self._size_bytes(text), "bytes")
        if most is not None and have > most:
            self._refuse(f"{shown(text)} has {have} {unit}, and the column holds {most}")

    def _size_bytes(self, text: str) -> int:
        return len(text.encode(_ENCODINGS.get(self.column.charset or "utf8mb4", "utf-8"), "replace"))

    def _stored(self, value: object) -> str:
        if not isinstance(value, str):
            return super()._stored(value)
        return value.rstrip(" ") if self.column.data_type == "char" else value

    def same(self, a: Canonical, b: Canonical) -> bool:
        """See :class:`core.values.Codec`; a line may end in CR LF on one side and in LF on the other."""
        return a == b or super().same(_one_line_end(a), _one_line_end(b))


def _one_line_end(text: Canonical) -> Canonical:
    return text and text.replace("\r\n", "\n").replace("\r", "\n")


def _encodes(character: str, encoding: str) -> bool:
    if encoding == "cp1252" and character in _LATIN1_TOO:
        return True
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
