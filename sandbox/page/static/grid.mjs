// A grid that a person can type into. The library draws it (only the rows in view); selecting, typing,
// copying and pasting are done here, because what is typed goes to the server before the cells change.
import { TabulatorFull as Tabulator } from '/page/lib/tabulator.mjs';
import { CellEditor } from './editor.mjs';
import { listen } from './hands.mjs';
import { element, mark } from './look.mjs';

const ROW_PX = 25;
const HEAD_PX = 46;
const ROWS_BEFORE_REBUILD = 40;

/** @typedef {{top: number, left: number, bottom: number, right: number}} Range */

/**
 * What a grid shows and whom it tells. Rows and columns count from 0; columns are those in view.
 * @typedef {object} Source
 * @property {() => number} rowCount
 * @property {() => {width: number, node: () => Node, number?: boolean, name: string}[]} columns
 * @property {(row: number) => string} rowName
 * @property {(row: number, column: number) => {text: string, kind?: string, marks?: string, ground?: string, flash?: string}} cell
 * @property {(row: number, column: number) => string} editText
 * @property {(row: number, column: number) => string[]} options
 * @property {(row: number, column: number) => string} refusal why a cell cannot be typed into, '' if it can
 * @property {(row: number, column: number, text: string) => void} typed
 * @property {(range: Range, lines: string[][], own: Range | null) => void} pasted
 * @property {(range: Range) => void} cleared
 * @property {(grid: Grid) => void} selected
 * @property {(event: MouseEvent, grid: Grid) => void} [menu]
 * @property {(row: number, column: number) => boolean} [toggled] whether a click on it was all that was needed
 * @property {() => void} [undo]
 */

/** A grid in an element of the page. */
export class Grid {
  /** @param {HTMLElement} host @param {Source} source @param {string} label */
  constructor(host, source, label) {
    this.host = host;
    this.source = source;
    this.label = label;
    this.at = { row: 0, column: 0 };
    this.anchor = { row: 0, column: 0 };
    this.ready = Promise.resolve();
    this.columns = [];
    this.rows = [];
    this.lefts = [HEAD_PX];
    this.box = element('div', { className: 'selected-range' });
    this.cursor = element('div', { className: 'selected-cell' });
    this.editor = new CellEditor(this);
    listen(this);
  }

  /** Whether a cell is open. */
  get editing() {
    return this.editor.open;
  }

  // -- drawing -------------------------------------------------------------------------------

  /** Build the grid anew: columns came, went or were renamed. */
  build() {
    return this.#inTurn(() => this.#build());
  }

  /** Show other rows; how many there are may have changed. */
  refresh() {
    return this.#inTurn(async () => {
      await this.#adjustCount();
      this.rows.forEach((_, row) => this.#paint(row));
      this.select(this.at.row, this.at.column, { quiet: true });
    });
  }

  /** Draw single rows again. @param {Iterable<number>} rows */
  paint(rows) {
    return this.#inTurn(() => { for (const row of rows) this.#paint(row); });
  }

  #inTurn(work) {
    this.ready = this.ready.then(work).catch(reportError); // what follows still counts
    return this.ready;
  }

  async #build() {
    const scrolled = this.holder ? { scrollTop: this.holder.scrollTop, scrollLeft: this.holder.scrollLeft } : {};
    this.columns = this.source.columns();
    this.table?.destroy();
    const built = element('div');
    this.host.replaceChildren(built);
    this.table = new Tabulator(built, {
      data: numbered(this.source.rowCount()),
      index: 'i',
      height: '100%',
      rowHeight: ROW_PX,
      layout: 'fitData',
      keybindings: false,
      columnDefaults: { headerSort: false, resizable: 'header', minWidth: 36 },
      columns: [this.#rowHead(), ...this.columns.map((column, place) => this.#column(column, place))],
    });
    await new Promise((resolve) => { this.table.on('tableBuilt', resolve); });
    this.table.on('columnResized', () => this.#measure());
    this.rows = this.table.getRows();
    this.holder = built.querySelector('.tabulator-tableholder');
    this.holder.tabIndex = -1;
    this.holder.append(this.box, this.cursor, this.editor.field);
    this.holder.addEventListener('scroll', () => requestAnimationFrame(() => this.outline()), { passive: true });
    const heads = built.querySelector('.tabulator-header-contents');
    heads.addEventListener('scroll', () => this.#followHeads(heads), { passive: true });
    this.#measure();
    this.select(this.at.row, this.at.column, { quiet: true });
    Object.assign(this.holder, scrolled);
  }

  /** Keep the cells below their headers when the browser scrolls the headers by itself, as its search does. */
  #followHeads(heads) {
    const expected = Math.min(this.holder.scrollLeft, heads.scrollWidth - heads.clientWidth);
    if (Math.abs(heads.scrollLeft - expected) > 1) this.holder.scrollLeft = heads.scrollLeft;
  }

  async #adjustCount() {
    const wanted = this.source.rowCount();
    const more = wanted - this.rows.length;
    if (Math.abs(more) > ROWS_BEFORE_REBUILD || !this.rows.length) await this.table.replaceData(numbered(wanted));
    else if (more > 0) await this.table.addData(numbered(wanted).slice(-more));
    else for (const row of this.rows.slice(wanted)) await row.delete();
    if (more) this.rows = this.table.getRows();
  }

  #rowHead() {
    return {
      field: 'i', frozen: true, width: HEAD_PX, resizable: false, cssClass: 'row-head',
      titleFormatter: () => document.createTextNode(''),
      formatter: (cell) => {
        const row = cell.getData().i;
        cell.getElement().dataset.r = row;
        return document.createTextNode(this.source.rowName(row));
      },
    };
  }

  #column(column, place) {
    return {
      field: `c${place}`, width: column.width, cssClass: column.number ? 'number' : '',
      titleFormatter: (cell) => {
        cell.getElement().dataset.c = place;
        return column.node();
      },
      formatter: (cell) => {
        const own = cell.getElement();
        own.dataset.r = cell.getData().i;
        own.dataset.c = place;
        return this.#content(own, cell.getData().i, place);
      },
    };
  }

  #content(own, row, column) {
    const cell = this.source.cell(row, column);
    mark(own, 'kind', cell.kind);
    mark(own, 'marks', cell.marks);
    own.style.setProperty('--ground-of-cell', cell.ground || null);
    if (cell.flash) {
      delete own.dataset.flash;
      void own.offsetWidth; // starts the animation anew
      own.dataset.flash = cell.flash;
    }
    return document.createTextNode(cell.text);
  }

  #paint(row) {
    for (const cell of this.rows[row]?.getCells() ?? []) {
      const own = cell.getElement();
      if (own.dataset.c === undefined) own.textContent = this.source.rowName(row);
      else own.replaceChildren(this.#content(own, row, Number(own.dataset.c)));
    }
  }

  // -- selecting -----------------------------------------------------------------------------

  /** The selected cells. @returns {Range} */
  get range() {
    const { at, anchor } = this;
    return {
      top: Math.min(at.row, anchor.row),
      bottom: Math.max(at.row, anchor.row),
      left: Math.min(at.column, anchor.column),
      right: Math.max(at.column, anchor.column),
    };
  }

  /** The cell where a selection began: what is typed goes there. */
  get active() {
    return this.anchor;
  }

  /** Select one cell, or extend the selection to it. */
  select(row, column, { extend = false, quiet = false, scroll = !quiet } = {}) {
    const inside = (place) => ({
      row: within(place.row, this.source.rowCount()), column: within(place.column, this.columns.length),
    });
    this.at = inside({ row, column });
    this.anchor = inside(extend ? this.anchor : this.at);
    this.outline();
    if (scroll) this.reveal(this.at.row, this.at.column);
    this.editor.field.setAttribute('aria-label', this.#spoken());
    if (!quiet) this.source.selected(this);
  }

  /** Select a block of cells. @param {Range} range */
  selectRange(range) {
    this.select(range.top, range.left, { scroll: false, quiet: true });
    this.select(range.bottom, range.right, { extend: true, scroll: false });
  }

  /** Scroll so that a cell can be seen. */
  reveal(row, column, again = false) {
    const { holder } = this;
    if (!holder) return;
    const top = this.#top(row);
    const [left, right] = [this.lefts[column], this.lefts[column + 1]];
    const scroll = { top: holder.scrollTop, left: holder.scrollLeft };
    if (top < scroll.top) scroll.top = top;
    else if (top + ROW_PX > scroll.top + holder.clientHeight) scroll.top = top + ROW_PX - holder.clientHeight;
    if (left - HEAD_PX < scroll.left) scroll.left = left - HEAD_PX;
    else if (right > scroll.left + holder.clientWidth) scroll.left = Math.min(right - holder.clientWidth, left - HEAD_PX);
    if (scroll.left !== holder.scrollLeft) holder.scrollLeft = scroll.left;
    if (scroll.top === holder.scrollTop) return;
    holder.scrollTop = scroll.top;
    if (!again) requestAnimationFrame(() => this.reveal(row, column, true)); // a long way lands only about there
  }

  /** How many rows Page Down goes. */
  get rowsOfAPage() {
    return Math.max(1, Math.floor(this.holder.clientHeight / ROW_PX) - 1);
  }

  /** Whether the row is in view. */
  sees(row) {
    const top = this.#top(row) - this.holder.scrollTop;
    return top >= 0 && top + ROW_PX <= this.holder.clientHeight;
  }

  /** Give the keyboard to the grid. */
  focus() {
    this.editor.field.focus({ preventScroll: true });
  }

  #spoken() {
    const { row, column } = this.active;
    const text = this.source.rowCount() && this.columns.length ? this.source.cell(row, column).text : '';
    return `${this.label}, ${this.columns[column]?.name ?? ''} ${this.source.rowName(row)}: ${text || 'empty'}`;
  }

  #measure() {
    this.lefts = [HEAD_PX];
    for (const column of this.table.getColumns().slice(1)) this.lefts.push(this.lefts.at(-1) + column.getWidth());
    this.outline();
  }

  /** Where a row is: after a jump the library lays its rows out from there, some pixels off. */
  #top(row) {
    const drawn = this.holder.querySelector('.tabulator-row');
    const known = drawn?.querySelector('[data-r]');
    return row * ROW_PX + (known ? drawn.offsetTop - Number(known.dataset.r) * ROW_PX : 0);
  }

  /** Draw the frames around the selected cells. */
  outline() {
    const { range, active } = this;
    const none = !this.holder || !this.source.rowCount() || !this.columns.length;
    this.box.hidden = this.cursor.hidden = none;
    if (none) return;
    const cell = { top: active.row, bottom: active.row, left: active.column, right: active.column };
    this.cover(this.box, range);
    this.cover(this.cursor, cell);
    if (!this.editing) this.cover(this.editor.field, cell);
    for (const head of this.host.querySelectorAll('.tabulator-col[data-c]')) {
      const place = Number(head.dataset.c);
      head.classList.toggle('in-range', place >= range.left && place <= range.right);
    }
  }

  /** Lay a box over cells. @param {HTMLElement} box @param {Range} range */
  cover(box, { top, left, bottom, right }) {
    Object.assign(box.style, {
      top: `${this.#top(top)}px`,
      height: `${(bottom - top + 1) * ROW_PX}px`,
      left: `${this.lefts[left]}px`,
      width: `${this.lefts[right + 1] - this.lefts[left]}px`,
    });
  }
}

const numbered = (count) => Array.from({ length: count }, (_, i) => ({ i }));
const within = (value, count) => Math.max(0, Math.min(value, count - 1));
