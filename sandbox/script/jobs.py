"""A function to run, and how it is entered: from a trigger or the menu, or by a page in the sidebar."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """A function to run.

    Args:
        function: its name.
        kind: by what it is run, as ``Ran`` names it.
        entry: the expression that runs it.
    """

    function: str
    kind: str
    entry: str


def run_job(function: str, kind: str, told: dict[str, Any] | None = None) -> Job:
    """A function that gets the event object that is told, or nothing."""
    return Job(function, kind, f"__run({json.dumps(function)}, {json.dumps(json.dumps(told))})")


def call_job(function: str, arguments: Sequence[Any]) -> Job:
    """A function that a page calls."""
    return Job(function, "sidebar", f"__call({json.dumps(function)}, {json.dumps(json.dumps(arguments))})")
