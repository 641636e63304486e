/**
 * Settling the conflict of the selected cell, for the menu. The script does not know what is in conflict; the
 * server does, and leaves every other cell alone.
 *
 * @typedef {{link: Link, rowId: string, header: string}} LinkedCell
 */

/** Both sides get what this cell holds. */
function keepSheetValue() {
  const cell = selectedCell_();
  if (cell) settle_(cell, { take: 'sheet' }, "the sheet's value");
}

/** Both sides get what the table holds. */
function takeTableValue() {
  const cell = selectedCell_();
  if (cell) settle_(cell, { take: 'table' }, "the table's value");
}

/** Both sides get a value that the person types. */
function takeOtherValue() {
  const cell = selectedCell_();
  if (!cell) return;
  const ui = SpreadsheetApp.getUi();
  const question = `What should "${cell.header}" hold on both sides? Dates as 2026-01-31, numbers as 12.5.`;
  const answer = ui.prompt('Another value', question, ui.ButtonSet.OK_CANCEL);
  if (answer.getSelectedButton() !== ui.Button.OK) return;
  const value = answer.getResponseText();
  settle_(cell, { take: 'value', value }, `"${value}"`);
}

/** @returns {LinkedCell | null} the selected cell; null, with a word to the person, when it cannot be in conflict */
function selectedCell_() {
  const ui = SpreadsheetApp.getUi();
  const range = SpreadsheetApp.getCurrentCell();
  const sheet = range && range.getSheet();
  for (const link of sheet ? linksOnTab_(sheet) : []) {
    const columns = columnsOf_(sheet, link.name);
    const [header] = [...columns.mapped.keys()].filter((name) => columns.mapped.get(name) === range.getColumn());
    if (header === undefined || !columns.id) continue;
    const rowId = String(sheet.getRange(range.getRow(), columns.id).getValue());
    if (rowId === ID_HEADER) continue;
    if (rowId) return { link, rowId, header };
    ui.alert('This row is not linked yet, so nothing in it is in conflict.');
    return null;
  }
  ui.alert('This cell is not linked. Select the cell that is in conflict first.');
  return null;
}

/**
 * @param {LinkedCell} cell
 * @param {{take: 'sheet' | 'table' | 'value', value?: string}} choice
 * @param {string} told what both sides get, for the person
 */
function settle_({ link, rowId, header }, choice, told) {
  const body = {
    link: link.name,
    spreadsheet_id: SpreadsheetApp.getActive().getId(),
    tab: link.tab,
    kind: 'take',
    edited_at: new Date().toISOString(),
    editor: editorOf_({}),
    take: { row_id: rowId, column: header, ...choice },
  };
  const fault = send_(link, JSON.stringify(body), Date.now() + TRYING_MS_MAX);
  SpreadsheetApp.getUi().alert(
    fault
      ? `Nothing was changed. ${fault}`
      : `Sent. If "${header}" of this row is in conflict, both sides get ${told} within seconds.`,
  );
}
