/**
 * Row ids: new rows get one, copies one of their own. Rows may move between any two lines here; then an id may land on
 * a row that has one already, and a scan finds by what the rows hold whose it was.
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
 * such a row by its new id already, and gives one that had an id of its own that back. A row nearby is more like the
 * one that was meant, and has no id or one that it has got since; else somebody has typed over that meanwhile.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {Map<string, any[]>} given id → what the row that it was meant for held
 * @returns {boolean}
 */
function haveStrayed_(sheet, span, columns, given) {
  const places = [...columns.mapped.values()].map((column) => column - span.left);
  const likeness = (/** @type {any[]} */ row, /** @type {any[]} */ meant) =>
    places.filter((at) => row[at] !== '' && String(row[at]) === String(meant[at])).length;
  const suspects = span.values.flatMap((row) => {
    const meant = given.get(String(row[columns.id - span.left]));
    if (!meant || places.every((at) => row[at] === '')) return [];
    return likeness(row, meant) < likeness(meant, meant) ? [{ row, meant }] : [];
  });
  if (!suspects.length) return false;
  const top = Math.max(span.first - NEIGHBOUR_ROWS, 1);
  const bottom = Math.min(span.first + span.values.length + NEIGHBOUR_ROWS, sheet.getMaxRows());
  const around = sheet.getRange(top, span.left, bottom - top + 1, span.values[0].length).getValues();
  return suspects.some(({ row, meant }) => around.some((other) => likeness(other, meant) > likeness(row, meant)));
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
 * Writes new ids, empty ones to take them away. Rows may move in the instant before the write; the header row gets its
 * title back then, for a scan that finds none holds the link.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @param {Map<number, string>} fresh
 * @returns {boolean} false when ids were misplaced about the headers: a scan has to look
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
  const given = new Set(fresh.values());
  const hadTitle = before.includes(ID_HEADER);
  for (let round = 0; round < READ_ROUNDS_MAX; round++) {
    const misplaced = misplacedIds_(sheet, columns, given, { top, ids: readIds(), hadTitle, isFirst: round === 0 });
    if (!misplaced.size) return round === 0;
    writeIds_(sheet, top, columns.id, misplaced);
  }
  return false;
}

/**
 * Which new ids stand in the place of the title of the id column, or above it: a scan would not find the headers, and
 * hold the link. Rows may move in the instant before that is put right, too, and the title go to another row.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Columns} columns
 * @param {Set<string>} given the new ids
 * @param {{top: number, ids: string[], hadTitle: boolean, isFirst: boolean}} seen the ids around, from row `top` on;
 *   whether the title was among them before; whether nothing was put right yet
 * @returns {Map<number, string>} index in `ids` → what belongs there
 */
function misplacedIds_(sheet, columns, given, { top, ids, hadTitle, isFirst }) {
  const header = headerAmong_(ids, given);
  const isUnclear = hadTitle && (header < 0 || !isFirst);
  const shown = isUnclear ? titlesShown_(sheet, columns, top, ids.length) : [];
  const belongs = isUnclear ? headerShown_(shown, ids, given) : header;
  const misplaced = new Map(belongs < 0 || ids[belongs] === ID_HEADER ? [] : [[belongs, ID_HEADER]]);
  ids.forEach((id, at) => {
    const isNew = at < belongs && id !== '' && given.has(id) && ids.lastIndexOf(id) === ids.indexOf(id); // no copy
    const isTitle = id === ID_HEADER && isUnclear && belongs >= 0 && !shown[at];
    if ((isNew || isTitle) && at !== belongs) misplaced.set(at, '');
  });
  return misplaced;
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
 * Where the title of the id column belongs: to a row of the headers that has it, else to the one that shows most of
 * them, of those without an id of their own.
 * @param {number[]} shown how many of the linked headers each row shows
 * @param {string[]} ids those of the rows
 * @param {Set<string>} given the new ids
 * @returns {number} index in the ids; -1 when no row shows any
 */
function headerShown_(shown, ids, given) {
  const titled = ids.findIndex((id, at) => id === ID_HEADER && shown[at] > 0);
  if (titled >= 0) return titled;
  const free = shown.map((count, at) => (ids[at] === '' || given.has(ids[at]) ? count : 0));
  const most = Math.max(...free);
  return most > 0 ? free.indexOf(most) : -1;
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
