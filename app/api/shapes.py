"""What questions and answers of the API have in common."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Side = Literal["sheet", "table", "person", "undo"]
"""From where a value came."""


class Exact(BaseModel):
    """Holds what is named here and nothing else."""

    model_config = ConfigDict(extra="forbid")
