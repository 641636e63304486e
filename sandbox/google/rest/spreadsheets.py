"""The resources ``spreadsheets`` and ``spreadsheets.sheets``."""

from typing import Any

from sandbox.google.area import Area
from sandbox.google.document import Document, DocumentError, GridError, Sheet
from sandbox.google.rest.context import Context
from sandbox.google.rest.errors import ApiError, bad_request, not_found
from sandbox.google.rest.fields import Mask
from sandbox.google.rest.filters import filter_ranges
from sandbox.google.rest.ranges import find_range
from sandbox.google.rest.render import sheet_properties, spreadsheet_json
from sandbox.google.rest.requests import apply
from sandbox.google.rest.requests.cells import put_grid_data
from sandbox.google.rest.requests.sheets import add_sheet, check_time_zone, set_spreadsheet_properties

_NO_DATA = Mask()


def get(context: Context) -> dict[str, Any]:
    """``spreadsheets.get``."""
    document = context.document()
    with document.lock:
        wanted = bool(context.parameter("includeGridData"))
        return _rendered(document, context, context.parameter("ranges", []), wanted, context.mask)


def get_by_data_filter(context: Context) -> dict[str, Any]:
    """``spreadsheets.getByDataFilter``."""
    document = context.document()
    with document.lock:
        found = filter_ranges(document, context.body.get("dataFilters", []))
        areas = _by_sheet([(sheet, area) for sheet, area, _ in found])
        with_data = _with_data(context, bool(context.body.get("includeGridData")), context.mask)
        return spreadsheet_json(document, context.base_url, areas, with_data, context.mask)


def create(context: Context) -> dict[str, Any]:
    """``spreadsheets.create``."""
    body = context.body
    props = body.get("properties", {})
    check_time_zone(props.get("timeZone") or "Etc/GMT")
    document = context.store.create(
        props.get("title") or "Untitled spreadsheet",
        props.get("locale") or "en_US",
        props.get("timeZone") or "Etc/GMT",
        empty=True,
    )
    try:
        with document.change(context.user):
            _fill(document, body)
    except Exception:
        context.store.delete(document.id)
        raise
    with document.lock:
        return _rendered(document, context, [], False, context.mask)


def batch_update(context: Context) -> dict[str, Any]:
    """``spreadsheets.batchUpdate``: all requests in order, or none."""
    document, body = context.document(), context.body
    requests = body.get("requests", [])
    if not requests:
        raise bad_request("Must specify at least one request.")
    with document.lock:  # the answer shows the spreadsheet right after the change, formulas computed
        with document.change(context.user):
            replies = [_applied(document, index, request) for index, request in enumerate(requests)]
            shown = bool(body.get("includeSpreadsheetInResponse"))
            names = body.get("responseRanges", []) if shown else []
            for name in names:  # one that is none fails the batch as long as nothing is done
                find_range(document, name)
        answer: dict[str, Any] = {"spreadsheetId": document.id, "replies": replies}
        if shown:
            mask = context.mask.below("updatedSpreadsheet") or _NO_DATA
            wanted = bool(body.get("responseIncludeGridData"))
            answer["updatedSpreadsheet"] = _rendered(document, context, names, wanted, mask)
    return answer


def copy_to(context: Context) -> dict[str, Any]:
    """``spreadsheets.sheets.copyTo``."""
    source = context.document()
    try:
        target = context.store.open(context.body["destinationSpreadsheetId"])
        source.sheet(context.parameter("sheetId"))
    except KeyError:
        raise not_found() from None
    # Always in the same order, so that two copies in opposite directions do not wait for each other.
    first, second = sorted((source, target), key=lambda d: d.id)
    with first.lock, second.lock, target.change(context.user):
        copy = target.duplicate_sheet(context.parameter("sheetId"), source=source)
        return sheet_properties(copy)


def _applied(document: Document, index: int, request: dict[str, Any]) -> dict[str, Any]:
    kinds = list(request)
    if len(kinds) != 1:
        raise bad_request(f"Invalid value at 'requests[{index}]' (oneof), exactly one request must be set")
    kind = kinds[0]
    try:
        reply = apply(document, kind, request[kind])
    except ApiError as e:
        raise ApiError(e.code, f"Invalid requests[{index}].{kind}: {e.message}", e.details) from e
    except (DocumentError, GridError) as e:
        raise bad_request(f"Invalid requests[{index}].{kind}: {e}") from e
    return {kind: reply} if reply else {}


def _fill(document: Document, body: dict[str, Any]) -> None:
    known = {"properties", "sheets", "namedRanges", "developerMetadata"}
    unsupported = sorted(set(body) - known - {"spreadsheetId", "spreadsheetUrl"})
    if unsupported:
        raise bad_request(f"The sandbox does not support creating a spreadsheet with: {', '.join(unsupported)}")
    props = {k: v for k, v in body.get("properties", {}).items() if k not in ("title", "locale", "timeZone")}
    if props:
        set_spreadsheet_properties(document, {**document.props.properties, **props})
    for described in body.get("sheets") or [{}]:
        sheet = add_sheet(document, described.get("properties", {"title": "Sheet1"}))
        _fill_sheet(document, sheet, described)
    for named in body.get("namedRanges", []):
        apply(document, "addNamedRange", {"namedRange": named})
    for entry in body.get("developerMetadata", []):
        apply(
            document, "createDeveloperMetadata", {"developerMetadata": {"location": {"spreadsheet": True}, **entry}}
        )


def _fill_sheet(document: Document, sheet: Sheet, described: dict[str, Any]) -> None:
    unsupported = set(described) - {
        "properties",
        "data",
        "merges",
        "protectedRanges",
        "conditionalFormats",
        "developerMetadata",
        "basicFilter",
    }
    if unsupported:
        raise bad_request(f"The sandbox does not support creating a sheet with: {', '.join(sorted(unsupported))}")
    for data in described.get("data", []):
        put_grid_data(sheet, data)
    here = {"sheetId": sheet.sheet_id}
    for merge in described.get("merges", []):
        apply(document, "mergeCells", {"range": merge | here, "mergeType": "MERGE_ALL"})
    for entry in described.get("protectedRanges", []):
        apply(document, "addProtectedRange", {"protectedRange": {**entry, "range": entry.get("range", {}) | here}})
    for rule in described.get("conditionalFormats", []):
        moved = {**rule, "ranges": [r | here for r in rule.get("ranges", [])]}
        apply(document, "addConditionalFormatRule", {"rule": moved, "index": len(sheet.props.rules)})
    for entry in described.get("developerMetadata", []):
        apply(document, "createDeveloperMetadata", {"developerMetadata": {**entry, "location": here}})
    if "basicFilter" in described:
        moved = {**described["basicFilter"], "range": described["basicFilter"].get("range", {}) | here}
        apply(document, "setBasicFilter", {"filter": moved})


def _rendered(document: Document, context: Context, names: list[str], wanted: bool, mask: Mask) -> dict[str, Any]:
    if names:
        areas = _by_sheet([find_range(document, name) for name in names])
    else:
        areas = {sheet.sheet_id: [sheet.whole] for sheet in document.sheets}
    return spreadsheet_json(document, context.base_url, areas, _with_data(context, wanted, mask), mask)


def _with_data(context: Context, wanted: bool, mask: Mask) -> bool:
    """With a field mask, the mask alone says whether cells are wanted."""
    return mask.wants("sheets", "data") if context.call.fields else wanted


def _by_sheet(found: list[tuple[Sheet, Area]]) -> dict[int, list[Area]]:
    areas: dict[int, list[Area]] = {}
    for sheet, area in found:
        areas.setdefault(sheet.sheet_id, []).append(area)
    return areas
