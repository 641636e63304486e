"""links.yaml: read with line numbers for every fault, written with comments kept."""

from __future__ import annotations

import fcntl
import io
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from config.rules import check_rule_name
from config.where import check_condition
from core.errors import LinkRefused, NotLinked, SettingsError
from core.model import ROW_ID_HEADER, STATE_TAB

HEADER_ROW_MAX = 1000
NAME_PATTERN = re.compile(r"[a-z0-9_-]{1,48}")
_NEW_FILE = "# Links of Twinsheet: each ties a tab of a Google Sheet to a MySQL table.\nlinks:\n"
_IN_WORDS = {
    "string_type": "has to be text; put it in quotes",
    "int_type": "has to be a whole number",
    "missing": "is missing",
    "extra_forbidden": (
        "is not known here; there are name, spreadsheet, tab, header_row, table, columns, conflicts, rules, one_way"
        " and where"
    ),
    "literal_error": "has to be to_sheet or to_table",
    "dict_type": "has to be a mapping, one 'header: column' per line",
    "model_type": "has to be a mapping that begins with '- name: …'",
}


def check_name(name: str) -> str:
    """Return the name of a link, or raise ValueError when it cannot be one."""
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"'{name}' cannot name a link; use 1 to 48 of a-z, 0-9, _ and -")
    return name


def _check_spreadsheet(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", value):
        raise ValueError(
            f"'{value}' is no spreadsheet id; it is the part of the sheet's address between /d/ and /edit"
        )
    return value


def _check_tab(value: str) -> str:
    if not 0 < len(value) <= 100:
        raise ValueError("a tab's name has 1 to 100 characters")
    if value == STATE_TAB:
        raise ValueError(f"{STATE_TAB} is Twinsheet's own tab")
    return value


def _check_header_row(value: int) -> int:
    if not 1 <= value <= HEADER_ROW_MAX:
        raise ValueError(f"header_row has to be a row from 1 to {HEADER_ROW_MAX}")
    return value


def _check_table(value: str) -> str:
    schema, dot, table = value.partition(".")
    if not dot or not 0 < len(schema) <= 64 or not 0 < len(table) <= 64:
        raise ValueError(f"'{value}' is not schema.table, for example shop.orders")
    return value


def _check_rule(value: str) -> str:
    check_rule_name(value)
    return value


RuleName = Annotated[str, AfterValidator(_check_rule)]


class LinkEntry(BaseModel):
    """One link as links.yaml writes it, not yet compared with the table."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(check_name)]
    spreadsheet: Annotated[str, AfterValidator(_check_spreadsheet)]
    tab: Annotated[str, AfterValidator(_check_tab)]
    header_row: Annotated[int, AfterValidator(_check_header_row)] = 1
    """1-based row of the tab that holds the headers when it is linked; what stands above it is nobody's business."""
    table: Annotated[str, AfterValidator(_check_table)]
    """``schema.table``."""
    columns: dict[str, str] | None = None
    """Header to column name; ``None``: headers equal column names."""
    conflicts: RuleName = "last_write_wins"
    rules: dict[str, RuleName] = Field(default_factory=dict)
    """Column name to policy or rule."""
    one_way: dict[str, Literal["to_sheet", "to_table"]] = Field(default_factory=dict)
    """Column name to the only way that its values go."""

    where: dict[str, Annotated[Any, AfterValidator(check_condition)]] = Field(default_factory=dict)
    """Column name to what it holds in every row that the link shows (config/where.py)."""

    @model_validator(mode="after")
    def _columns_are_a_mapping_both_ways(self) -> LinkEntry:
        columns = self.columns or {}
        if self.columns == {}:
            raise ValueError("columns: is empty; leave it out where headers equal column names")
        if ROW_ID_HEADER in columns:
            raise ValueError(f"columns: {ROW_ID_HEADER} is Twinsheet's own column")
        twice = sorted({c for c in columns.values() if list(columns.values()).count(c) > 1})
        if twice:
            raise ValueError(f"columns: two headers are tied to {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _one_way_columns_have_no_rules(self) -> LinkEntry:
        both = sorted(set(self.rules) & set(self.one_way))
        if both:
            raise ValueError(f"rules: {', '.join(both)} goes one way, and has no conflicts to settle")
        return self

    @property
    def schema_name(self) -> str:
        """The table's schema."""
        return self.table.partition(".")[0]

    @property
    def table_name(self) -> str:
        """The table without its schema."""
        return self.table.partition(".")[2]

    def to_yaml(self) -> dict[str, Any]:
        """What is written into the file: only what differs from the defaults."""
        return self.model_dump(exclude_defaults=True)


def make_entry(**fields: Any) -> LinkEntry:
    """An entry out of what a person gave.

    Raises:
        LinkRefused: naming every field that cannot be so.
    """
    try:
        return LinkEntry(**fields)
    except ValidationError as error:
        told = "; ".join(_in_words(fault) for fault in error.errors(include_url=False))
        raise LinkRefused(f"The link cannot be made: {told}.") from None


def condition_of(text: str) -> Any:
    """What a person wrote of a column on the command line, as links.yaml would have it.

    Raises:
        ValueError: it is no condition; the message says what would be.
    """
    try:
        return check_condition(YAML(typ="safe").load(text))
    except YAMLError:
        raise ValueError("this is not YAML") from None


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
        document = _yaml().load(text)
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


def check_addable(path: Path, entry: LinkEntry) -> None:
    """Ask whether :func:`add_entry` would take the link, before anything is done for it.

    Raises:
        LinkRefused: the file holds a link of that name or of that tab already.
        SettingsError: the file has faults or cannot be written.
    """
    with _locked(path):
        _check_addable(path, entry)


def add_entry(path: Path, entry: LinkEntry) -> None:
    """Add a link at the end of the file, which is made when there is none; all comments stay.

    Raises:
        LinkRefused: the file holds a link of that name or of that tab already.
        SettingsError: the file has faults or cannot be written.
    """
    with _locked(path):
        _check_addable(path, entry)
        text = path.read_text(encoding="utf-8") if path.exists() else _NEW_FILE
        yaml = _yaml()
        document = yaml.load(text) or CommentedMap()
        if not document.get("links"):
            document["links"] = CommentedSeq()
        document["links"].append(_block(entry.to_yaml()))
        _write_atomically(path, _dump(yaml, document))


def replace_columns(path: Path, entry: LinkEntry) -> None:
    """Write the columns and rules of a link anew; everything else stays, comments included.

    Raises:
        NotLinked: the file holds no such link.
        SettingsError: the file has faults or cannot be written.
    """
    with _locked(path):
        if all(other.name != entry.name for other in read_links(path)):
            raise NotLinked(f"There is no link named {entry.name}.", "twinsheet link list shows the links.")
        yaml = _yaml()
        document: CommentedMap = yaml.load(path.read_text(encoding="utf-8"))
        item = next(one for one in document["links"] if one["name"] == entry.name)
        for field, wanted in (("columns", entry.columns or {}), ("rules", entry.rules)):
            _replace_mapping(item, field, wanted)
        _write_atomically(path, _dump(yaml, document))


def _replace_mapping(item: CommentedMap, field: str, wanted: Mapping[str, str]) -> None:
    """Key by key, so that comments and the order of those that stay are kept."""
    if not wanted:
        item.pop(field, None)
        return
    if item.get(field) is None:
        item[field] = CommentedMap()
    for key in [key for key in item[field] if key not in wanted]:
        del item[field][key]
    for key, value in wanted.items():
        if item[field].get(key) != value:
            item[field][key] = value


def remove_entry(path: Path, name: str) -> None:
    """Take a link out of the file; everything else stays, comments included.

    Raises:
        NotLinked: the file holds no such link.
        SettingsError: the file has faults or cannot be written.
    """
    with _locked(path):
        entries = read_links(path)
        if all(e.name != name for e in entries):
            raise NotLinked(f"There is no link named {name}.", "twinsheet link list shows the links.")
        left = tuple(e for e in entries if e.name != name)
        text = path.read_text(encoding="utf-8")
        cut = _cut_lines(text, [e.name for e in entries].index(name))
        if parse_links(cut) != LinksFile(left, ()):  # an unusual layout: let the library write it
            cut = _cut_item(text, name)
        _write_atomically(path, cut)


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
        clash = _clash(entry, entries)
        if clash:
            faults.append(Fault(line, clash, name))
        else:
            entries.append(entry)
    return LinksFile(tuple(entries), tuple(sorted(faults, key=lambda f: f.line)))


def _check_addable(path: Path, entry: LinkEntry) -> None:
    others = read_links(path)
    if any(other.name == entry.name for other in others):
        raise LinkRefused(
            f"There is a link named {entry.name} already.",
            f"Choose another name, or: twinsheet link remove {entry.name}",
        )
    clash = _clash(entry, others)
    if clash:
        raise LinkRefused(f"The link cannot be made: {clash}.", "twinsheet link list shows the links.")


def _clash(entry: LinkEntry, others: Sequence[LinkEntry]) -> str | None:
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
    told = _in_words(error)
    if error["type"] == "string_type" and not isinstance(place, str | int | float | bool):
        told = told.removesuffix("; put it in quotes")
    return Fault(line, told, name)


def _in_words(error: ErrorDetails) -> str:
    field = ".".join(str(step) for step in error["loc"] if step != "[key]")
    if error["type"] in _IN_WORDS:
        return f"{field} {_IN_WORDS[error['type']]}".strip()
    words = error["msg"].removeprefix("Value error, ")
    return f"{field}: {words}" if field and not words.startswith(field) else words


def _plain(item: Any) -> Any:
    """ruamel's containers as plain ones; its scalars are kept, so that pydantic sees their real types."""
    if isinstance(item, Mapping):
        return {key: _plain(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_plain(value) for value in item]
    return str(item) if isinstance(item, str) else item


def _block(values: dict[str, Any]) -> CommentedMap:
    return CommentedMap((k, _block(v) if isinstance(v, dict) else v) for k, v in values.items())


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 4096
    return yaml


def _dump(yaml: YAML, document: CommentedMap) -> str:
    links = document["links"]
    dash = 2
    if len(links) > 1 and links.lc.data:  # keep the indentation that the file has
        dash = max(links.lc.item(0)[1] - 2, 0)
    yaml.indent(mapping=2, sequence=dash + 2, offset=dash)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _cut_lines(text: str, index: int) -> str:
    """The text without the lines of one item; comments and blank lines before the next item stay."""
    items = _yaml().load(text)["links"]
    lines = text.splitlines(keepends=True)
    start = items.lc.item(index)[0]
    end = items.lc.item(index + 1)[0] if index + 1 < len(items) else len(lines)
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return "".join(lines[:start] + lines[end:])


def _cut_item(text: str, name: str) -> str:
    yaml = _yaml()
    document = yaml.load(text)
    items = document["links"]
    del items[next(i for i, item in enumerate(items) if item["name"] == name)]
    return _dump(yaml, document)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Only one program at a time changes the file; readers need no lock, they see old or new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / f".{path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error}.", "TWINSHEET_LINKS names the links file.") from error


def _write_atomically(path: Path, text: str) -> None:
    real = path.resolve()
    mode = real.stat().st_mode & 0o777 if real.exists() else 0o644
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=real.parent, prefix=".links-", delete=False) as new:
        try:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
            Path(new.name).chmod(mode)
            Path(new.name).replace(real)
        except OSError:
            Path(new.name).unlink(missing_ok=True)
            raise
