"""Requests for protection, validation, filters, merges, borders and conditional formats."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.google.area import Area
from sandbox.google.cells import Cell
from sandbox.google.document import Document, Sheet
from sandbox.google.rest.errors import bad_request
from sandbox.google.rest.ranges import find_grid_range, find_sheet
from sandbox.google.rest.requests.common import area_of, mask_of


def add_protected_range(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``addProtectedRange``."""
    described = dict(body.get("protectedRange", {}))
    if described.get("namedRangeId"):
        named = next((n for n in document.props.named if n["namedRangeId"] == described["namedRangeId"]), None)
        if named is None:
            raise bad_request(f"No named range with id: {described['namedRangeId']}")
        described["range"] = named["range"]
    sheet = _check_protected(document, described)
    used = {p["protectedRangeId"] for s in document.sheets for p in s.props.protected}
    described["protectedRangeId"] = described.get("protectedRangeId") or document.take_id_outside(used)
    if described["protectedRangeId"] in used:
        raise bad_request(f"A protected range with id {described['protectedRangeId']} already exists")
    described.pop("requestingUserCanEdit", None)
    sheet.set_props(protected=(*sheet.props.protected, described))
    return {"protectedRange": {**described, "requestingUserCanEdit": True}}


def update_protected_range(document: Document, body: dict[str, Any]) -> None:
    """``updateProtectedRange``."""
    mask, new = mask_of(body, "ProtectedRange"), body.get("protectedRange", {})
    sheet, old = _protected(document, new.get("protectedRangeId", 0))
    merged = mask.merged(old, new) | {"protectedRangeId": old["protectedRangeId"]}
    merged.pop("requestingUserCanEdit", None)
    if _check_protected(document, merged) is not sheet:
        raise bad_request("A protected range stays on its sheet")
    sheet.set_props(protected=tuple(merged if p is old else p for p in sheet.props.protected))


def delete_protected_range(document: Document, body: dict[str, Any]) -> None:
    """``deleteProtectedRange``."""
    sheet, old = _protected(document, body.get("protectedRangeId", 0))
    sheet.set_props(protected=tuple(p for p in sheet.props.protected if p is not old))


def set_data_validation(document: Document, body: dict[str, Any]) -> None:
    """``setDataValidation``; without a rule the validation goes."""
    sheet, area = area_of(document, body)
    rule = body.get("rule")
    if rule is not None and "type" not in rule.get("condition", {}):
        raise bad_request("A data validation rule needs a condition")
    sheet.update_area(area, lambda cell: replace(cell, validation=rule))


def add_conditional_format_rule(document: Document, body: dict[str, Any]) -> None:
    """``addConditionalFormatRule``."""
    rule, at = body.get("rule", {}), body.get("index", 0)
    sheet = _check_rule(document, rule)
    if not 0 <= at <= len(sheet.props.rules):
        raise bad_request(f"No conditional format rule at index {at}")
    sheet.set_props(rules=(*sheet.props.rules[:at], rule, *sheet.props.rules[at:]))


def update_conditional_format_rule(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``updateConditionalFormatRule``: another rule, or another place."""
    at = body.get("index", 0)
    if "rule" in body:
        sheet = _check_rule(document, body["rule"])
        old = _rule_at(sheet, at)
        sheet.set_props(rules=(*sheet.props.rules[:at], body["rule"], *sheet.props.rules[at + 1 :]))
        return {"oldRule": old, "newRule": body["rule"], "newIndex": at}
    sheet = find_sheet(document, body.get("sheetId", 0))
    old, rest = _rule_at(sheet, at), sheet.props.rules[:at] + sheet.props.rules[at + 1 :]
    to = body.get("newIndex", 0)
    sheet.set_props(rules=(*rest[:to], old, *rest[to:]))
    return {"newRule": old, "oldIndex": at, "newIndex": to}


def delete_conditional_format_rule(document: Document, body: dict[str, Any]) -> dict[str, Any]:
    """``deleteConditionalFormatRule``."""
    sheet, at = find_sheet(document, body.get("sheetId", 0)), body.get("index", 0)
    old = _rule_at(sheet, at)
    sheet.set_props(rules=sheet.props.rules[:at] + sheet.props.rules[at + 1 :])
    return {"rule": old}


def set_basic_filter(document: Document, body: dict[str, Any]) -> None:
    """``setBasicFilter``: kept and shown; the sandbox hides no rows by it."""
    described = body.get("filter", {})
    sheet, _ = find_grid_range(document, described.get("range", {}))
    sheet.set_props(basic_filter={**described, "range": {**described.get("range", {}), "sheetId": sheet.sheet_id}})


def clear_basic_filter(document: Document, body: dict[str, Any]) -> None:
    """``clearBasicFilter``."""
    find_sheet(document, body.get("sheetId", 0)).set_props(basic_filter=None)


def merge_cells(document: Document, body: dict[str, Any]) -> None:
    """``mergeCells``: the top left value stays, as in Google's editor."""
    sheet, area = area_of(document, body)
    kind = body.get("mergeType", "MERGE_ALL")
    steps = {
        "MERGE_ALL": [(area.row, area.column, area.row_end, area.column_end)],
        "MERGE_ROWS": [(r, area.column, r + 1, area.column_end) for r in range(area.row, area.row_end)],
        "MERGE_COLUMNS": [(area.row, c, area.row_end, c + 1) for c in range(area.column, area.column_end)],
    }
    new = []
    for top, left, bottom, right in steps[kind]:
        new.append(_bounds(sheet, top, left, bottom, right))
        for row in range(top, bottom):
            sheet.write_row(
                row,
                left,
                [
                    None if (row, left + i) == (top, left) else replace(c, value=None, formula=None, extras=None)
                    for i, c in enumerate(sheet.cells(Area(row, left, 1, right - left))[0])
                ],
            )
    if any(_overlap(m, n) for m in sheet.props.merges for n in new):
        raise bad_request("You can't merge cells that are merged already; unmerge them first")
    sheet.set_props(merges=(*sheet.props.merges, *new))


def unmerge_cells(document: Document, body: dict[str, Any]) -> None:
    """``unmergeCells``."""
    sheet, area = area_of(document, body)
    wanted = _bounds(sheet, area.row, area.column, area.row_end, area.column_end)
    sheet.set_props(merges=tuple(m for m in sheet.props.merges if not _overlap(m, wanted)))


def update_borders(document: Document, body: dict[str, Any]) -> None:
    """``updateBorders``: outer and inner lines of a range."""
    sheet, area = area_of(document, body)
    for row in range(area.row, area.row_end):
        line: list[Cell | None] = []
        for column in range(area.column, area.column_end):
            lines = {
                "top": body.get("top" if row == area.row else "innerHorizontal"),
                "bottom": body.get("bottom" if row == area.row_end - 1 else "innerHorizontal"),
                "left": body.get("left" if column == area.column else "innerVertical"),
                "right": body.get("right" if column == area.column_end - 1 else "innerVertical"),
            }
            line.append(_bordered(sheet.cell(row, column), lines))
        sheet.write_row(row, area.column, line)


def _bordered(cell: Cell, lines: dict[str, Any]) -> Cell:
    borders = dict((cell.format or {}).get("borders", {}))
    for side, border in lines.items():
        if border is None:
            continue
        if border.get("style", "NONE") == "NONE":
            borders.pop(side, None)
        else:
            borders[side] = border
    rest = {k: v for k, v in (cell.format or {}).items() if k != "borders"}
    return replace(cell, format=(rest | ({"borders": borders} if borders else {})) or None)


def _check_protected(document: Document, described: dict[str, Any]) -> Sheet:
    if "tableId" in described:
        raise bad_request("The sandbox does not support tables")
    if described.get("warningOnly") and described.get("editors"):
        raise bad_request("A range protected with a warning has no editors")
    sheet, _ = find_grid_range(document, described.get("range", {}))
    return sheet


def _protected(document: Document, number: int) -> tuple[Sheet, dict[str, Any]]:
    for sheet in document.sheets:
        for entry in sheet.props.protected:
            if entry["protectedRangeId"] == number:
                return sheet, entry
    raise bad_request(f"No protected range with id: {number}")


def _check_rule(document: Document, rule: dict[str, Any]) -> Sheet:
    if not rule.get("ranges") or not ("booleanRule" in rule or "gradientRule" in rule):
        raise bad_request("A conditional format rule needs ranges, and a booleanRule or gradientRule")
    sheets = {find_grid_range(document, r)[0].sheet_id for r in rule["ranges"]}
    if len(sheets) != 1:
        raise bad_request("All ranges of a conditional format rule must be on the same sheet")
    return document.sheet(sheets.pop())


def _rule_at(sheet: Sheet, at: int) -> dict[str, Any]:
    if not 0 <= at < len(sheet.props.rules):
        raise bad_request(f"No conditional format rule at index {at}")
    return sheet.props.rules[at]


def _bounds(sheet: Sheet, top: int, left: int, bottom: int, right: int) -> dict[str, Any]:
    return {
        "sheetId": sheet.sheet_id,
        "startRowIndex": top,
        "endRowIndex": bottom,
        "startColumnIndex": left,
        "endColumnIndex": right,
    }


def _overlap(a: dict[str, int], b: dict[str, int]) -> bool:
    rows = a["startRowIndex"] < b["endRowIndex"] and b["startRowIndex"] < a["endRowIndex"]
    return rows and a["startColumnIndex"] < b["endColumnIndex"] and b["startColumnIndex"] < a["endColumnIndex"]


HANDLERS: dict[str, Callable[[Document, dict[str, Any]], dict[str, Any] | None]] = {
    "addProtectedRange": add_protected_range,
    "updateProtectedRange": update_protected_range,
    "deleteProtectedRange": delete_protected_range,
    "setDataValidation": set_data_validation,
    "addConditionalFormatRule": add_conditional_format_rule,
    "updateConditionalFormatRule": update_conditional_format_rule,
    "deleteConditionalFormatRule": delete_conditional_format_rule,
    "setBasicFilter": set_basic_filter,
    "clearBasicFilter": clear_basic_filter,
    "mergeCells": merge_cells,
    "unmergeCells": unmerge_cells,
    "updateBorders": update_borders,
}
