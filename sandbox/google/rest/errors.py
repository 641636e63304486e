"""Google's error answers."""

from typing import Any

_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    """A call that Google refuses.

    Args:
        code: HTTP status.
        message: what the caller reads.
        details: Google's machine-readable details.
    """

    def __init__(self, code: int, message: str, details: list[dict[str, Any]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details or []

    def body(self) -> dict[str, Any]:
        """The answer's JSON body."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        error["status"] = _STATUS.get(self.code, "UNKNOWN")
        if self.details:
            error["details"] = self.details
        return {"error": error}


def bad_request(message: str) -> ApiError:
    """400 with one message."""
    return ApiError(400, message)


def violations(found: list[tuple[str, str]]) -> ApiError:
    """400 naming every field that does not fit, as (field path, description)."""
    fields = [{"field": path, "description": text} if path else {"description": text} for path, text in found]
    details = [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": fields}]
    return ApiError(400, "\n".join(text for _, text in found), details)


def not_found() -> ApiError:
    """404 for a spreadsheet, tab or entry that does not exist."""
    return ApiError(404, "Requested entity was not found.")


def denied() -> ApiError:
    """403 for a user without access."""
    return ApiError(403, "The caller does not have permission")


def quota_exceeded(kind: str, scope: str, limit_per_minute: int) -> ApiError:
    """429: ``kind`` is Read or Write, ``scope`` is empty (project) or `` per user``."""
    name = f"{kind} requests"
    metric = f"sheets.googleapis.com/{kind.lower()}_requests"
    suffix = "PerUser" if scope else "PerProject"
    message = (
        f"Quota exceeded for quota metric '{name}' and limit '{name} per minute{scope}' "
        "of service 'sheets.googleapis.com' for consumer 'project_number:100000000000'."
    )
    info = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "consumer": "projects/100000000000",
            "quota_limit": f"{kind}RequestsPerMinute{suffix}",
            "quota_limit_value": str(limit_per_minute),
            "quota_location": "global",
            "quota_metric": metric,
            "service": "sheets.googleapis.com",
        },
    }
    link = {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [
            {
                "description": "Request a higher quota limit.",
                "url": "https://cloud.google.com/docs/quotas/help/request_increase",
            }
        ],
    }
    return ApiError(429, message, [info, link])
