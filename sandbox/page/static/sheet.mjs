// The spreadsheet's side: what the tab holds, and what a person does to it.
import { Grid } from './grid.mjs';
import { sampled, textWidth } from './look.mjs';
import { Failure, post } from './server.mjs';

const WIDTH_PX = { least: 56, most: 230, standard: 100 };

/** The letters of a column. @param {number} place counted from 0 */
export function letters(place) {
  const before = Math.floor(place / 26);
  return (before > 0 ? letters(before - 1) : '') + String.fromCharCode(65 + (place % 26));
}

/** One tab in a grid. */
export class SheetPane {
  /**
   * @param {HTMLElement} host
   * @param {{user: () => string, fault: (error: Error) => void, selected: () => void, menu: Function}} page
   */
  constructor(host, page) {
    this.page = page;
    this.showHidden = false;
    this.rows = [];
    this.keys = [];
    this.shown = [];
    this.options = [];
    this.differing = new Map();
    this.waiting = new Map();
    this.fresh = new Map();
    this.twin = -1;
    this.busy = 0;
    this.grid = new Grid(host, this.#source(), 'Sheet');
  }

  #source() {
    return {
      rowCount: () => this.rows.length,
      columns: () => this.#columns(),
      rowName: (row) => String(row + 1),
      cell: (row, place) => this.#shown(row, this.shown[place]),
      editText: (row, place) => editText(this.at(row, this.shown[place])),
      options: (row, place) => this.options[this.at(row, this.shown[place])?.o] ?? [],
      refusal: () => '',
      typed: (row, place, text) => this.type(row, this.shown[place], text),
      pasted: (range, lines, own) => this.#paste(range, lines, own),
      cleared: (range) => this.#clear(range),
      selected: () => this.page.selected(),
      menu: (event) => this.page.menu(event),
      toggled: (row, place) => this.#toggle(row, this.shown[place]),
      undo: () => this.act('undo', {}, false),
    };
  }

  /** What a cell holds. */
  at(row, column) {
    return this.rows[row]?.[column] ?? null;
  }

  /** The active cell: its row and column, counted from 0, hidden columns included. */
  get active() {
    const { row, column } = this.grid.active;
    return { row, column: this.shown[column] ?? 0 };
  }

  /** The active cell as the formula bar shows it. */
  get activeText() {
    const { row, column } = this.active;
    return editText(this.at(row, column));
  }

  /** Name of a cell, such as B7. */
  name(row, column) {
    return `${letters(column)}${row + 1}`;
  }

  // -- what the server tells -----------------------------------------------------------------

  /** Everything of a tab. */
  async whole(sheet) {
    const other = this.id !== sheet.id || this.tab?.id !== sheet.tab.id;
    if (other) {
      this.widths = new Map();
      this.grid.at = this.grid.anchor = { row: 0, column: 0 };
      this.fresh.clear();
    }
    this.id = sheet.id;
    this.tab = sheet.tab;
    this.rows = sheet.tab.rows;
    this.options = sheet.tab.options;
    await this.grid.build();
  }

  /** What changed in the tab. @returns {number} how many cells changed that somebody else changed */
  patch(patch) {
    this.options = patch.options;
    const own = this.busy > 0;
    let flashed = 0;
    if (patch.changed) {
      for (const [row, cells] of patch.changed) flashed += this.#replace(row, cells);
      this.grid.paint(patch.changed.map(([row]) => row));
    } else {
      this.rows.splice(patch.at, patch.removed, ...patch.rows);
      if (!own && patch.rows.length < 200) {
        patch.rows.forEach((cells, place) => cells.forEach((_, column) => this.#freshen(patch.at + place, column)));
        flashed = patch.rows.length;
      }
      this.grid.refresh();
    }
    return flashed;
  }

  #replace(row, cells) {
    const before = this.rows[row] ?? [];
    this.rows[row] = cells;
    let flashed = 0;
    for (let column = 0; column < Math.max(before.length, cells.length); column += 1) {
      const old = before[column] ?? null;
      const now = cells[column] ?? null;
      if (JSON.stringify(old) === JSON.stringify(now)) continue;
      if (old?.typed || (text(old) === text(now) && note(old) === note(now))) continue;
      this.#freshen(row, column);
      flashed += 1;
    }
    return flashed;
  }

  #freshen(row, column) {
    this.fresh.set(`${row}:${column}`, performance.now() + 900);
  }

  /**
   * Cells that are not equal to the table's.
   * @param {Map<number, Set<string>>} differing headers by row; '' for a whole row
   * @param {Map<number, Map<string, string>>} waiting by row and header, why a cell waits for a person
   */
  differ(differing, waiting) {
    const touched = new Set([...this.differing.keys(), ...differing.keys(), ...this.waiting.keys(), ...waiting.keys()]);
    this.differing = differing;
    this.waiting = waiting;
    this.grid.paint(touched);
  }

  // -- what is drawn -------------------------------------------------------------------------

  #columns() {
    const { columns } = this.tab;
    this.shown = columns.map((_, place) => place).filter((place) => this.showHidden || !columns[place].hidden);
    return this.shown.map((place) => ({
      width: this.#width(place),
      number: false,
      name: letters(place),
      node: () => heading(letters(place), columns[place], text(this.at(this.#headerRow(), place))),
    }));
  }

  #width(place) {
    const column = this.tab.columns[place];
    if (column.width !== WIDTH_PX.standard) return column.width;
    const known = this.widths.get(column.uid);
    if (known) return known;
    let widest = column.linked ? textWidth(`${letters(place)}  ${text(this.at(0, place))}`) + 6 : 0;
    for (const row of sampled(this.rows)) widest = Math.max(widest, textWidth(text(row[place])));
    const wanted = widest ? Math.max(WIDTH_PX.least, Math.min(widest + 18, WIDTH_PX.most)) : WIDTH_PX.standard;
    this.widths.set(column.uid, wanted);
    return wanted;
  }

  /** Whether a row holds the headers of a linked tab: it has the title of the id column. */
  #isHeader(cells) {
    return text(cells?.[this.tab.columns.findIndex(({ id }) => id)]) === '_row_id';
  }

  /** Where the headers stand, counted from 0; the first row of a tab that is not linked. */
  #headerRow() {
    return Math.max(0, this.rows.findIndex((row) => this.#isHeader(row)));
  }

  #shown(row, column) {
    const cell = this.at(row, column);
    const info = this.tab.columns[column];
    const marks = [];
    if (cell?.s) marks.push(...cell.s);
    if (cell?.n) marks.push('note', ...(cell.n.startsWith('Twinsheet:') ? ['ours'] : []));
    if (info.id) marks.push('id');
    if (info.hidden) marks.push('hidden');
    if ((info.linked || info.id) && this.#isHeader(this.rows[row])) marks.push('header');
    if (row === this.twin) marks.push('twin');
    if (cell?.c) marks.push('coloured');
    const differs = this.differing.get(row);
    if (differs && info.linked && (differs.has(info.linked) || differs.has(''))) marks.push('differs');
    if (this.waiting.get(row)?.has(info.linked)) marks.push('waits');
    const place = `${row}:${column}`;
    const fresh = this.fresh.get(place);
    this.fresh.delete(place);
    return {
      text: cell?.x ? (text(cell) === 'TRUE' ? '☑' : '☐') : text(cell),
      kind: cell?.t,
      marks: marks.join(' '),
      ground: cell?.c,
      flash: fresh > performance.now() ? 'landed' : '',
    };
  }

  /** What there is to read about a cell: its note, and why it waits. */
  remark(row, column) {
    const own = note(this.at(row, column));
    const reason = this.waiting.get(row)?.get(this.tab.columns[column]?.linked);
    return own.startsWith('Twinsheet:') || !reason ? own : `${own}${own ? '\n' : ''}Twinsheet: ${reason}`;
  }

  /** The row with that id of Twinsheet's. */
  rowOfId(id) {
    const column = this.tab?.columns.findIndex((one) => one.id) ?? -1;
    return column < 0 ? -1 : this.rows.findIndex((cells) => text(cells[column]) === id);
  }

  /** Mark the row that belongs to what is selected in the table. */
  markTwin(row, reveal) {
    const before = this.twin;
    this.twin = row;
    this.grid.paint([before, row].filter((r) => r >= 0));
    if (reveal && row >= 0 && !this.grid.sees(row)) this.grid.reveal(row, this.grid.at.column);
  }

  // -- what a person does --------------------------------------------------------------------

  /** Do something as the person who is typing. @returns {Promise<object | null>} null where it was refused */
  async act(action, details, inTab = true) {
    this.busy += 1;
    try {
      const told = inTab ? { tab: this.tab.title, ...details } : details;
      return await post(`/person/${encodeURIComponent(this.id)}/${action}`, { ...told, user: this.page.user() });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.page.fault(error);
      return null;
    } finally {
      setTimeout(() => { this.busy -= 1; }, 300); // what it did arrives about now
    }
  }

  /** Type into a cell. */
  async type(row, column, typed) {
    const before = this.at(row, column);
    const cells = this.rows[row];
    while (cells.length <= column) cells.push(null);
    cells[column] = { ...(typeof before === 'string' ? {} : before), v: typed, e: undefined, typed: true };
    this.grid.paint([row]);
    const done = await this.act('edit', { range: this.name(row, column), values: [[typed]] });
    if (!done && this.rows[row]?.[column]?.typed) {
      this.rows[row][column] = before;
      this.grid.paint([row]);
    }
    this.page.selected();
  }

  /** Name of a block of cells, such as B7:C9. */
  rangeName({ top, left, bottom, right }) {
    return `${this.name(top, this.shown[left])}:${this.name(bottom, this.shown[right])}`;
  }

  #paste(range, lines, own) {
    const to = this.name(range.top, this.shown[range.left]);
    if (own) return this.act('copy', { from: this.rangeName(own), to });
    const single = lines.length === 1 && lines[0].length === 1;
    return this.act('edit', { range: single ? this.rangeName(range) : to, values: lines });
  }

  #clear(range) {
    return this.act('clear', { range: this.rangeName(range) });
  }

  #toggle(row, column) {
    const cell = this.at(row, column);
    if (!cell?.x) return false;
    this.type(row, column, text(cell) === 'TRUE' ? 'FALSE' : 'TRUE');
    return true;
  }

  /** Insert rows above or below the selected ones, as many as are selected. */
  insertRows(below) {
    const { top, bottom } = this.grid.range;
    return this.act('insert_rows', { at: (below ? bottom + 1 : top) + 1, count: bottom - top + 1 });
  }

  /** Delete the selected rows. */
  deleteRows() {
    const { top, bottom } = this.grid.range;
    return this.act('delete_rows', { at: top + 1, count: bottom - top + 1 });
  }

  /** Sort all rows below the headers by the column of the active cell. */
  sort(descending) {
    const first = Math.max(this.#headerRow() + 1, this.tab.frozenRows);
    let last = this.rows.length - 1;
    while (last > first && !this.rows[last].some((cell, place) => text(cell) && !this.tab.columns[place].id)) last -= 1;
    const range = `A${first + 1}:${letters(this.tab.columns.length - 1)}${last + 1}`;
    return this.act('sort', { range, column: letters(this.active.column), descending });
  }
}

/** What a cell shows. */
export function text(cell) {
  return typeof cell === 'string' ? cell : (cell?.v ?? '');
}

const note = (cell) => cell?.n ?? '';
const editText = (cell) => (typeof cell === 'string' ? cell : (cell?.e ?? cell?.v ?? ''));

function heading(letter, column, header) {
  const node = document.createElement('span');
  node.className = 'heading-cell';
  const name = document.createElement('b');
  name.textContent = letter;
  node.append(name);
  if (column.linked || column.id) {
    const linked = document.createElement('small');
    linked.textContent = header || column.linked || '_row_id';
    linked.title = column.id ? 'Twinsheet’s row ids' : `linked: ${column.linked}`;
    node.append(linked);
    node.classList.add(column.id ? 'ids' : 'linked');
  }
  if (column.hidden) node.classList.add('hidden-column');
  return node;
}
