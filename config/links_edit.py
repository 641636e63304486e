"""links.yaml: links written into it and taken out of it, with comments kept."""

from __future__ import annotations

import fcntl
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from config.link_entry import BY_COLUMN, LinkEntry
from config.links_file import LinksFile, clash_of, parse_links, read_links, yaml_with_comments
from core.errors import LinkRefused, NotLinked, SettingsError

_NEW_FILE = "# Links of Twinsheet: each ties a tab of a Google Sheet to a MySQL table.\nlinks:\n"


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
        yaml = yaml_with_comments()
        document = yaml.load(text) or CommentedMap()
        if not document.get("links"):
            document["links"] = CommentedSeq()
        document["links"].append(_block(entry.to_yaml()))
        _write_atomically(path, _dump(yaml, document))


def replace_columns(path: Path, entry: LinkEntry) -> None:
    """Write the columns of a link, and what it says of each, anew; everything else stays, comments included.

    Raises:
        NotLinked: the file holds no such link.
        SettingsError: the file has faults or cannot be written.
    """
    with _locked(path):
        if all(other.name != entry.name for other in read_links(path)):
            raise NotLinked(f"There is no link named {entry.name}.", "twinsheet link list shows the links.")
        yaml = yaml_with_comments()
        document: CommentedMap = yaml.load(path.read_text(encoding="utf-8"))
        item = next(one for one in document["links"] if one["name"] == entry.name)
        written = entry.to_yaml()
        for field in ("columns", *BY_COLUMN):
            _replace_mapping(item, field, written.get(field, {}))
        _write_atomically(path, _dump(yaml, document))


def _replace_mapping(item: CommentedMap, field: str, wanted: Mapping[str, Any]) -> None:
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


def _check_addable(path: Path, entry: LinkEntry) -> None:
    others = read_links(path)
    if any(other.name == entry.name for other in others):
        raise LinkRefused(
            f"There is a link named {entry.name} already.",
            f"Choose another name, or: twinsheet link remove {entry.name}",
        )
    clash = clash_of(entry, others)
    if clash:
        raise LinkRefused(f"The link cannot be made: {clash}.", "twinsheet link list shows the links.")


def _block(values: dict[str, Any]) -> CommentedMap:
    return CommentedMap((k, _block(v) if isinstance(v, dict) else v) for k, v in values.items())


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
    items = yaml_with_comments().load(text)["links"]
    lines = text.splitlines(keepends=True)
    start = items.lc.item(index)[0]
    end = items.lc.item(index + 1)[0] if index + 1 < len(items) else len(lines)
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return "".join(lines[:start] + lines[end:])


def _cut_item(text: str, name: str) -> str:
    yaml = yaml_with_comments()
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
