// The page: puts the sheet and the table side by side, and tells how far they are from each other.
import { SheetPane, text } from './sheet.mjs';
import { TablePane } from './table.mjs';
import { Failure, News, get } from './server.mjs';
import { askRow, alertText, choose, confirmText, openMenu, promptText, toast } from './dialogs.mjs';
import { face, people } from './people.mjs';

const $ = (id) => document.getElementById(id);
const PATIENCE_MS = 5000;
const LOG_MAX = 30;

let list = [];
let book = null;
let status = null;
let lastCrossing = null;
let tick = null;

const page = {
  user: () => $('person').value,
  fault: (error) => toast(error.hint ? `${error.message} ${error.hint}` : error.message, 'bad'),
  ran: (sql) => toast(sql.length > 1 ? `${sql[0]} … and ${sql.length - 1} more` : sql[0], 'sql'),
};
const sheet = new SheetPane($('sheetGrid'), { ...page, selected: sheetSelected, menu: sheetMenu });
const table = new TablePane($('tableGrid'), { ...page, selected: tableSelected });
const news = new News(heard, connected);
let tableHere = false;

// -- news ------------------------------------------------------------------------------------

let queue = Promise.resolve();

/** One after the other: a grid that is being built must stand before it is changed. */
function heard(message) {
  queue = queue.then(() => take(message));
}

async function take(message) {
  if (message.spreadsheets) showList(message.spreadsheets);
  if (message.gone) showEmptySheet('This spreadsheet was deleted.');
  if (message.sheet) await showSheet(message.sheet);
  if (message.patch) showPatch(message.patch);
  if (message.keys) {
    sheet.keys = message.keys;
    if (status) markDifferences();
  }
  if (message.absent) showAbsent(message.absent);
  if (message.table) await showTable(message.table);
  if (message.rows) await table.patch(message.rows);
  if (message.status) showStatus(message.status);
}

function connected(state) {
  const told = {
    lost: ['The connection to the sandbox is lost. Trying again…', ''],
    retired: ['This page rests, because it is open in many windows.', 'Go on here'],
  }[state];
  $('banner').hidden = !told;
  if (!told) return;
  [$('bannerText').textContent, $('bannerButton').textContent] = told;
  $('bannerButton').hidden = !told[1];
}

// -- spreadsheets and tabs -------------------------------------------------------------------

function showList(spreadsheets) {
  list = spreadsheets;
  const names = $('spreadsheets');
  names.hidden = list.length < 2;
  $('title').hidden = list.length > 1;
  names.replaceChildren(...list.map(({ id, title }) => new Option(title, id)));
  if (book) names.value = book.id;
  if (!list.length) showEmptySheet('There is no spreadsheet yet.');
}

function showEmptySheet(message) {
  book = null;
  $('sheetGrid').hidden = true;
  fillEmpty($('sheetEmpty'), message, 'Make one with the sample: make demo. Or create one through the API:',
    `curl -X POST ${location.origin}/v4/spreadsheets -H 'Content-Type: application/json' -d '{"properties":{"title":"Mine"}}'`);
  $('tabs').replaceChildren();
  $('title').textContent = '';
  showAbsent({ kind: 'unlinked', message: 'No spreadsheet, no table.', hint: '' });
}

async function showSheet(told) {
  const first = !book;
  $('sheetEmpty').hidden = true;
  $('sheetGrid').hidden = false;
  showBook(told);
  await sheet.whole(told);
  showPlace();
  if (first && matchMedia('(hover: hover)').matches) sheet.grid.focus();
}

function showPatch(patch) {
  showBook(patch);
  sheet.patch(patch);
  if (!sheet.grid.editing) showPlace();
}

function showBook(told) {
  book = told;
  $('title').textContent = told.title;
  $('spreadsheets').value = told.id;
  document.title = `${told.title} – Twinsheet sandbox`;
  showTabs(told.tabs);
}

function showTabs(tabs) {
  const shown = tabs.filter((tab) => !tab.hidden || sheet.showTabs || tab.id === sheet.tab?.id);
  const signature = JSON.stringify([shown, sheet.tab?.id, book.tab?.id]);
  if ($('tabs').dataset.signature === signature) return;
  $('tabs').dataset.signature = signature;
  const current = book.tab?.id ?? sheet.tab?.id;
  $('tabs').replaceChildren(...shown.map((tab) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: tab.title });
    button.role = 'tab';
    button.ariaSelected = String(tab.id === current);
    button.classList.toggle('hidden-tab', tab.hidden);
    button.addEventListener('click', () => look(book.id, tab.id));
    return button;
  }));
}

function look(spreadsheet, tab = null) {
  sheet.keys = [];
  tableHere = false;
  status = null;
  news.look(spreadsheet, tab);
  const address = new URL(location.href);
  address.hash = new URLSearchParams(tab === null ? { s: spreadsheet } : { s: spreadsheet, tab }).toString();
  history.replaceState(null, '', address);
}

// -- the table -------------------------------------------------------------------------------

function showAbsent({ kind, message, hint }) {
  tableHere = false;
  status = null;
  $('tableGrid').hidden = $('sql').hidden = true;
  $('addRow').hidden = $('deleteRow').hidden = true;
  $('tableName').textContent = 'no table';
  fillEmpty($('tableEmpty'), message, kind === 'fault' ? hint : kind === 'unlinked' ? 'Link it to one:' : 'Start everything together:', kind === 'fault' ? '' : hint);
  if (!hint) $('tableEmpty').querySelector('p:nth-of-type(2)')?.remove();
  $('verdict').textContent = kind === 'fault' ? 'table not readable' : 'not linked';
  $('status').dataset.state = kind === 'fault' ? 'bad' : 'none';
  $('crossing').textContent = '';
  sheet.differ(new Map(), new Map());
}

function fillEmpty(place, message, hint, command) {
  place.hidden = false;
  place.replaceChildren(line('p', message), line('p', hint));
  if (command) place.append(copyable(command));
}

async function showTable(told) {
  tableHere = true;
  $('tableEmpty').hidden = true;
  $('tableGrid').hidden = $('sql').hidden = $('addRow').hidden = $('deleteRow').hidden = false;
  $('tableName').textContent = told.name + (told.cut ? ` (first ${told.rows.length} rows)` : '');
  $('statements').replaceChildren(...told.try.map((sql) => {
    const item = document.createElement('li');
    item.append(copyable(sql));
    return item;
  }));
  await table.whole(told);
  sheetSelected();
}

function copyable(command) {
  const row = document.createElement('span');
  row.className = 'copyable';
  const button = Object.assign(document.createElement('button'), { type: 'button', textContent: 'Copy' });
  button.ariaLabel = `Copy ${command}`;
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command);
    button.textContent = 'Copied';
    setTimeout(() => { button.textContent = 'Copy'; }, 1500);
  });
  row.append(line('code', command), button);
  return row;
}

// -- how far both sides are from each other --------------------------------------------------

function showStatus(told) {
  status = told;
  for (const one of told.landed) logLanded(one);
  const crossed = told.landed.at(-1);
  if (crossed) lastCrossing = crossed;
  showVerdict();
  markDifferences();
}

function showVerdict() {
  clearTimeout(tick);
  if (!status || !tableHere) return;
  const { differences, cells, state, waiting } = status;
  const oldest = Math.min(...cells.map(([, , , since]) => since));
  const writing = differences > 0 && Date.now() - oldest < PATIENCE_MS && state !== 'held' && state !== 'paused';
  let [verdict, mood, title] = ['identical', 'good', 'Every linked cell of the tab equals its cell of the table.'];
  if (status.fault) [verdict, mood, title] = ['MySQL does not answer', 'bad', `${status.fault} ${status.hint}`];
  else if (state === 'held') [verdict, mood, title] = ['held', 'bad', `${status.reason} Go on with: twinsheet approve or restore ${table.link}`];
  else if (state === 'paused') [verdict, mood, title] = ['paused', 'bad', `Go on with: twinsheet resume ${table.link}`];
  else if (writing) [verdict, mood] = ['writing…', 'busy'];
  else if (differences) [verdict, mood, title] = [`${differences} ${differences === 1 ? 'difference' : 'differences'}`, 'bad', 'Cells that differ are marked on both sides.'];
  else if (waiting.length) [verdict, mood, title] = [`identical, ${waiting.length} waiting`, 'wait', waiting.map(([, column, reason]) => (reason.startsWith(`${column}:`) ? reason : `${column}: ${reason}`)).join('\n')];
  $('verdict').textContent = verdict;
  $('status').dataset.state = mood;
  $('status').title = title;
  $('crossing').textContent = lastCrossing ? `last ${direction(lastCrossing)} ${duration(lastCrossing.ms)}` : '';
  if (writing) tick = setTimeout(showVerdict, 500);
}

function markDifferences() {
  const byKey = new Map();
  const headers = new Map(table.columns.map(({ name, header }) => [name, header]));
  const byRow = new Map();
  for (const [key, column] of status.cells) {
    if (!byKey.has(key)) byKey.set(key, new Set());
    byKey.get(key).add(column);
  }
  sheet.keys.forEach((key, row) => {
    const columns = key !== null && byKey.get(key);
    if (columns) byRow.set(row, new Set([...columns].map((name) => (name ? headers.get(name) : ''))));
  });
  sheet.differ(byRow, waitingByRow(headers));
  table.differ(byKey);
}

function waitingByRow(headers) {
  const byRow = new Map();
  for (const [id, column, reason] of status.waiting) {
    const row = sheet.rowOfId(id);
    if (!byRow.has(row)) byRow.set(row, new Map());
    byRow.get(row).set(headers.get(column), reason);
  }
  return byRow;
}

const direction = ({ side }) => (side === 'sheet' ? 'sheet → table' : 'table → sheet');
const duration = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

function logLanded(one) {
  $('logHint').hidden = true;
  const item = document.createElement('li');
  const what = one.column ? `${one.column} of ${one.key}` : `row ${one.key}`;
  const value = one.column ? (one.value ?? 'NULL') : '';
  item.append(
    Object.assign(line('span', direction(one)), { className: `way ${one.side}` }), line('span', what),
    Object.assign(line('q', value), { hidden: !value }), Object.assign(line('b', duration(one.ms))),
  );
  $('log').prepend(item);
  while ($('log').children.length > LOG_MAX) $('log').lastChild.remove();
}

// -- selecting -------------------------------------------------------------------------------

function sheetSelected() {
  showPlace();
  const { row, column } = sheet.active;
  const key = sheet.keys[row] ?? null;
  const header = sheet.tab?.columns[column]?.linked;
  const name = table.columns.find((one) => one.header === header)?.name ?? '';
  if (tableHere) table.markTwin(key, name, true);
  sheet.markTwin(-1, false);
  const remark = sheet.tab ? sheet.remark(row, column) : '';
  showTip(remark);
  $('live').textContent = `${sheet.name(row, column)} ${text(sheet.at(row, column)) || 'empty'}${remark ? `. ${remark}` : ''}`;
}

function tableSelected() {
  table.markTwin(null, '', false);
  const row = sheet.keys.indexOf(table.activeKey ?? '');
  sheet.markTwin(row, true);
}

function showPlace() {
  const { row, column } = sheet.active;
  const { range } = sheet.grid;
  const single = range.top === range.bottom && range.left === range.right;
  $('place').textContent = single ? sheet.name(row, column)
    : `${sheet.name(range.top, sheet.shown[range.left])}:${sheet.name(range.bottom, sheet.shown[range.right])}`;
  if (document.activeElement !== $('formula')) $('formula').value = sheet.activeText;
}

function showTip(note) {
  const tip = $('tip');
  tip.hidden = !note;
  if (!note) return;
  tip.textContent = note;
  tip.classList.toggle('ours', note.includes('Twinsheet:'));
  const box = sheet.grid.cursor.getBoundingClientRect();
  placeTip(tip, box);
}

function placeTip(tip, box) {
  const { width, height } = tip.getBoundingClientRect();
  const below = box.bottom + height + 8 < innerHeight;
  tip.style.left = `${Math.max(4, Math.min(box.left, innerWidth - width - 4))}px`;
  tip.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
}

$('sheetGrid').addEventListener('pointerover', (event) => {
  const own = event.target.closest?.(':is([data-marks~="note"], [data-marks~="waits"])');
  if (!own) return void showTip('');
  showTip(sheet.remark(Number(own.dataset.r), sheet.shown[Number(own.dataset.c)]));
  placeTip($('tip'), own.getBoundingClientRect());
});
for (const name of ['pointerleave', 'scroll']) $('sheetGrid').addEventListener(name, () => { $('tip').hidden = true; }, true);

// -- typing in the formula bar ---------------------------------------------------------------

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

// -- menus -----------------------------------------------------------------------------------

const menus = {
  rows: () => {
    const { top, bottom } = sheet.grid.range;
    const count = bottom - top + 1;
    const rows = count === 1 ? `row ${top + 1}` : `rows ${top + 1} to ${bottom + 1}`;
    return [
      [`Insert ${count === 1 ? 'a row' : `${count} rows`} above`, () => sheet.insertRows(false)],
      [`Insert ${count === 1 ? 'a row' : `${count} rows`} below`, () => sheet.insertRows(true)],
      [`Delete ${rows}`, () => sheet.deleteRows()],
    ];
  },
  sort: () => {
    const column = sheet.name(0, sheet.active.column).slice(0, -1);
    return [
      [`Sort by column ${column}, A → Z`, () => sheet.sort(false)],
      [`Sort by column ${column}, Z → A`, () => sheet.sort(true)],
    ];
  },
  view: () => [
    [`${sheet.showHidden ? '✓ ' : ''}Show hidden columns`, showHiddenColumns],
    [`${sheet.showTabs ? '✓ ' : ''}Show hidden tabs`, showHiddenTabs],
  ],
  twinsheet: async () => {
    const { menus: added } = await get(`/page/menus/${encodeURIComponent(book.id)}?user=${encodeURIComponent(page.user())}`);
    const items = added.flatMap((menu) => menu.items.map((item) => item.label).filter(Boolean));
    return items.map((label) => [label, () => clickItem(label)]);
  },
};

for (const button of document.querySelectorAll('[data-menu]')) {
  button.ariaHasPopup = 'menu';
  button.addEventListener('click', () => showMenu(button, menus[button.dataset.menu]));
}

async function showMenu(anchor, made) {
  if (!book) return;
  try {
    openMenu(anchor.getBoundingClientRect(), await made(), () => sheet.grid.focus());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    page.fault(error);
  }
}

function sheetMenu(event) {
  const box = new DOMRect(event.clientX, event.clientY, 0, 0);
  openMenu(box, [...menus.rows(), null, ...menus.sort(), null, ['Undo', () => sheet.act('undo', {}, false)]], () => sheet.grid.focus());
}

async function showHiddenColumns() {
  sheet.showHidden = !sheet.showHidden;
  await sheet.grid.build();
  showPlace();
}

function showHiddenTabs() {
  sheet.showTabs = !sheet.showTabs;
  showTabs(book.tabs);
}

async function clickItem(label) {
  if (label === 'Connect') {
    const code = await promptText('Connect to Twinsheet', 'Paste the connection code that “twinsheet link add” printed. It begins with ts1.');
    if (code) showClicked(await sheet.act('connect', { code }, false));
    return;
  }
  if (label === 'Disconnect' && !(await confirmText('Disconnect', 'Disconnect this spreadsheet from Twinsheet? Sheet and table stay as they are.'))) return;
  showClicked(await sheet.act('menu', { item: label }, false));
}

function showClicked(told) {
  if (!told) return;
  const messages = [...(told.messages ?? []), told.error].filter(Boolean);
  if (messages.length) alertText('Twinsheet', messages.join('\n\n'));
}

$('undo').addEventListener('click', () => book && sheet.act('undo', {}, false));
$('versions').addEventListener('click', async () => {
  if (!book) return;
  const { versions } = await get(`/page/versions/${encodeURIComponent(book.id)}`);
  const lines = versions.slice(1, 101).map(({ version, at }) => [`${new Date(at).toLocaleString()}  ·  version ${version}`, version]);
  const version = await choose('Go back to an earlier version', lines, 'There is no earlier version yet.');
  if (version !== null) await sheet.act('restore_version', { version }, false);
});

$('addRow').addEventListener('click', async () => {
  const values = await askRow(`New row in ${$('tableName').textContent}`, table.columns);
  if (values) await table.insert(values);
});
$('deleteRow').addEventListener('click', () => table.deleteRows());

// -- people, and what is in view ---------------------------------------------------------------

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

for (const button of document.querySelectorAll('[data-show]:is(button)')) {
  button.addEventListener('click', () => {
    $('panes').dataset.show = button.dataset.show;
    for (const one of document.querySelectorAll('.switch button')) one.ariaPressed = String(one === button);
  });
}

const wanted = new URLSearchParams(location.hash.slice(1));
news.look(wanted.get('s') ?? '', wanted.get('tab'));

function line(name, content) {
  return Object.assign(document.createElement(name), { textContent: content });
}
