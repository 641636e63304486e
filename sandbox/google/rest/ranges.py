"""The ranges that a call names, found in a spreadsheet."""

from typing import Any

from sandbox.google.area import Area, OpenArea, parse_a1, quoted_tab, split_tab
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.errors import bad_request


def find_range(document: Document, text: str, *, clip: bool = True) -> tuple[Sheet, Area]:
    """Tab and area of an A1 name, a tab's title or a named range.

    Args:
        document: the spreadsheet.
        text: the name.
        clip: cut the area off at the end of the grid, as reads do.

    Raises:
        ApiError: 400 as Google answers.
    """
    named = next((n for n in document.props.named if n["name"].lower() == text.lower()), None)
    if named is not None:
        return find_grid_range(document, named["range"], clip=clip)
    tab, rest = split_tab(text)
    sheet = _tab(document, tab, rest, text)
    try:
        # A bare title names the whole tab, even where it could be a cell.
        opened = OpenArea() if not rest or (tab is None and sheet.title == text) else parse_a1(rest)
    except ValueError:
        raise bad_request(f"Unable to parse range: {text}") from None
    area = opened.within(sheet.row_count, sheet.column_count)
    if area.row >= sheet.row_count or area.column >= sheet.column_count:
        raise _beyond(sheet, area)
    return sheet, _clipped(sheet, area) if clip else area


def find_grid_range(document: Document, grid_range: dict[str, Any], *, clip: bool = True) -> tuple[Sheet, Area]:
    """Tab and area of a GridRange. Raises ApiError 400."""
    sheet = find_sheet(document, grid_range.get("sheetId", 0))
    opened = OpenArea(
        grid_range.get("startRowIndex"),
        grid_range.get("startColumnIndex"),
        grid_range.get("endRowIndex"),
        grid_range.get("endColumnIndex"),
    )
    area = opened.within(sheet.row_count, sheet.column_count)
    if area.row < 0 or area.column < 0:
        raise bad_request("The indexes of a GridRange cannot be negative")
    if area.rows == 0 or area.columns == 0:
        if area.row >= sheet.row_count or area.column >= sheet.column_count:
            raise _beyond(sheet, area)
        raise bad_request("GridRange is empty or its end comes before its start")
    return sheet, _clipped(sheet, area) if clip else area


def find_sheet(document: Document, sheet_id: int) -> Sheet:
    """A tab by its number. Raises ApiError 400."""
    try:
        return document.sheet(sheet_id)
    except KeyError:
        raise bad_request(f"No grid with id: {sheet_id}") from None


def range_name(sheet: Sheet, area: Area) -> str:
    """The A1 name with its tab, as Google writes it into answers."""
    return f"{quoted_tab(sheet.title)}!{area.a1()}"


def _tab(document: Document, tab: str | None, rest: str, text: str) -> Sheet:
    if tab is not None:
        found = document.sheet_titled(tab)
    else:
        found = document.sheet_titled(rest)
        if found is None:
            try:
                parse_a1(rest)
            except ValueError:
                raise bad_request(f"Unable to parse range: {text}") from None
            found = next((s for s in document.sheets if not s.hidden), document.sheets[0])
    if found is None:
        raise bad_request(f"Unable to parse range: {text}")
    return found


def _clipped(sheet: Sheet, area: Area) -> Area:
    return Area(
        area.row,
        area.column,
        max(min(area.row_end, sheet.row_count) - area.row, 0),
        max(min(area.column_end, sheet.column_count) - area.column, 0),
    )


def _beyond(sheet: Sheet, area: Area) -> Exception:
    return bad_request(
        f"Range ({range_name(sheet, area)}) exceeds grid limits. "
        f"Max rows: {sheet.row_count}, max columns: {sheet.column_count}"
    )
