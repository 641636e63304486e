"""What the doctor finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from core.errors import TwinsheetError


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    mend: str = ""
    """The one command or click that mends it, or that what is good offers; else empty."""
    link: str | None = None


def looked(
    name: str, look: Callable[[], Iterable[Finding]], *, mend: str = "", link: str | None = None
) -> Iterator[Finding]:
    """What ``look`` finds; an error on purpose is a finding by itself, with its own hint or else ``mend``."""
    try:
        yield from look()
    except TwinsheetError as error:
        yield Finding(name, False, error.message, error.hint or mend, link)
