/**
 * The menu "Twinsheet": what a person clicks.
 */

/** Builds the menu whenever the spreadsheet is opened. */
function onOpen() {
  addTwinsheetMenu_();
}

/** For a script that has an onOpen of its own, to call from there. */
function addTwinsheetMenu_() {
  SpreadsheetApp.getUi()
    .createMenu('Twinsheet')
    .addItem('Connect', 'connect')
    .addItem('Status', 'showStatus')
    .addItem('History and undo', 'showHistory')
    .addSeparator()
    .addItem("Conflict: keep the sheet's value", 'keepSheetValue')
    .addItem("Conflict: take the table's value", 'takeTableValue')
    .addItem('Conflict: another value…', 'takeOtherValue')
    .addSeparator()
    .addItem('Disconnect', 'disconnect')
    .addToUi();
}

/** Asks for the connection code that `twinsheet link add` printed, and connects that link. */
function connect() {
  const ui = SpreadsheetApp.getUi();
  const answer = ui.prompt(
    'Connect to Twinsheet',
    'Paste the connection code that "twinsheet link add" printed. It begins with ts1.',
    ui.ButtonSet.OK_CANCEL,
  );
  if (answer.getSelectedButton() !== ui.Button.OK) return;
  const link = connectionOf_(answer.getResponseText());
  if (!link) {
    ui.alert(
      'This is not a connection code. Copy the whole line that begins with ts1. and try Twinsheet → Connect again.',
    );
    return;
  }
  const home = homeOf_(link.name);
  saveLink_({ ...link, ...home });
  installTriggers_();
  SpreadsheetApp.getActive().toast(`Link "${link.name}" is connected.`, 'Twinsheet');
  ui.alert(`Link "${link.name}" is connected${home.tab ? ` to the tab "${home.tab}"` : ''}. ${reachable_(link.url)}`);
}

/** Shows the links of this spreadsheet, how each is, and what went wrong last, if anything did. */
function showStatus() {
  const links = savedLinks_().map(settled_);
  const lines = links.map((link) => {
    const fault = faultOf_(link.name);
    return [`${link.name}: tab "${link.tab || '?'}"`, stateOf_(link), fault].filter(Boolean).join('\n');
  });
  if (links.length && !triggersInstalled_()) {
    lines.push('The triggers of this script are gone. Twinsheet → Connect installs them again.');
  }
  SpreadsheetApp.getUi().alert(
    lines.join('\n\n') ||
      'No link is connected. Twinsheet → Connect takes the code that "twinsheet link add" prints.',
  );
}

/** Forgets one link; the tab and the table stay as they are. */
function disconnect() {
  const ui = SpreadsheetApp.getUi();
  const names = savedLinks_().map((link) => link.name);
  if (!names.length) {
    ui.alert('No link is connected.');
    return;
  }
  const answer = ui.prompt(
    'Disconnect from Twinsheet',
    `Name of the link to disconnect (${names.join(', ')}):`,
    ui.ButtonSet.OK_CANCEL,
  );
  const name = answer.getResponseText().trim() || (names.length === 1 ? names[0] : '');
  if (answer.getSelectedButton() !== ui.Button.OK) return;
  if (!names.includes(name)) {
    ui.alert(`No link is called "${name}". Connected: ${names.join(', ')}.`);
    return;
  }
  forgetLink_(name);
  if (names.length === 1) removeTriggers_();
  ui.alert(`Link "${name}" is disconnected. Sheet and table stay as they are.`);
}
