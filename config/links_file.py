"""links.yaml: read, with line numbers for every fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from config.link_entry import LinkEntry, in_words
from core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in links.yaml."""

    line: int
    """1-based."""
    message: str
    link: str | None = None
    """Name of the link that the fault belongs to, if it has one."""


@dataclass(frozen=True, slots=True)
class LinksFile:
    """What a links file says: the good entries and every fault."""

    entries: tuple[LinkEntry, ...]
    faults: tuple[Fault, ...]

    def get(self, name: str) -> LinkEntry | None:
        """The good entry of that name."""
        return next((e for e in self.entries if e.name == name), None)


def parse_links(text: str) -> LinksFile:
    """Read a links file; one broken entry never hides the others."""
    try:
        document = yaml_with_comments().load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return LinksFile((), (Fault(line, f"this is not YAML: {error.problem or error.context}"),))
    except (YAMLError, ValueError, RecursionError) as error:
        return LinksFile((), (Fault(1, f"this is not YAML: {error}"),))
    if document is None:
        return LinksFile((), ())
    if not isinstance(document, CommentedMap) or not isinstance(document.get("links"), CommentedSeq | None):
        return LinksFile((), (Fault(1, "the file has to begin with 'links:' and a list below it"),))
    strange = [Fault(document.lc.key(k)[0] + 1, f"'{k}' is not known here") for k in document if k != "links"]
    return _parse_entries(document.get("links") or [], strange)


def read_links(path: Path) -> tuple[LinkEntry, ...]:
    """Every link of the file; none where there is no file.

    Raises:
        SettingsError: naming all faults with their lines.
    """
    found = load_links(path)
    if found.faults:
        raise SettingsError(faults_message(path, found.faults), f"Mend {path}; the running links go on meanwhile.")
    return found.entries


def load_links(path: Path) -> LinksFile:
    """Read and parse the file; raises SettingsError only where it cannot be read at all."""
    try:
        return parse_links(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return LinksFile((), ())
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "TWINSHEET_LINKS names the links file.") from error


def faults_message(path: Path, faults: tuple[Fault, ...]) -> str:
    """All faults as one message for a person."""
    return "; ".join(f"{path} line {f.line}: {f.message}" for f in faults) + "."


def _parse_entries(items: Any, faults: list[Fault]) -> LinksFile:
    entries: list[LinkEntry] = []
    for index, item in enumerate(items):
        line = items.lc.item(index)[0] + 1
        name = str(item.get("name")) if isinstance(item, Mapping) and item.get("name") else None
        try:
            entry = LinkEntry.model_validate(_plain(item))
        except ValidationError as error:
            faults += [_fault(item, line, name, e) for e in error.errors(include_url=False)]
            continue
        clash = clash_of(entry, entries)
        if clash:
            faults.append(Fault(line, clash, name))
        else:
            entries.append(entry)
    return LinksFile(tuple(entries), tuple(sorted(faults, key=lambda f: f.line)))


def clash_of(entry: LinkEntry, others: Sequence[LinkEntry]) -> str | None:
    """Why the link cannot stand beside the others; ``None`` where it can."""
    for other in others:
        if other.name == entry.name:
            return f"a second link is named {entry.name}"
        if (other.spreadsheet, other.tab) == (entry.spreadsheet, entry.tab):
            return f"{entry.name} and {other.name} are the same tab; a tab has one link"
    return None


def _fault(item: Any, line: int, name: str | None, error: ErrorDetails) -> Fault:
    """One of pydantic's errors with the line of the deepest key that the file names."""
    place = item
    for step in error["loc"]:
        if not isinstance(place, CommentedMap) or step not in place:
            break
        line = place.lc.key(step)[0] + 1
        place = place[step]
    told = in_words(error)
    if error["type"] == "string_type" and not isinstance(place, str | int | float | bool):
        told = told.removesuffix("; put it in quotes")
    return Fault(line, told, name)


def _plain(item: Any) -> Any:
    """ruamel's containers as plain ones; its scalars are kept, so that pydantic sees their real types."""
    if isinstance(item, Mapping):
        return {key: _plain(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_plain(value) for value in item]
    return str(item) if isinstance(item, str) else item


def yaml_with_comments() -> YAML:
    """Reads and writes links files as a person wrote them."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml
