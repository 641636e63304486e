/**
 * Row ids: new rows get one, copies one of their own. An id is never written over another: rows may
 * move between any two lines here.
 */

const NEIGHBOUR_ROWS = 200;
const ROW_ID_PREFIX = 'r_';
const HEADER_ROW_MAX = 2000;

/**
 * @param {Edited} edited
 * @param {Columns} columns
 * @returns {boolean} whether the id column was edited too, as when whole rows are pasted
 */
function holdsIds_(edited, columns) {
  return edited.left <= columns.id && columns.id <= edited.right;
}

/**
 * Where the header row is by now: people insert and delete rows above it, so it is known by the title of the id column.
 * Of copies the last one above all rows with ids is it; copies of rows may stand above it.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Columns} columns
 * @param {(row: number) => boolean} isCopy which rows to leave aside
 * @returns {number} 1-based; 0 when it is not there: a scan has to look
 */
function headerRow_(sheet, columns, isCopy = () => false) {
  const rows = Math.min(Math.max(sheet.getLastRow(), 1), HEADER_ROW_MAX);
  const ids = sheet
    .getRange(1, columns.id, rows, 1)
    .getValues()
    .map(([id], index) => (isCopy(index + 1) ? '' : String(id)));
  const first = ids.findIndex((id) => id.startsWith(ROW_ID_PREFIX));
  const found = (first < 0 ? ids : ids.slice(0, first)).lastIndexOf(ID_HEADER);
  return 1 + (found >= 0 ? found : ids.findIndex((id, at) => id === ID_HEADER && areCopies_(ids, at)));
}

/**
 * @param {string[]} ids of all rows
 * @param {number} at
 * @returns {boolean} whether every id above that row stands below it, too: copies of rows hide no header row
 */
function areCopies_(ids, at) {
  const below = new Set(ids.slice(at + 1));
  return ids.slice(0, at).every((id) => !id.startsWith(ROW_ID_PREFIX) || below.has(id));
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Edited} edited
 * @param {Columns} columns
 * @returns {boolean} whether all that was edited stands above the header row: it is the person's alone
 */
function isAbove_(sheet, edited, columns) {
  return edited.last < headerRow_(sheet, columns);
}

/**
 * Takes out the rows above the header row: they get no ids, and lose those that were copied there.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {Map<number, string>} fresh ids to give; changed
 * @returns {boolean} false when the header row is not there
 */
function leaveAbove_(sheet, span, columns, fresh) {
  const header = headerRow_(sheet, columns, (row) => fresh.has(row - span.first));
  for (const index of header ? [...fresh.keys()] : []) {
    if (span.first + index > header) continue;
    if (span.values[index][columns.id - span.left] === '') fresh.delete(index);
    else fresh.set(index, '');
  }
  return header > 0;
}

/**
 * Takes ids away that people have brought along above the header row, as with whole rows that they have pasted.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {number[]} above indexes of rows with ids that no title stands above
 * @returns {boolean} false when the header row is not there, or rows have moved: a scan has to look
 */
function takeAway_(sheet, span, columns, above) {
  const header = headerRow_(sheet, columns, (row) => above.includes(row - span.first));
  const ids = new Map(above.filter((index) => span.first + index < header).map((index) => [index, '']));
  return ids.size > 0 && giveIds_(sheet, span, columns, ids);
}

/**
 * Which rows need an id: those with content and none, and copies that brought another row's along.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Edited} edited
 * @param {Columns} columns
 * @param {Map<string, any[]>} given ids that this look has given already; never taken for another row's
 * @returns {Map<number, string>} index in the span → new id, empty where one has to go again
 */
function idsToGive_(sheet, span, edited, columns, given) {
  const fresh = new Map();
  const holdsIds = holdsIds_(edited, columns);
  const taken = holdsIds ? idsOutside_(sheet, edited, columns) : new Set();
  span.values.forEach((row, index) => {
    const id = String(row[columns.id - span.left]);
    const content = [...columns.mapped.values()].some((column) => row[column - span.left] !== '');
    if (given.has(id) && !content)
      fresh.set(index, ''); // it landed on an empty row
    else if (id === '' ? content : taken.has(id) && !given.has(id)) fresh.set(index, newRowId_());
    else if (holdsIds && id !== '') taken.add(id);
  });
  return fresh;
}

/**
 * Whether ids that this look has given have landed on other rows than it meant. They stay there: a scan may have told
 * such a row by its new id already, and one that had an id of its own gets it back by what the row holds. The row that
 * was meant stands nearby, without an id or with one that it has got since; else somebody has typed over it meanwhile.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {Map<string, any[]>} given id → what the row that it was meant for held
 * @returns {boolean}
 */
function haveStrayed_(sheet, span, columns, given) {
  const places = [...columns.mapped.values()].map((column) => column - span.left);
  const isAlike = (/** @type {any[]} */ one, /** @type {any[]} */ other) =>
    places.some((at) => one[at] !== '' && String(one[at]) === String(other[at]));
  const idAt = columns.id - span.left;
  const suspects = span.values
    .map((row) => ({ row, meant: given.get(String(row[idAt])) }))
    .filter(({ row, meant }) => meant && places.some((at) => row[at] !== '') && !isAlike(row, meant));
  if (!suspects.length) return false;
  const top = Math.max(span.first - NEIGHBOUR_ROWS, 1);
  const bottom = Math.min(span.first + span.values.length + NEIGHBOUR_ROWS, sheet.getMaxRows());
  const around = sheet.getRange(top, span.left, bottom - top + 1, span.values[0].length).getValues();
  return suspects.some(({ meant }) => around.some((row) => isAlike(row, meant || [])));
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Edited} edited
 * @param {Columns} columns
 * @returns {Set<string>} the ids of all rows that were not edited
 */
function idsOutside_(sheet, edited, columns) {
  const all = sheet.getRange(1, columns.id, Math.max(sheet.getLastRow(), 1), 1).getValues();
  const isOutside = (/** @type {number} */ row) => row < edited.first || row > edited.last;
  return new Set(all.filter((_, index) => isOutside(index + 1)).map(([id]) => String(id)));
}

/**
 * Writes new ids, empty ones to take them away. Rows may move in the instant before the write; then an id lands on a
 * row that has one already, and that row gets its own back.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {Map<number, string>} fresh
 * @returns {boolean} false when rows moved under the ids: whose id stands where is for a scan to tell
 */
function giveIds_(sheet, span, columns, fresh) {
  const top = Math.max(span.first - NEIGHBOUR_ROWS, 1);
  const bottom = Math.min(span.first + span.values.length + NEIGHBOUR_ROWS, sheet.getMaxRows());
  const readIds = () =>
    sheet
      .getRange(top, columns.id, bottom - top + 1, 1)
      .getValues()
      .map(([id]) => String(id));
  const before = readIds();
  const isMoved = span.values.some(
    (row, index) => String(row[columns.id - span.left]) !== before[span.first + index - top],
  );
  if (isMoved) return true;
  writeIds_(sheet, span.first, columns.id, fresh);
  const after = readIds();
  const overwritten = overwrittenIds_(sheet, span, columns, fresh, { top, before, after });
  if (!overwritten.size) return true;
  writeIds_(sheet, top, columns.id, overwritten);
  const written = new Set([...fresh.values(), ...overwritten.values()]);
  if (before.includes(ID_HEADER)) keepTitle_(sheet, columns, top, readIds, written);
  return false;
}

/**
 * Rows may move in the instant before ids are put back, too: then the title goes on to the header row, and comes back
 * where one of them has landed on it. A scan would take another row for that, or find none, and hold the link.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Columns} columns
 * @param {number} top the row of the first of the ids
 * @param {() => string[]} readIds reads them
 * @param {Set<string>} written what was written
 */
function keepTitle_(sheet, columns, top, readIds, written) {
  const free = new Set([...written, '', ID_HEADER]);
  for (let round = 0; round < READ_ROUNDS_MAX; round++) {
    const ids = readIds();
    const shown = titlesShown_(sheet, columns, top, ids.length);
    const titles = [...ids.keys()].filter((at) => ids[at] === ID_HEADER);
    const strayed = titles.filter((at) => !shown[at]);
    const belongs = titles.find((at) => shown[at]) ?? headerShown_(shown, ids, free);
    if (belongs < 0 || (ids[belongs] === ID_HEADER && !strayed.length)) return;
    const gone = strayed.map((at) => /** @type {[number, string]} */ ([at, '']));
    writeIds_(sheet, top, columns.id, new Map([...gone, [belongs, ID_HEADER]]));
  }
}

/**
 * What new ids have overwritten as rows moved below them: other rows' ids, or the title of the id column; and ids that
 * stand above that by now.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {Map<number, string>} fresh
 * @param {{top: number, before: string[], after: string[]}} seen the ids around, from row `top` on
 * @returns {Map<number, string>} index in `after` → what belongs there
 */
function overwrittenIds_(sheet, span, columns, fresh, { top, before, after }) {
  const given = new Set(fresh.values());
  const header = headerAmong_(after, given);
  const isLost = header < 0 && before.includes(ID_HEADER);
  const shown = isLost ? titlesShown_(sheet, columns, top, after.length) : [];
  const lost = headerShown_(shown, after, new Set([...given, '']));
  const overwritten = new Map(lost < 0 ? [] : [[lost, ID_HEADER]]);
  for (const [index, id] of fresh) {
    const isSingle = after.indexOf(id) === after.lastIndexOf(id); // else somebody has copied the row meanwhile
    const at = id && isSingle ? after.indexOf(id) : -1;
    if (at < 0 || at === lost) continue;
    const owner = overwrittenId_(before, after, at, given);
    if (at < Math.max(header, lost)) overwritten.set(at, '');
    else if (owner && !isMeant_(sheet, span, columns, index, { top, at, rows: after.length })) {
      overwritten.set(at, owner);
    }
  }
  return overwritten;
}

/**
 * Whose id a new id may have overwritten: the rows above and below tell how far the rows have moved. Where there are
 * none, or others have come or gone between, an id that is gone may be that of a row which was deleted: a scan finds by
 * the contents whose it was.
 * @param {string[]} before ids before the write
 * @param {string[]} after ids after it
 * @param {number} at where the new id is
 * @param {Set<string>} given the new ids
 * @returns {string} empty when it has overwritten none
 */
function overwrittenId_(before, after, at, given) {
  const isSingle = (/** @type {string[]} */ ids, /** @type {string} */ id) =>
    id !== '' && ids.includes(id) && ids.indexOf(id) === ids.lastIndexOf(id); // a copy's id tells nothing
  for (const step of [-1, 1]) {
    let near = at + step;
    const isUnclear = (/** @type {string} */ id) => given.has(id) || !isSingle(before, id) || !isSingle(after, id);
    while (after[near] !== undefined && isUnclear(after[near])) {
      near += step;
    }
    if (after[near] === undefined) continue;
    const moved = before.indexOf(after[near]) - near;
    const between = after.slice(Math.min(at, near) + 1, Math.max(at, near));
    const first = Math.min(at, near) + 1 + moved;
    if (!between.every((id, index) => given.has(id) || id === before[first + index])) continue;
    const owner = before[at + moved];
    if (owner && !after.includes(owner)) return owner;
  }
  return '';
}

/**
 * @param {string[]} ids after new ones were written
 * @param {Set<string>} given the new ones
 * @returns {number} index of the header row in the ids; -1 when it is not among them
 */
function headerAmong_(ids, given) {
  const first = ids.findIndex((id) => id.startsWith(ROW_ID_PREFIX) && !given.has(id));
  return (first < 0 ? ids : ids.slice(0, first)).lastIndexOf(ID_HEADER);
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Columns} columns
 * @param {number} top
 * @param {number} count of rows from there on
 * @returns {number[]} how many of the linked headers each row shows
 */
function titlesShown_(sheet, columns, top, count) {
  const left = Math.min(...columns.mapped.values());
  const width = Math.max(...columns.mapped.values()) - left + 1;
  const rows = sheet.getRange(top, left, count, width).getValues();
  return rows.map((row) => [...columns.mapped].filter(([header, at]) => String(row[at - left]) === header).length);
}

/**
 * Where the title of the id column belongs: to the row that shows most of the linked headers.
 * @param {number[]} shown how many each row shows
 * @param {string[]} ids those of the rows
 * @param {Set<string>} free what stands in place of the title, if it was overwritten
 * @returns {number} index in the ids; -1 when no row shows any
 */
function headerShown_(shown, ids, free) {
  const titles = shown.map((count, at) => (free.has(ids[at]) ? count : 0));
  const most = Math.max(...titles);
  return most > 0 ? titles.indexOf(most) : -1;
}

/**
 * Whether the row that has a new id is the one that was to get it: it holds all that was seen in that, or more of it
 * than any other row around, where something was written over in it. Such may have been meant for a row above that is
 * gone: of our own writes too, until they are taken back.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {number} index the row of the span that was to get the id
 * @param {{top: number, at: number, rows: number}} around the first row to look at, the index from there of the one that
 *   has it now, and how many to look at
 * @returns {boolean}
 */
function isMeant_(sheet, span, columns, index, { top, at, rows }) {
  const meant = span.values[index];
  const others = [...meant.keys()].filter((place) => place !== columns.id - span.left);
  const filled = others.filter((place) => meant[place] !== ''); // what was empty may have been filled since
  const around = sheet.getRange(top, span.left, rows, meant.length).getValues();
  if (others.every((place) => around[at][place] === '')) return true; // an empty row has no id to lose
  const alike = around.map((row) => filled.filter((place) => String(row[place]) === String(meant[place])).length);
  return alike[at] === filled.length || alike.every((count, row) => row === at || count < alike[at]);
}

/**
 * Writes ids, neighbouring rows in one call.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {number} first the row that index 0 means
 * @param {number} column
 * @param {Map<number, string>} ids index → id
 */
function writeIds_(sheet, first, column, ids) {
  const indexes = [...ids.keys()].sort((one, other) => one - other);
  while (indexes.length) {
    const from = indexes[0];
    let count = 1;
    while (indexes[count] === from + count) count++;
    const run = indexes.splice(0, count).map((index) => [ids.get(index)]);
    sheet.getRange(first + from, column, count, 1).setValues(run);
  }
  SpreadsheetApp.flush();
}

/** @returns {string} `r_` and 16 characters of base32: 80 random bits */
function newRowId_() {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  const hex = Utilities.getUuid().replace(/-/g, '');
  const random = hex.slice(0, 12) + hex.slice(17, 25); // without the digits that tell the UUID's version
  let id = ROW_ID_PREFIX;
  for (let at = 0; at < 20; at += 5) {
    const bits = parseInt(random.slice(at, at + 5), 16);
    for (const shift of [15, 10, 5, 0]) id += alphabet[(bits >> shift) & 31];
  }
  return id;
}
