// How far sheet and table are from each other: told in words, marked in the cells, and logged as it changes.
import { element } from './look.mjs';

const $ = (id) => document.getElementById(id);
const PATIENCE_MS = 5000;
const LOG_MAX = 30;

/** What the page says about a link. */
export class Verdict {
  /** @param {import('./sheet.mjs').SheetPane} sheet @param {import('./table.mjs').TablePane} table */
  constructor(sheet, table) {
    this.sheet = sheet;
    this.table = table;
    this.status = null;
    this.crossing = null;
  }

  /** There is nothing to compare. */
  none(verdict, mood) {
    this.status = null;
    clearTimeout(this.tick);
    this.#say([verdict, mood, '']);
    $('crossing').textContent = '';
    this.sheet.differ(new Map(), new Map());
  }

  /** What the server found. */
  heard(status) {
    this.status = status;
    for (const one of status.landed) log(one);
    this.crossing = status.landed.at(-1) ?? this.crossing;
    this.#tell();
    this.mark();
  }

  #tell() {
    clearTimeout(this.tick);
    if (!this.status) return;
    this.#say(this.#words());
    $('crossing').textContent = this.crossing ? `last ${direction(this.crossing)} ${duration(this.crossing.ms)}` : '';
    if (this.#writing()) this.tick = setTimeout(() => this.#tell(), 500);
  }

  #say([verdict, mood, title]) {
    $('verdict').textContent = verdict;
    $('status').dataset.state = mood;
    $('status').title = title;
  }

  #writing() {
    const { differences, cells, state } = this.status;
    const oldest = Math.min(...cells.map(([, , , since]) => since));
    return differences > 0 && Date.now() - oldest < PATIENCE_MS && !['held', 'paused'].includes(state);
  }

  #words() {
    const { status, table } = this;
    const { differences, waiting, state } = status;
    if (status.fault) return ['MySQL does not answer', 'bad', `${status.fault} ${status.hint}`];
    if (state === 'held') return ['held', 'bad', `${status.reason} Go on with: twinsheet approve or restore ${table.link}`];
    if (state === 'paused') return ['paused', 'bad', `Go on with: twinsheet resume ${table.link}`];
    if (state === 'linking') return ['linking…', 'busy', 'Both sides are being made equal.'];
    if (this.#writing()) return ['writing…', 'busy', 'A change is on its way to the other side.'];
    if (differences) {
      const counted = differences === 1 ? '1 difference' : `${differences} differences`;
      return [counted, 'bad', 'Cells that differ are marked on both sides.'];
    }
    if (waiting.length) return [`identical, ${waiting.length} waiting`, 'wait', waiting.map(sentence).join('\n')];
    return ['identical', 'good', 'Every linked cell of the tab equals its cell of the table.'];
  }

  /** Mark the cells that are not equal, on both sides. */
  mark() {
    if (!this.status) return;
    const { sheet, table } = this;
    const headers = new Map(table.columns.map(({ name, header }) => [name, header]));
    const byKey = new Map();
    for (const [key, column] of this.status.cells) addTo(byKey, key, () => new Set()).add(column);
    const byRow = new Map();
    sheet.keys.forEach((key, row) => {
      const columns = key !== null && byKey.get(key);
      if (columns) byRow.set(row, new Set([...columns].map((name) => (name ? headers.get(name) : ''))));
    });
    const waiting = new Map();
    for (const [id, column, reason] of this.status.waiting) {
      addTo(waiting, sheet.rowOfId(id), () => new Map()).set(headers.get(column), reason);
    }
    sheet.differ(byRow, waiting);
    table.differ(byKey);
  }
}

const direction = ({ side }) => (side === 'sheet' ? 'sheet → table' : 'table → sheet');
const duration = (ms) => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);
const sentence = ([, column, reason]) => (reason.startsWith(`${column}:`) ? reason : `${column}: ${reason}`);

function addTo(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

function log(one) {
  $('logHint').hidden = true;
  const item = element('li');
  const value = one.column ? (one.value ?? 'NULL') : '';
  item.append(
    element('span', { textContent: direction(one), className: `way ${one.side}` }),
    element('span', { textContent: one.column ? `${one.column} of ${one.key}` : `row ${one.key}` }),
    element('q', { textContent: value, hidden: !value }),
    element('b', { textContent: duration(one.ms) }),
  );
  $('log').prepend(item);
  while ($('log').children.length > LOG_MAX) $('log').lastChild.remove();
}
