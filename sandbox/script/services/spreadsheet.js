// SpreadsheetApp and its objects. Rows and columns count from 1 here, as in Google.

const DeveloperMetadataLocationType = enumeration('DeveloperMetadataLocationType', [
  'SPREADSHEET',
  'SHEET',
  'ROW',
  'COLUMN',
]);
const DeveloperMetadataVisibility = enumeration('DeveloperMetadataVisibility', ['DOCUMENT', 'PROJECT']);
const Dimension = enumeration('Dimension', ['COLUMNS', 'ROWS']);

const makeSpreadsheet = (id) =>
  sealed('Spreadsheet', {
    getId: () => id,
    getName: () => call('spreadsheet.name', id),
    rename: (name) => call('spreadsheet.rename', id, String(name)),
    getUrl: () => `https://docs.google.com/spreadsheets/d/${id}/edit`,
    getSpreadsheetTimeZone: () => call('spreadsheet.timeZone', id),
    getSpreadsheetLocale: () => call('spreadsheet.locale', id),
    getSheets: () => call('spreadsheet.sheets', id).map((sheetId) => makeSheet(id, sheetId)),
    getNumSheets: () => call('spreadsheet.sheets', id).length,
    getSheetByName: (name) => sheetOrNull(id, call('spreadsheet.sheetByName', id, String(name))),
    getSheetById: (sheetId) => sheetOrNull(id, call('spreadsheet.sheets', id).includes(sheetId) ? sheetId : null),
    getActiveSheet: () => makeSheet(id, activeSheetId(id)),
    setActiveSheet: (sheet) => setActive(id, sheet),
    getActiveRange: () => activeRange(id),
    getCurrentCell: () => activeRange(id).getCell(1, 1),
    insertSheet: (name) =>
      makeSheet(id, call('spreadsheet.insertSheet', id, name === undefined ? null : String(name))),
    deleteSheet: (sheet) => void call('spreadsheet.deleteSheet', id, sheet.getSheetId()),
    getRange: (a1) => rangeOfA1(id, activeSheetId(id), a1),
    getDataRange: () => makeSheet(id, activeSheetId(id)).getDataRange(),
    getLastRow: () => makeSheet(id, activeSheetId(id)).getLastRow(),
    getLastColumn: () => makeSheet(id, activeSheetId(id)).getLastColumn(),
    toast: (message, title, seconds) => void call('ui.toast', id, String(message), String(title ?? ''), seconds ?? 5),
    createDeveloperMetadataFinder: () => makeFinder(id, { spreadsheet: true }),
    getDeveloperMetadata: () =>
      makeFinder(id, { spreadsheet: true }).withLocationType(DeveloperMetadataLocationType.SPREADSHEET).find(),
  });

/** What the person has selected: sheetId, and the area as [row, column, rows, columns] from 0. */
const selection = context.selection;
let activeSheets = selection ? { [context.spreadsheetId]: selection.sheetId } : {};
/** What is selected on the active tab; its first cell where the person has selected nothing there. */
const activeRange = (id) => {
  const sheetId = activeSheetId(id);
  const isSelected = selection && id === context.spreadsheetId && sheetId === selection.sheetId;
  const [row, column, rows, columns] = isSelected ? selection.area : [0, 0, 1, 1];
  return makeRange(id, sheetId, row + 1, column + 1, rows, columns);
};
const activeSheetId = (id) => activeSheets[id] ?? call('spreadsheet.sheets', id)[0];
const setActive = (id, sheet) => {
  activeSheets[id] = sheet.getSheetId();
  return sheet;
};
const sheetOrNull = (id, sheetId) => (sheetId === null ? null : makeSheet(id, sheetId));

const makeSheet = (id, sheetId) => {
  const ask = (name, ...args) => call(`sheet.${name}`, id, sheetId, ...args);
  const self = sealed('Sheet', {
    getSheetId: () => sheetId,
    getParent: () => makeSpreadsheet(id),
    getName: () => ask('name'),
    getSheetName: () => ask('name'),
    setName: (name) => (ask('rename', String(name)), self),
    getIndex: () => ask('index') + 1,
    getLastRow: () => ask('lastRow'),
    getLastColumn: () => ask('lastColumn'),
    getMaxRows: () => ask('maxRows'),
    getMaxColumns: () => ask('maxColumns'),
    isSheetHidden: () => ask('isHidden'),
    hideSheet: () => (ask('setHidden', true), self),
    showSheet: () => (ask('setHidden', false), self),
    getRange: (...args) => sheetRange(id, sheetId, args),
    getDataRange: () => makeRange(id, sheetId, 1, 1, Math.max(ask('lastRow'), 1), Math.max(ask('lastColumn'), 1)),
    getSheetValues: (row, column, rows, columns) => sheetRange(id, sheetId, [row, column, rows, columns]).getValues(),
    activate: () => setActive(id, self),
    appendRow: (values) => (ask('appendRow', values), self),
    clear: () => (ask('clear'), self),
    clearContents: () => (ask('clear'), self),
    insertRowBefore: (row) => (ask('insertRows', row - 1, 1), self),
    insertRowAfter: (row) => (ask('insertRows', row, 1), self),
    insertRowsBefore: (row, count) => (ask('insertRows', row - 1, count), self),
    insertRowsAfter: (row, count) => (ask('insertRows', row, count), self),
    insertRows: (row, count = 1) => void ask('insertRows', row - 1, count),
    deleteRow: (row) => (ask('deleteRows', row - 1, 1), self),
    deleteRows: (row, count) => void ask('deleteRows', row - 1, count),
    insertColumnBefore: (column) => (ask('insertColumns', column - 1, 1), self),
    insertColumnAfter: (column) => (ask('insertColumns', column, 1), self),
    insertColumnsBefore: (column, count) => (ask('insertColumns', column - 1, count), self),
    insertColumnsAfter: (column, count) => (ask('insertColumns', column, count), self),
    insertColumns: (column, count = 1) => void ask('insertColumns', column - 1, count),
    deleteColumn: (column) => (ask('deleteColumns', column - 1, 1), self),
    deleteColumns: (column, count) => void ask('deleteColumns', column - 1, count),
    hideColumns: (column, count = 1) => void ask('hideColumns', column - 1, count, true),
    showColumns: (column, count = 1) => void ask('hideColumns', column - 1, count, false),
    hideRows: (row, count = 1) => void ask('hideRows', row - 1, count, true),
    showRows: (row, count = 1) => void ask('hideRows', row - 1, count, false),
    isColumnHiddenByUser: (column) => ask('isColumnHidden', column - 1),
    sort: (column, ascending = true) => (ask('sort', column - 1, !ascending), self),
    createDeveloperMetadataFinder: () => makeFinder(id, { sheetId }),
    toString: () => 'Sheet',
  });
  return self;
};

/** The overloads of Sheet.getRange: an A1 name, or row, column and how many of each. */
const sheetRange = (id, sheetId, args) => {
  if (typeof args[0] === 'string' && args.length === 1) return rangeOfA1(id, sheetId, args[0]);
  if (args.length < 2 || args.length > 4) refuse('SpreadsheetApp.Sheet.getRange', args);
  const [row, column, rows = 1, columns = 1] = wholeNumber('SpreadsheetApp.Sheet.getRange', ...args);
  if (row < 1) throw new Error('The starting row of the range is too small.');
  if (column < 1) throw new Error('The starting column of the range is too small.');
  if (rows < 1) throw new Error('The number of rows in the range must be at least 1.');
  if (columns < 1) throw new Error('The number of columns in the range must be at least 1.');
  const [rowCount, columnCount] = call('sheet.size', id, sheetId);
  if (row + rows - 1 > rowCount || column + columns - 1 > columnCount) {
    throw new Error('The coordinates of the range are outside the dimensions of the sheet.');
  }
  return makeRange(id, sheetId, row, column, rows, columns);
};

const rangeOfA1 = (id, sheetId, a1) => {
  const found = call('spreadsheet.rangeOfA1', id, sheetId, a1);
  return makeRange(id, found.sheetId, found.row + 1, found.column + 1, found.rows, found.columns);
};

const makeRange = (id, sheetId, row, column, rows, columns) => {
  const area = [row - 1, column - 1, rows, columns];
  const ask = (name, ...args) => call(`range.${name}`, id, sheetId, area, ...args);
  const grid = (value) => Array.from({ length: rows }, () => new Array(columns).fill(value));
  const put = (name, values) => {
    if (!Array.isArray(values) || !values.every(Array.isArray)) refuse(`SpreadsheetApp.Range.${name}`, [values]);
    if (values.length !== rows) {
      throw new Error(
        `The number of rows in the data does not match the number of rows in the range. The data has ${values.length} but the range has ${rows}.`,
      );
    }
    for (const line of values) {
      if (line.length !== columns) {
        throw new Error(
          `The number of columns in the data does not match the number of columns in the range. The data has ${line.length} but the range has ${columns}.`,
        );
      }
    }
    ask(name, values);
    return self;
  };
  const self = sealed('Range', {
    getRow: () => row,
    getRowIndex: () => row,
    getColumn: () => column,
    getColumnIndex: () => column,
    getNumRows: () => rows,
    getNumColumns: () => columns,
    getHeight: () => rows,
    getWidth: () => columns,
    getLastRow: () => row + rows - 1,
    getLastColumn: () => column + columns - 1,
    rowStart: row,
    rowEnd: row + rows - 1,
    columnStart: column,
    columnEnd: column + columns - 1,
    getSheet: () => makeSheet(id, sheetId),
    getGridId: () => sheetId,
    getA1Notation: () => ask('a1'),
    getCell: (r, c) => makeRange(id, sheetId, row + r - 1, column + c - 1, 1, 1),
    offset: (r, c, height = rows, width = columns) => sheetRange(id, sheetId, [row + r, column + c, height, width]),
    getValue: () => ask('values')[0][0],
    getValues: () => ask('values'),
    getDisplayValue: () => ask('displayValues')[0][0],
    getDisplayValues: () => ask('displayValues'),
    getFormula: () => ask('formulas')[0][0],
    getFormulas: () => ask('formulas'),
    getNote: () => ask('notes')[0][0],
    getNotes: () => ask('notes'),
    getNumberFormat: () => ask('numberFormats')[0][0],
    getNumberFormats: () => ask('numberFormats'),
    isBlank: () => ask('isBlank'),
    setValue: (value) => put('setValues', grid(value)),
    setValues: (values) => put('setValues', values),
    setFormula: (formula) => put('setFormulas', grid(formula)),
    setFormulas: (formulas) => put('setFormulas', formulas),
    setNote: (note) => put('setNotes', grid(note)),
    setNotes: (notes) => put('setNotes', notes),
    clearNote: () => put('setNotes', grid(null)),
    setNumberFormat: (format) => put('setNumberFormats', grid(String(format))),
    setNumberFormats: (formats) => put('setNumberFormats', formats),
    clear: () => (ask('clear'), self),
    clearContent: () => (ask('clear'), self),
    copyTo: (target) =>
      void ask('copyTo', target.getSheet().getSheetId(), [
        target.getRow() - 1,
        target.getColumn() - 1,
        target.getNumRows(),
        target.getNumColumns(),
      ]),
    sort: (key) => (ask('sort', sortKeys(key)), self),
    activate: () => self,
    createDeveloperMetadataFinder: () => makeFinder(id, { sheetId, area }),
    addDeveloperMetadata: (key, value, visibility) => (
      ask('addMetadata', String(key), metadataValue(value), String(metadataVisibility(value, visibility))),
      self
    ),
    getDeveloperMetadata: () => makeFinder(id, { sheetId, area }).find(),
    toString: () => 'Range',
  });
  return self;
};

const sortKeys = (key) =>
  (Array.isArray(key) ? key : [key]).map((one) =>
    typeof one === 'number' ? [one - 1, false] : [one.column - 1, one.ascending === false],
  );

const metadataValue = (value) => (typeof value === 'string' ? value : null);
const metadataVisibility = (value, visibility) =>
  visibility ?? (typeof value === 'object' && value !== null ? value : DeveloperMetadataVisibility.DOCUMENT);

const makeFinder = (id, place) => {
  const wanted = {};
  const wish = (name, value) => ((wanted[name] = value), self);
  const self = sealed('DeveloperMetadataFinder', {
    withId: (value) => wish('id', value),
    withKey: (value) => wish('key', String(value)),
    withValue: (value) => wish('value', String(value)),
    withVisibility: (value) => wish('visibility', String(value)),
    withLocationType: (value) => wish('locationType', String(value)),
    onIntersectingLocations: () => wish('intersecting', true),
    find: () => call('metadata.find', id, place, wanted).map((found) => makeMetadata(id, found)),
  });
  return self;
};

const makeMetadata = (id, found) =>
  sealed('DeveloperMetadata', {
    getId: () => found.id,
    getKey: () => found.key,
    getValue: () => found.value,
    getVisibility: () => DeveloperMetadataVisibility[found.visibility],
    getLocation: () => makeLocation(id, found),
  });

const makeLocation = (id, found) => {
  const lineOf = (type, line) => (found.locationType === type ? line() : null);
  return sealed('DeveloperMetadataLocation', {
    getLocationType: () => DeveloperMetadataLocationType[found.locationType],
    getSpreadsheet: () => lineOf('SPREADSHEET', () => makeSpreadsheet(id)),
    getSheet: () => lineOf('SHEET', () => makeSheet(id, found.sheetId)),
    getColumn: () => lineOf('COLUMN', () => makeRange(id, found.sheetId, 1, found.index + 1, found.rows, 1)),
    getRow: () => lineOf('ROW', () => makeRange(id, found.sheetId, found.index + 1, 1, 1, found.columns)),
  });
};

globalThis.SpreadsheetApp = sealed('SpreadsheetApp', {
  getActive: () => makeSpreadsheet(context.spreadsheetId),
  getActiveSpreadsheet: () => makeSpreadsheet(context.spreadsheetId),
  getActiveSheet: () => makeSpreadsheet(context.spreadsheetId).getActiveSheet(),
  getActiveRange: () => activeRange(context.spreadsheetId),
  getCurrentCell: () => activeRange(context.spreadsheetId).getCell(1, 1),
  openById: (id) => makeSpreadsheet(call('spreadsheet.open', String(id))),
  flush: () => void call('spreadsheet.flush'),
  getUi: () => makeUi(),
  DeveloperMetadataLocationType,
  DeveloperMetadataVisibility,
  Dimension,
});
