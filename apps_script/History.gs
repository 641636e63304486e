/**
 * The sidebar of the menu: what was done to the selected row, or to the whole link, and taking it back.
 * The functions without a trailing underscore are those that History.html calls.
 *
 * @typedef {{link: string, row: {id: string, title: string} | null}} Subject
 */

/** Opens the sidebar. */
function showHistory() {
  SpreadsheetApp.getUi().showSidebar(HtmlService.createHtmlOutputFromFile('History').setTitle('Twinsheet'));
}

/**
 * @returns {{subject: Subject, state: object}} what is selected now, and how its link is
 */
function lookAtSelection() {
  const { link, row } = selection_();
  const told = ask_(link, { what: 'state' });
  const asOf = told.identical_as_of && wallTime_(told.identical_as_of);
  return { subject: { link: link.name, row }, state: { ...told, identical_as_of: asOf } };
}

/**
 * @param {string} name of the link
 * @param {string | null} rowId null for the whole link
 * @param {string | null} cursor of the page before
 * @returns {{entries: object[], cursor: string | null}}
 */
function readHistory(name, rowId, cursor) {
  const page = ask_(linkNamed_(name), { what: 'history', row_id: rowId, cursor });
  return {
    ...page,
    entries: page.entries.map((/** @type {{at: string}} */ entry) => ({ ...entry, at: wallTime_(entry.at) })),
  };
}

/**
 * @param {string} name of the link
 * @param {{entry?: number, event?: string}} wanted
 * @returns {object} what would be taken back
 */
function planUndo(name, wanted) {
  return ask_(linkNamed_(name), { what: 'undo', ...wanted });
}

/**
 * @param {string} name of the link
 * @param {{entry?: number, event?: string}} wanted
 * @param {string} shown the plan's own mark: another plan than the one that was shown is not carried out
 * @returns {object} what came of it
 */
function takeBack(name, wanted, shown) {
  return ask_(linkNamed_(name), { what: 'undo', ...wanted, shown });
}

/**
 * @returns {{link: Link, row: {id: string, title: string} | null}}
 * @throws {Error} when the tab has no link
 */
function selection_() {
  const range = SpreadsheetApp.getCurrentCell();
  const sheet = range ? range.getSheet() : SpreadsheetApp.getActiveSheet();
  const [link] = linksOnTab_(sheet);
  if (!link) throw new Error('This tab is not linked. Select a cell of a linked tab, and look again.');
  const { id } = columnsOf_(sheet, link.name);
  const number = range ? range.getRow() : 0;
  const rowId = id && number ? String(sheet.getRange(number, id).getValue()) : '';
  return { link, row: rowId && rowId !== ID_HEADER ? { id: rowId, title: `row ${number}` } : null };
}

/**
 * @param {string} name
 * @returns {Link}
 */
function linkNamed_(name) {
  const found = savedLinks_().find((link) => link.name === name);
  if (!found) throw new Error(`The link "${name}" is not connected any more. Twinsheet → Connect connects it again.`);
  return found;
}
