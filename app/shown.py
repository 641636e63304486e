"""A plan that a person has said yes to is carried out as it was shown, and no other one."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def print_of(plan: Any) -> str:
    """Tells a plan from any other; it may hold anything, times as well."""
    text = json.dumps(plan, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
