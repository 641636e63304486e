"""The resource ``spreadsheets.developerMetadata``."""

from typing import Any

from sandbox.google.rest.context import Context
from sandbox.google.rest.errors import not_found
from sandbox.google.rest.filters import all_metadata, matching


def get(context: Context) -> dict[str, Any]:
    """``developerMetadata.get``."""
    document = context.document()
    with document.lock:
        for placed in all_metadata(document):
            if placed.entry.id == context.parameter("metadataId"):
                return placed.json()
    raise not_found()


def search(context: Context) -> dict[str, Any]:
    """``developerMetadata.search``."""
    document = context.document()
    found: dict[int, dict[str, Any]] = {}
    with document.lock:
        for data_filter in context.body.get("dataFilters", []):
            for placed in matching(document, data_filter):
                match = found.setdefault(placed.entry.id, {"developerMetadata": placed.json(), "dataFilters": []})
                match["dataFilters"].append(data_filter)
    return {"matchedDeveloperMetadata": list(found.values())} if found else {}
