/**
 * What an edit event says: the cells inside the edited range, and nothing about the rest.
 *
 * People type, insert and sort between any two lines of this script. So every answer is read in one
 * piece with the row ids beside it, and read again when the rows or columns moved meanwhile.
 *
 * @typedef {{n: number, epoch: number, q: number}} Stamp
 * @typedef {{id: number, mapped: Map<string, number>}} Columns
 * @typedef {{first: number, last: number, left: number, right: number}} Edited edited cells, 1-based
 * @typedef {{range: GoogleAppsScript.Spreadsheet.Range, first: number, left: number,
 *   values: any[][], formulas: string[][]}} Span rows with their ids, as read in one piece
 * @typedef {{row_id: string, row: number, column: string, value: any, formula?: string,
 *   event_value?: any, event_old_value?: any}} CellBody
 */

const COUNTERS_TAB = '_twinsheet';
const COUNTERS_ROWS_MAX = 100;
const READ_ROUNDS_MAX = 5;
const DAY_MS = 86400000;
const ERROR_TEXT = /^#(NULL!|DIV\/0!|VALUE!|REF!|NAME\?|NUM!|N\/A|ERROR!)$/;

/**
 * Reads what a person edited in the tab of a link; new rows get their ids first.
 * @param {Link} link
 * @param {GoogleAppsScript.Events.SheetsOnEdit} e
 * @param {Date} editedAt
 * @returns {object[]} bodies to send, all with one stamp
 */
function observeEdit_(link, e, editedAt) {
  const sheet = e.range.getSheet();
  const stamp = nextStamp_(link.name);
  const edited = editedCells_(e.range, sheet.getLastRow());
  const columns = columnsOf_(sheet, link.name);
  const bodies = [];
  const isBelow = edited.first > edited.last; // below the last row there is nothing to read
  const isIdsAlone = edited.left === columns.id && edited.right === columns.id; // damage, for a scan to judge
  const isReadable = columns.id && !isBelow && !isIdsAlone;
  const seen = isReadable ? observeRows_(sheet, link, edited, columns, e) : { cells: [], isHeader: false };
  const isStructure = !columns.id || !seen || seen.isHeader;
  if (isStructure || (holdsIds_(edited, columns) && !seen.cells.length && !isAbove_(sheet, edited, columns))) {
    bodies.push(structureBody_(link, stamp, e, editedAt));
  }
  return bodies.concat(editBodies_(link, stamp, e, editedAt, seen ? seen.cells : []));
}

/**
 * Adds one to `q` of a link and reads its counters, which later reads can only be newer than.
 * @param {string} name
 * @returns {Stamp}
 */
function nextStamp_(name) {
  const tab = SpreadsheetApp.getActive().getSheetByName(COUNTERS_TAB);
  const rows = tab ? tab.getRange(1, 1, Math.min(tab.getMaxRows(), COUNTERS_ROWS_MAX), 4).getValues() : [];
  const at = rows.findIndex((row, index) => index > 0 && String(row[0]) === name);
  if (!tab || at < 0) {
    throw new Error(
      `The hidden tab ${COUNTERS_TAB} does not know the link "${name}". Link it again: twinsheet link add.`,
    );
  }
  tab.getRange(at + 1, 4).setValue(Number(rows[at][3]) + 1);
  SpreadsheetApp.flush();
  const [n, epoch, q] = tab
    .getRange(at + 1, 2, 1, 3)
    .getValues()[0]
    .map(Number);
  return { n, epoch, q };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Range} range
 * @param {number} lastRow below it there is nothing
 * @returns {Edited}
 */
function editedCells_(range, lastRow) {
  return {
    first: range.getRow(),
    last: Math.min(range.getLastRow(), lastRow),
    left: range.getColumn(),
    right: range.getLastColumn(),
  };
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Link} link
 * @param {Edited} edited
 * @param {Columns} columns where the columns were when the look began
 * @param {GoogleAppsScript.Events.SheetsOnEdit} e
 * @returns {{cells: CellBody[], isHeader: boolean} | null} the cells to tell, and whether the headers were edited too;
 *   null when rows and columns would not hold still, or a time is uncertain: a scan has to look
 */
function observeRows_(sheet, link, edited, columns, e) {
  const given = /** @type {Map<string, any[]>} */ (new Map());
  for (let round = 0; round < READ_ROUNDS_MAX; round++) {
    const span = readSpan_(sheet, edited, columns);
    if (haveStrayed_(sheet, span, columns, given)) return null;
    const fresh = idsToGive_(sheet, span, edited, columns, given);
    if (fresh.size && !leaveAbove_(sheet, span, columns, fresh)) return null;
    if (fresh.size) {
      if (!giveIds_(sheet, span, columns, fresh)) return null;
      for (const [index, id] of fresh) if (id) given.set(id, span.values[index]);
      continue;
    }
    span.formulas = span.range.getFormulas();
    const now = columnsOf_(sheet, link.name);
    if (sameColumns_(columns, now)) {
      const above = rowsAbove_(sheet, span, columns);
      if (above && !above.length) return tell_(span, edited, columns, given, e);
      if (above && !takeAway_(sheet, span, columns, above)) return null;
    }
    columns = now;
    if (!columns.id) return null;
  }
  return null;
}

/**
 * Reads ids and values of the edited rows in one piece.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Edited} edited
 * @param {Columns} columns
 * @returns {Span}
 */
function readSpan_(sheet, edited, columns) {
  const places = [columns.id, ...columns.mapped.values()];
  const left = Math.min(...places);
  const width = Math.max(...places) - left + 1;
  const range = sheet.getRange(edited.first, left, edited.last - edited.first + 1, width);
  return { range, first: edited.first, left, values: range.getValues(), formulas: [] };
}

/**
 * @param {Columns} one
 * @param {Columns} other
 * @returns {boolean}
 */
function sameColumns_(one, other) {
  return (
    one.id === other.id &&
    one.mapped.size === other.mapped.size &&
    [...one.mapped].every(([header, column]) => other.mapped.get(header) === column)
  );
}

/**
 * Whether the rows still lie where they were read, and which of them with ids stand above the header row: such are
 * copies that people have pasted, and nothing of ours.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {Span} span
 * @param {Columns} columns
 * @returns {number[] | null} indexes of these; null when rows have moved
 */
function rowsAbove_(sheet, span, columns) {
  const top = span.first > HEADER_ROW_MAX ? span.first : 1; // so far down no header row is looked for
  const ids = sheet
    .getRange(top, columns.id, span.first - top + span.values.length, 1)
    .getValues()
    .map(([id]) => String(id));
  const now = ids.slice(span.first - top);
  if (now.some((id, index) => id !== String(span.values[index][columns.id - span.left]))) return null;
  if (top > 1) return [];
  const header = ids.indexOf(ID_HEADER);
  const isAbove = (/** @type {number} */ index) => header < 0 || span.first - 1 + index < header;
  return [...now.keys()].filter((index) => now[index].startsWith(ROW_ID_PREFIX) && isAbove(index));
}

/**
 * @param {Span} span
 * @param {Edited} edited
 * @param {Columns} columns
 * @param {Map<string, any[]>} given
 * @param {GoogleAppsScript.Events.SheetsOnEdit} e
 * @returns {{cells: CellBody[], isHeader: boolean} | null}
 */
function tell_(span, edited, columns, given, e) {
  const cells = cellBodies_(span, edited, columns, given, e);
  const isHeader = span.values.some((row) => row[columns.id - span.left] === ID_HEADER);
  return cells && { cells, isHeader };
}

/**
 * The cells to tell: mapped ones inside the edited range, and of a row that has just got its id
 * all of them, blank ones too: a row that the server does not know is made of a look at the whole of it.
 * @param {Span} span
 * @param {Edited} edited
 * @param {Columns} columns
 * @param {Map<string, any[]>} given
 * @param {GoogleAppsScript.Events.SheetsOnEdit} e
 * @returns {CellBody[] | null} null when one of them is a time that only the API tells
 */
function cellBodies_(span, edited, columns, given, e) {
  const cells = [];
  const timeZone = SpreadsheetApp.getActive().getSpreadsheetTimeZone();
  const write = valueWriter_(timeZone);
  const isSingle = e.range.getNumRows() === 1 && e.range.getNumColumns() === 1;
  for (let index = 0; index < span.values.length; index++) {
    const rowId = String(span.values[index][columns.id - span.left]);
    if (rowId === '' || rowId === ID_HEADER) continue;
    for (const [header, column] of columns.mapped) {
      const formula = span.formulas[index][column - span.left];
      const held = span.values[index][column - span.left];
      const value = write(held, formula);
      const isEdited = edited.left <= column && column <= edited.right;
      if (!isEdited && !given.has(rowId)) continue;
      if (held instanceof Date && mayBeSkipped_(held, timeZone)) return null;
      /** @type {CellBody} */
      const cell = { row_id: rowId, row: span.first + index, column: header, value };
      if (formula) cell.formula = formula;
      if (isEdited && isSingle) addEventValues_(cell, e);
      cells.push(cell);
    }
  }
  return cells;
}

/**
 * Adds the event's own values, where Google gives them: what was typed may have been overwritten
 * before this script could read it.
 * @param {CellBody} cell
 * @param {GoogleAppsScript.Events.SheetsOnEdit} e
 */
function addEventValues_(cell, e) {
  if (e.value !== undefined) cell.event_value = asTyped_(e.value, cell);
  if (e.oldValue !== undefined) cell.event_old_value = e.oldValue;
}

/**
 * Google tells values in events as text. One that says what the cell holds is told as the cell holds it.
 * @param {any} told
 * @param {CellBody} cell
 * @returns {any}
 */
function asTyped_(told, cell) {
  const held =
    cell.value !== null && typeof cell.value === 'object' ? (cell.value.serial ?? cell.value.error) : cell.value;
  const same =
    told === cell.formula ||
    String(told) === String(held) ||
    (typeof held === 'boolean' && String(told).toLowerCase() === String(held)) ||
    (typeof held === 'number' && String(told) !== '' && Number(told) === held);
  return same ? cell.value : told;
}

/**
 * Makes the function that turns what getValues gives into JSON: dates as serial numbers, and errors,
 * which getValues gives as text, as errors.
 * @param {string} timeZone the spreadsheet's
 * @returns {(value: any, formula: string) => any}
 */
function valueWriter_(timeZone) {
  return (value, formula) => {
    if (value instanceof Date) return { serial: serialOf_(value, timeZone) };
    if (value === '' && !formula) return null;
    if (formula && ERROR_TEXT.test(value)) return { error: value };
    return value;
  };
}

/**
 * Whether a time may be another one than the cell shows: one that clocks skip in spring comes as the same time
 * after the gap, and nothing tells it from that one.
 * @param {Date} date
 * @param {string} timeZone
 * @returns {boolean}
 */
function mayBeSkipped_(date, timeZone) {
  const wallMs = serialOf_(date, timeZone) * DAY_MS;
  /** @param {number} ms */
  const wentBy = (ms) => Math.round(wallMs - serialOf_(new Date(date.getTime() - ms), timeZone) * DAY_MS);
  const skippedMs = wentBy(DAY_MS) - DAY_MS;
  return skippedMs > 0 && wentBy(skippedMs) > skippedMs;
}

/**
 * Days since 1899-12-30 as the wall clock of the spreadsheet shows them, in summer and in winter.
 * @param {Date} date
 * @param {string} timeZone
 * @returns {number}
 */
function serialOf_(date, timeZone) {
  const wall = Utilities.formatDate(date, timeZone, 'yyyy-MM-dd HH:mm:ss.SSS')
    .split(/[^0-9]/)
    .map(Number);
  const [year, month, day, hour, minute, second, millisecond] = wall;
  const clock = new Date(Date.UTC(2000, month - 1, day, hour, minute, second, millisecond));
  clock.setUTCFullYear(year, month - 1, day); // Date.UTC reads the years 0 to 99 as 1900 to 1999
  return (clock.getTime() - Date.UTC(1899, 11, 30)) / DAY_MS;
}
