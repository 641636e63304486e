"""The API as one blueprint, with the document that describes it."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from flask import Blueprint
from pydantic import ValidationError
from spectree import Response, SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData

from app.api.faults import PREFIX
from app.api.reads import add_reads
from app.api.writes import ACTOR, add_writes
from app.status import Status
from core.errors import BadQuestion

_ABOUT = f"""What the console shows, as JSON. Lists come a page at a time: give `cursor` back until it is null.
Orders (POST) need a JSON body, and either the token as `Authorization: Bearer` or the header `{ACTOR}` with the name
of whoever gives them; they stand in the history with it."""


def api_blueprint(status: Status) -> Blueprint:
    """Everything under ``/api``.

    Args:
        status: answers the questions.
    """
    api = Blueprint("api", __name__, url_prefix=PREFIX)
    spec = SpecTree(
        "flask",
        title="Twinsheet",
        version=importlib.metadata.version("twinsheet"),
        description=_ABOUT,
        mode="strict",
        page_templates={},
        before=_refuse,
        validation_error_status=400,
        naming_strategy=lambda model: model.__name__,
        nested_naming_strategy=lambda _parent, child: child,
        security_schemes=[
            SecurityScheme(name="token", data=SecuritySchemeData(type=SecureType.HTTP, scheme="bearer")),
            SecurityScheme(name="login", data=SecuritySchemeData(type=SecureType.HTTP, scheme="basic")),
        ],
        security=[{"token": []}, {"login": []}],
    )
    add_reads(api, spec, status)
    add_writes(api, spec, status)

    @api.get("/openapi.json")
    @spec.validate(resp=Response("HTTP_200"), tags=["about"])
    def document() -> Any:
        """This document."""
        return spec.spec

    return api


def _refuse(_request: Any, _response: Any, error: Exception | None, _view: Any, _adapter: Any) -> None:
    """What was asked does not fit the document."""
    if not isinstance(error, ValidationError):
        return
    told = [f"{'.'.join(map(str, one['loc'])) or 'the body'}: {one['msg']}" for one in error.errors()]
    raise BadQuestion(f"What was sent does not fit: {'; '.join(told)}.", "What fits stands in /api/openapi.json.")
