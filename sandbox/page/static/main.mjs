// The page: puts the sheet and the table side by side, and hands to each what the server tells.
import { askRow, toast } from './dialogs.mjs';
import { element } from './look.mjs';
import { Menus } from './menus.mjs';
import { Panels } from './panels.mjs';
import { face, people } from './people.mjs';
import { News } from './server.mjs';
import { SheetPane, text } from './sheet.mjs';
import { TablePane } from './table.mjs';
import { showTip, showTipsOver } from './tips.mjs';
import { Verdict } from './verdict.mjs';

const $ = (id) => document.getElementById(id);

let book = null;
let tableHere = false;

const page = {
  user: () => $('person').value,
  fault: (error) => toast(error.hint ? `${error.message} ${error.hint}` : error.message, 'bad'),
  ran: (sql) => toast(sql.length > 1 ? `${sql[0]} … and ${sql.length - 1} more` : sql[0], 'sql'),
  showTabs: () => showTabs(book.tabs),
  selected: () => showPlace(),
};
const sheet = new SheetPane($('sheetGrid'), { ...page, selected: sheetSelected, menu: (event) => menus.atPointer(event) });
const table = new TablePane($('tableGrid'), { ...page, selected: tableSelected });
const panels = new Panels(sheet);
const menus = new Menus(sheet, { ...page, show: (told) => panels.show(told) });
const verdict = new Verdict(sheet, table);
const news = new News(heard, connected);

// -- news ------------------------------------------------------------------------------------

let queue = Promise.resolve();

/** One after the other: a grid that is being built must stand before it is changed. */
function heard(message) {
  queue = queue.then(() => take(message)).catch(reportError); // what follows still counts
}

async function take(message) {
  if (message.spreadsheets) showList(message.spreadsheets);
  if (message.gone) showEmptySheet('This spreadsheet was deleted.');
  if (message.sheet) await showSheet(message.sheet);
  if (message.patch) showPatch(message.patch);
  if (message.keys) {
    sheet.keys = message.keys;
    verdict.mark();
  }
  if (message.absent) showAbsent(message.absent);
  if (message.table) await showTable(message.table);
  if (message.rows) await table.patch(message.rows);
  if (message.status && tableHere) verdict.heard(message.status);
}

function connected(state) {
  const told = {
    lost: ['The connection to the sandbox is lost. Trying again…', ''],
    retired: ['This page rests, because it is open in many windows.', 'Go on here'],
  }[state];
  $('banner').hidden = !told;
  if (!told) return;
  verdict.none('not connected', 'none');
  [$('bannerText').textContent, $('bannerButton').textContent] = told;
  $('bannerButton').hidden = !told[1];
}

function look(spreadsheet, tab = null) {
  sheet.keys = [];
  tableHere = false;
  if (spreadsheet !== book?.id) panels.close();
  verdict.none('…', 'none');
  news.look(spreadsheet, tab);
  const address = new URL(location.href);
  address.hash = new URLSearchParams(tab === null ? { s: spreadsheet } : { s: spreadsheet, tab }).toString();
  history.replaceState(null, '', address);
}

// -- spreadsheets and tabs -------------------------------------------------------------------

function showList(list) {
  $('spreadsheets').hidden = list.length < 2;
  $('title').hidden = list.length > 1;
  $('spreadsheets').replaceChildren(...list.map(({ id, title }) => new Option(title, id)));
  if (book) $('spreadsheets').value = book.id;
  if (!list.length) showEmptySheet('There is no spreadsheet yet.');
}

function showEmptySheet(message) {
  book = null;
  panels.close();
  $('sheetGrid').hidden = true;
  const command = `curl -X POST ${location.origin}/v4/spreadsheets -H 'Content-Type: application/json' `
    + '-d \'{"properties":{"title":"Mine"}}\'';
  fillEmpty($('sheetEmpty'), message, 'Make one with the sample: make demo. Or create one through the API:', command);
  $('tabs').replaceChildren();
  delete $('tabs').dataset.signature;
  $('title').textContent = '';
  showAbsent({ kind: 'none', message: 'No spreadsheet, no table.', hint: '' });
}

async function showSheet(told) {
  const first = !book;
  $('sheetEmpty').hidden = true;
  $('sheetGrid').hidden = false;
  showBook(told, told.tab.id);
  await sheet.whole(told);
  showPlace();
  if (first && matchMedia('(hover: hover)').matches) sheet.grid.focus();
}

function showPatch(patch) {
  showBook(patch, sheet.tab.id);
  sheet.patch(patch);
  if (!sheet.grid.editing) showPlace();
}

function showBook(told, tab) {
  book = { ...told, tab };
  $('title').textContent = told.title;
  $('spreadsheets').value = told.id;
  document.title = `${told.title} – Twinsheet sandbox`;
  showTabs(told.tabs);
}

function showTabs(tabs) {
  const shown = tabs.filter((tab) => !tab.hidden || sheet.showTabs || tab.id === book.tab);
  const signature = JSON.stringify([shown, book.tab]);
  if ($('tabs').dataset.signature === signature) return;
  $('tabs').dataset.signature = signature;
  $('tabs').replaceChildren(...shown.map((tab) => {
    const button = element('button', { type: 'button', textContent: tab.title, role: 'tab' });
    button.ariaSelected = String(tab.id === book.tab);
    button.classList.toggle('hidden-tab', tab.hidden);
    button.addEventListener('click', () => look(book.id, tab.id));
    return button;
  }));
}

// -- the table -------------------------------------------------------------------------------

const LEAD = { unlinked: 'Link it to one:', alone: 'Start everything together:' };

function showAbsent({ kind, message, hint }) {
  tableHere = false;
  for (const id of ['tableGrid', 'sql', 'addRow', 'deleteRow']) $(id).hidden = true;
  $('tableName').textContent = 'no table';
  fillEmpty($('tableEmpty'), message, LEAD[kind] ?? hint, kind in LEAD ? hint : '');
  if (kind === 'fault') verdict.none('table not readable', 'bad');
  else verdict.none('not linked', 'none');
}

async function showTable(told) {
  tableHere = true;
  $('tableEmpty').hidden = true;
  for (const id of ['tableGrid', 'sql', 'addRow', 'deleteRow']) $(id).hidden = false;
  $('tableName').textContent = told.name + (told.cut ? ` (first ${told.rows.length} rows)` : '');
  $('statements').replaceChildren(...told.try.map((sql) => {
    const item = element('li');
    item.append(copyable(sql));
    return item;
  }));
  await table.whole(told);
  sheetSelected();
}

function fillEmpty(place, message, lead, command) {
  place.hidden = false;
  place.replaceChildren(element('p', { textContent: message }));
  if (lead) place.append(element('p', { textContent: lead }));
  if (command) place.append(copyable(command));
}

function copyable(command) {
  const row = element('span', { className: 'copyable' });
  const button = element('button', { type: 'button', textContent: 'Copy', ariaLabel: `Copy ${command}` });
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  row.append(element('code', { textContent: command }), button);
  return row;
}

$('addRow').addEventListener('click', async () => {
  const values = await askRow(`New row in ${$('tableName').textContent}`, table.columns);
  if (values) await table.insert(values);
});
$('deleteRow').addEventListener('click', () => table.deleteRows());

// -- selecting -------------------------------------------------------------------------------

function sheetSelected() {
  if (!sheet.tab) return;
  showPlace();
  const { row, column } = sheet.active;
  const header = sheet.tab.columns[column]?.linked;
  const name = table.columns.find((one) => one.header === header)?.name ?? '';
  if (tableHere) table.markTwin(sheet.keys[row] ?? null, name, true);
  sheet.markTwin(-1, false);
  const remark = sheet.remark(row, column);
  showTip(remark, sheet.grid.cursor.getBoundingClientRect());
  const shown = text(sheet.at(row, column)) || 'empty';
  $('live').textContent = `${sheet.name(row, column)} ${shown}${remark ? `. ${remark}` : ''}`;
}

function tableSelected() {
  table.markTwin(null, '', false);
  sheet.markTwin(sheet.keys.indexOf(table.activeKey ?? ''), true);
}

function showPlace() {
  const { row, column } = sheet.active;
  const { range } = sheet.grid;
  const single = range.top === range.bottom && range.left === range.right;
  $('place').textContent = single ? sheet.name(row, column) : sheet.rangeName(range);
  if (document.activeElement !== formula) formula.value = sheet.activeText;
}

showTipsOver($('sheetGrid'), sheet);

// -- the formula bar -------------------------------------------------------------------------

const formula = $('formula');
let formulaBefore = '';
formula.addEventListener('focus', () => { formulaBefore = formula.value; });
formula.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') formula.value = formulaBefore;
  if (event.key === 'Enter' || event.key === 'Escape') sheet.grid.focus();
});
formula.addEventListener('blur', () => {
  const { row, column } = sheet.active;
  if (book && formula.value !== formulaBefore) sheet.type(row, column, formula.value);
});
$('sheetGrid').addEventListener('editing', (event) => { formula.value = event.detail; });
document.addEventListener('refused', (event) => toast(event.detail, 'bad'));

// -- people, and what is in view -------------------------------------------------------------

for (const { name, address } of people) $('person').append(new Option(name, address));
$('person').value = localStorage.getItem('twinsheet.person') ?? people[0].address;
if (!$('person').value) $('person').value = people[0].address;
function showFace() {
  Object.assign($('face'), face($('person').value));
  localStorage.setItem('twinsheet.person', $('person').value);
}
$('person').addEventListener('change', showFace);
showFace();

$('spreadsheets').addEventListener('change', () => look($('spreadsheets').value));
$('bannerButton').addEventListener('click', () => news.open());

for (const button of document.querySelectorAll('.switch button')) {
  button.addEventListener('click', () => {
    $('panes').dataset.show = button.dataset.show;
    for (const one of document.querySelectorAll('.switch button')) one.ariaPressed = String(one === button);
  });
}

const wanted = new URLSearchParams(location.hash.slice(1));
news.look(wanted.get('s') ?? '', wanted.get('tab'));
