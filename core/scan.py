"""What one read of the whole tab says against base: changed cells, missing rows, strangers (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterator, Mapping, Sequence

from core import guards, scan_guards
from core.contents import differs, differs_in, is_row_of, key_in_base, key_in_row, shared
from core.displaced import is_rather, strayed
from core.findings import Before, Findings, Looked
from core.freshness import is_past_writes, newest_age
from core.model import ROW_ID_PREFIX, CellBase, Key, Link, LinkedColumn, RowBase, SheetCell
from core.sheet import IdWrite, TabImage, TabRow
from core.sift import told_apart

_BLANK = SheetCell(None)
_UNKNOWN = RowBase("", None, {})


def compare(  # noqa: PLR0917 -- everything that a scan is held against
    link: Link,
    image: TabImage,
    bases: Mapping[str, RowBase],
    waiting_rows: Collection[str],
    settled_n: int,
    told: Container[str] = (),
    open_cells: Collection[tuple[str, str]] = (),
    doubted: Container[str] = (),
) -> Findings:
    """Compare a scan of the whole tab with base.

    Args:
        link: the link.
        image: the tab as of one read.
        bases: every live row by its id, read before the tab was.
        waiting_rows: as in :class:`Before`, and the following.
        settled_n: likewise.
        told: likewise.
        open_cells: likewise.
        doubted: likewise.
    """
    before = Before(waiting_rows, settled_n, told, open_cells, doubted)
    agreeing, rows = told_apart(link, image.rows, bases, before.open_rows)
    known = {row_id: bases[row_id] for row_id in bases if row_id not in agreeing}
    is_blank = not agreeing and not any(row.cells for row in rows)
    return judge(link, image, Looked(rows, known, agreeing, len(bases), is_blank), before)


def judge(link: Link, image: TabImage, looked: Looked, before: Before) -> Findings:
    """What one look says.

    Args:
        link: the link.
        image: its stamp, columns and titles are looked at.
        looked: the rows.
        before: what was known before.
    """
    found = Findings()
    found.guard = scan_guards.damaged(link, image, before.settled_n)
    if found.guard:
        return found
    known = looked.known
    own = _own_rows(link, looked.rows, known, found)
    differing = {
        row_id: columns for row_id, row in own.items() if (columns := _differing(link, row, known.get(row_id)))
    }
    missing = [b for b in known.values() if b.row_id not in own and is_past_writes(image.stamp, b)]
    standing = [*found.strangers, *own.values()]
    foreign, found.moved_ids = strayed(link, own, known, differing, missing)
    while lost := _lost_ids(
        link, _homeless(image, known, missing, found.moved_ids), standing, known, found.moved_ids
    ):
        found.moved_ids += lost
    healed = {own_id for move in found.moved_ids if (own_id := move.expected)}
    named = {move.row for move in found.moved_ids}
    news = own.keys() - known.keys() if image.stamp.n > before.settled_n else set()
    doubts = (_unclear(link, own, known, foreign) | news) - healed
    found.still_unclear = {row_id for row_id in doubts if row_id in before.doubted}
    found.unclear = (doubts - found.still_unclear).union(looked.unread)
    expected = {row_id for row_id in own if row_id in before.told} | before.open_rows
    found.strangers = [row for row in found.strangers if row.row not in named]
    telling = {i: differing[i] for i in differing if i not in healed and i not in found.unclear}
    found.changed_rows = sum(1 for row_id in telling if row_id in known and row_id not in expected)
    for row_id, column in _mended(link, own, known, before.open_cells, found.unclear | healed):
        telling[row_id] = (*telling.get(row_id, ()), column)
    found.rows = [(own[row_id], columns) for row_id, columns in telling.items()]
    brought_back = {move.row_id for move in found.moved_ids}
    _miss(found, missing, brought_back | _copied(link, missing, found.strangers))
    # an id moves from a row that was cleared: what is left of that one needs another
    found.strangers += [row for row in looked.rows if row.row_id in brought_back and not row.cells]
    if looked.is_whole:
        found.missing += [
            i for i in before.waiting_rows if i not in own and i not in known and i not in looked.in_place
        ]
    _guard(link, looked, found)
    return found


def _miss(found: Findings, missing: Sequence[RowBase], elsewhere: set[str]) -> None:
    """Note the rows that the tab does not hold, but for those that stand elsewhere."""
    found.missing = [base.row_id for base in missing if base.row_id not in elsewhere]
    found.known_ages = {base.row_id: newest_age(base) for base in missing}


def _guard(link: Link, looked: Looked, found: Findings) -> None:
    """Name the guard that stops what was found; of that leave what the look cannot know."""
    gone, changed = len(found.missing) + looked.missing, max(found.changed_rows, looked.changed)
    found.guard = scan_guards.too_much(link, gone, changed, looked.bases, is_blank=looked.is_blank)
    if found.guard is None and looked.is_scrambled:
        found.guard = "changed_in_sheet", guards.changed_in_sheet(link, changed, looked.bases)
    found.is_leaving = any(row_id in looked.left for row_id in found.missing)
    found.missing = [i for i in found.missing if i not in looked.left] if looked.is_whole else []


def _own_rows(link: Link, rows: Sequence[TabRow], known: Mapping[str, RowBase], found: Findings) -> dict[str, TabRow]:
    """Rows by their id; of a repeated id the others are strangers, and so are rows beside whose cells something else
    than an id stands.

    A row of which nothing but the id is left stands there no longer: somebody has cleared it whole.
    """
    by_id: dict[str, list[TabRow]] = defaultdict(list)
    for row in rows:
        if row.row_id and (row.row_id in known or row.row_id.startswith(ROW_ID_PREFIX)):
            by_id[row.row_id].append(row)
        elif row.cells:
            found.strangers.append(row)
    own: dict[str, TabRow] = {}
    for row_id, alike in by_id.items():
        filled = [row for row in alike if row.cells]
        if not filled:
            continue
        original = _original(link, filled, known.get(row_id))
        found.strangers.extend(r for r in alike if r is not original)
        own[row_id] = original
    return own


def _original(link: Link, alike: Sequence[TabRow], base: RowBase | None) -> TabRow:
    """Of rows with one id the one that shows its key in the table, which a write of ours may have brought since base
    was read; of several such, or none, the one that base describes."""
    if base is None or len(alike) == 1:
        return alike[0]
    likely = [row for row in alike if key_in_row(link, row.cells) == base.key] or alike
    return next((row for row in likely if not _differing(link, row, base)), likely[0])


def _differing(link: Link, row: TabRow, base: RowBase | None) -> tuple[LinkedColumn, ...]:
    if base is None:
        filled = tuple(c for c in link.columns if c.header in row.cells)
        return filled if len(filled) < len(link.columns) else link.columns  # one for all rows of a full tab
    return differs_in(link, row.cells, base)


def _differs(column: LinkedColumn, row: TabRow, base: RowBase) -> bool:
    return differs(column, row.cells.get(column.header, _BLANK), base.cells.get(column.name, CellBase(None)))


def _mended(
    link: Link,
    own: Mapping[str, TabRow],
    known: Mapping[str, RowBase],
    open_cells: Collection[tuple[str, str]],
    unclear: Collection[str],
) -> Iterator[tuple[str, LinkedColumn]]:
    """Open cells that hold again what both sides share, in rows that are not unclear and keep their ids: a formula
    may have come to it, or nobody told of the edit. Of a row that base does not know, nothing is shared."""
    for row_id, name in open_cells:
        row, base, column = own.get(row_id), known.get(row_id, _UNKNOWN), link.by_name(name)
        if not (row is None or column is None or row_id in unclear or _differs(column, row, base)):
            yield row_id, column


def _unclear(
    link: Link, own: Mapping[str, TabRow], known: Mapping[str, RowBase], foreign: Mapping[str, str]
) -> set[str]:
    """Of these ids those whose contents' owner does not stand at home: what there is looks half moved."""
    return {
        row_id
        for row_id, owner in foreign.items()
        if owner not in own or not is_row_of(link, known[owner], own[owner].cells)
    }


def _copied(link: Link, missing: Sequence[RowBase], strangers: Sequence[TabRow]) -> set[str]:
    """Missing rows that a stranger may be: somebody has written over the id of one of two rows that hold the same,
    and what it carries now is the other one's. Once it has an id of its own it is known by its key.

    A key that the table has changed since tells nothing: the tab shows it of a copy's original as well.
    """
    alike: dict[Key | None, list[TabRow]] = defaultdict(list)
    for row in strangers if missing else ():
        alike[key_in_row(link, row.cells)].append(row)
    own = [(b, alike.get(b.key, ())) for b in missing if b.key == key_in_base(link, b)]
    return {b.row_id for b, rows in own if any(is_row_of(link, b, row.cells) for row in rows)}


def _homeless(
    image: TabImage, known: Mapping[str, RowBase], missing: Sequence[RowBase], moved: Sequence[IdWrite]
) -> list[RowBase]:
    """Rows that the tab does not hold, or whose id moves from where it stands to another row."""
    leaving = [known[m.expected] for m in moved if m.expected is not None and m.expected in known]
    return [*missing, *(base for base in leaving if is_past_writes(image.stamp, base))]


def _lost_ids(
    link: Link,
    missing: Sequence[RowBase],
    rows: Sequence[TabRow],
    known: Mapping[str, RowBase],
    moved: Sequence[IdWrite],
) -> list[IdWrite]:
    """Ids to give back: a row that nobody knows, or that carries another's id, is by its key a missing one; one whose
    key is yet to come into the sheet is known by all that it holds."""
    given, away = {m.row for m in moved}, {m.row_id for m in moved}
    owners: dict[Key | None, list[RowBase]] = defaultdict(list)
    for base in missing:
        if base.row_id not in away:
            owners[key_in_base(link, base)].append(base)
    moves: list[IdWrite] = []
    for row in rows if owners else ():
        if row.row in given:
            continue
        alike, own = owners.get(key_in_row(link, row.cells), []), known.get(row.row_id or "")
        found = (b for b in alike if is_row_of(link, b, row.cells) and is_rather(link, b, own, row.cells))
        owner = max(found, key=lambda base: shared(link, base, row.cells), default=None)
        if owner is not None:
            moves.append(IdWrite(row.row, owner.row_id, row.row_id))
            alike.remove(owner)
    return moves
