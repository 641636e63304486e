// A grid that a person can type into. The library draws it (only the rows in view); selecting, typing,
// copying and pasting are done here, because what is typed goes to the server before the cells change.
import { TabulatorFull as Tabulator } from '/page/lib/tabulator.mjs';

export const ROW_PX = 25;
const HEAD_PX = 46;
const ROWS_BEFORE_REBUILD = 40;

/**
 * What a grid shows and whom it tells. Rows and columns count from 0; columns are those in view.
 * @typedef {object} Source
 * @property {() => number} rowCount
 * @property {() => {width: number, node: () => Node, number?: boolean, name: string}[]} columns
 * @property {(row: number) => string} rowName
 * @property {(row: number, column: number) => {text: string, kind?: string, marks?: string, flash?: string}} cell
 * @property {(row: number, column: number) => string} editText
 * @property {(row: number, column: number) => string[]} options
 * @property {(row: number, column: number) => string} refusal why a cell cannot be typed into, '' if it can
 * @property {(row: number, column: number, text: string) => void} typed
 * @property {(range: Range, lines: string[][], own: Range | null) => void} pasted
 * @property {(range: Range) => void} cleared
 * @property {(grid: Grid) => void} selected
 * @property {(event: MouseEvent, grid: Grid) => void} [menu]
 * @property {(row: number, column: number) => boolean} [toggled] a click on it is all that is needed
 */

/** @typedef {{top: number, left: number, bottom: number, right: number}} Range */

export class Grid {
  /** @param {HTMLElement} host @param {Source} source @param {string} label */
  constructor(host, source, label) {
    this.host = host;
    this.source = source;
    this.label = label;
    this.at = { row: 0, column: 0 };
    this.anchor = { row: 0, column: 0 };
    this.editing = false;
    this.ready = Promise.resolve();
    this.lefts = [0];
    this.copied = null;
    this.box = element('div', 'selected-range');
    this.cursor = element('div', 'selected-cell');
    this.editor = element('input', 'editor');
    this.editor.autocomplete = 'off';
    this.editor.spellcheck = false;
    this.editor.inputMode = 'none';
    this.editor.setAttribute('aria-description', 'Type to fill the cell. Escape, then Tab leaves the grid.');
    this.list = element('datalist');
    this.list.id = `${host.id}Options`;
    host.after(this.list);
    this.#listen();
  }

  /** Build the grid anew: columns came, went or were renamed. */
  build() {
    this.ready = this.ready.then(() => this.#build());
    return this.ready;
  }

  async #build() {
    const scrolled = this.holder ? { top: this.holder.scrollTop, left: this.holder.scrollLeft } : null;
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
      columnDefaults: { headerSort: false, resizable: 'header', minWidth: 36 },
      columns: [this.#rowHead(), ...this.columns.map((column, place) => this.#column(column, place))],
      keybindings: false,
    });
    await new Promise((resolve) => { this.table.on('tableBuilt', resolve); });
    this.table.on('columnResized', () => this.#measure());
    this.rows = this.table.getRows();
    this.holder = built.querySelector('.tabulator-tableholder');
    this.holder.tabIndex = -1;
    this.holder.append(this.box, this.cursor, this.editor);
    this.holder.addEventListener('scroll', () => requestAnimationFrame(() => this.#outline()), { passive: true });
    this.#measure();
    this.select(this.at.row, this.at.column, { quiet: true });
    if (scrolled) Object.assign(this.holder, { scrollTop: scrolled.top, scrollLeft: scrolled.left });
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
    set(own, 'kind', cell.kind);
    set(own, 'marks', cell.marks);
    if (cell.flash) {
      delete own.dataset.flash;
      void own.offsetWidth; // starts the animation anew
      own.dataset.flash = cell.flash;
    }
    return document.createTextNode(cell.text);
  }

  /** Show other rows: how many there are may have changed. */
  refresh() {
    this.ready = this.ready.then(async () => {
      const wanted = this.source.rowCount();
      const more = wanted - this.rows.length;
      if (Math.abs(more) > ROWS_BEFORE_REBUILD || !this.rows.length) {
        await this.table.replaceData(numbered(wanted));
        this.rows = this.table.getRows();
      } else if (more > 0) {
        await this.table.addData(numbered(wanted).slice(-more));
        this.rows = this.table.getRows();
      } else if (more < 0) {
        for (const row of this.rows.splice(wanted)) await row.delete();
      }
      this.rows.forEach((_, row) => this.#paint(row));
      this.select(this.at.row, this.at.column, { quiet: true });
    });
    return this.ready;
  }

  /** Draw single rows again. @param {Iterable<number>} rows */
  paint(rows) {
    this.ready = this.ready.then(() => { for (const row of rows) this.#paint(row); });
    return this.ready;
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
    return {
      top: Math.min(this.at.row, this.anchor.row), bottom: Math.max(this.at.row, this.anchor.row),
      left: Math.min(this.at.column, this.anchor.column), right: Math.max(this.at.column, this.anchor.column),
    };
  }

  /** The cell where a selection began: what is typed goes there. */
  get active() {
    return this.anchor;
  }

  /** Select one cell, or extend the selection to it. */
  select(row, column, { extend = false, quiet = false, scroll = !quiet } = {}) {
    if (!this.columns) return;
    this.at = { row: within(row, this.source.rowCount()), column: within(column, this.columns.length) };
    if (!extend) this.anchor = { ...this.at };
    else this.anchor = { row: within(this.anchor.row, this.source.rowCount()), column: within(this.anchor.column, this.columns.length) };
    this.#outline();
    if (scroll) this.reveal(this.at.row, this.at.column);
    this.editor.setAttribute('aria-label', this.#spoken());
    if (!quiet) this.source.selected(this);
  }

  /** Select a block of cells. @param {Range} range */
  selectRange(range) {
    this.select(range.top, range.left, { scroll: false, quiet: true });
    this.select(range.bottom, range.right, { extend: true, scroll: false });
  }

  /** Scroll so that a cell can be seen. */
  reveal(row, column, again = false) {
    if (!this.holder) return;
    const top = this.#top(row);
    const [left, right] = [this.lefts[column], this.lefts[column + 1]];
    const { holder } = this;
    const scroll = { top: holder.scrollTop, left: holder.scrollLeft };
    if (top < scroll.top) scroll.top = top;
    else if (top + ROW_PX > scroll.top + holder.clientHeight) scroll.top = top + ROW_PX - holder.clientHeight;
    if (left - HEAD_PX < scroll.left) scroll.left = left - HEAD_PX;
    else if (right > scroll.left + holder.clientWidth) scroll.left = Math.min(right - holder.clientWidth, left - HEAD_PX);
    if (scroll.top !== holder.scrollTop) {
      holder.scrollTop = scroll.top;
      if (!again) requestAnimationFrame(() => this.reveal(row, column, true)); // a long way lands only about there
    }
    if (scroll.left !== holder.scrollLeft) holder.scrollLeft = scroll.left;
  }

  /** Whether the row is in view. */
  sees(row) {
    const top = this.#top(row) - this.holder.scrollTop;
    return top >= 0 && top + ROW_PX <= this.holder.clientHeight;
  }

  /** Where a row is: after a jump the library lays its rows out from there, some pixels off. */
  #top(row) {
    const drawn = this.holder.querySelector('.tabulator-row');
    const known = drawn?.querySelector('[data-r]');
    return row * ROW_PX + (known ? drawn.offsetTop - Number(known.dataset.r) * ROW_PX : 0);
  }

  focus() {
    this.editor.focus({ preventScroll: true });
  }

  #spoken() {
    const { row, column } = this.active;
    const text = this.source.rowCount() && this.columns.length ? this.source.cell(row, column).text : '';
    return `${this.label}, ${this.columns[column]?.name ?? ''} ${this.source.rowName(row)}: ${text || 'empty'}`;
  }

  #measure() {
    if (!this.table) return;
    this.lefts = [HEAD_PX];
    for (const column of this.table.getColumns().slice(1)) this.lefts.push(this.lefts.at(-1) + column.getWidth());
    this.#outline();
  }

  #outline() {
    const { range, active } = this;
    const none = !this.source.rowCount() || !this.columns.length;
    this.box.hidden = this.cursor.hidden = none;
    if (none) return;
    this.#cover(this.box, range);
    this.#cover(this.cursor, { top: active.row, bottom: active.row, left: active.column, right: active.column });
    if (!this.editing) this.#cover(this.editor, { top: active.row, bottom: active.row, left: active.column, right: active.column });
    for (const head of this.host.querySelectorAll('.tabulator-col[data-c]')) {
      const place = Number(head.dataset.c);
      head.classList.toggle('in-range', place >= range.left && place <= range.right);
    }
  }

  #cover(box, { top, left, bottom, right }) {
    Object.assign(box.style, {
      top: `${this.#top(top)}px`, height: `${(bottom - top + 1) * ROW_PX}px`,
      left: `${this.lefts[left]}px`, width: `${this.lefts[right + 1] - this.lefts[left]}px`,
    });
  }

  // -- typing --------------------------------------------------------------------------------

  /** Open the active cell. @param {string | null} text what stands in it; null for what the cell holds */
  edit(text = null) {
    const { row, column } = this.active;
    const refusal = this.source.refusal(row, column);
    if (refusal) {
      this.host.dispatchEvent(new CustomEvent('refused', { detail: refusal, bubbles: true }));
      this.editor.value = '';
      return;
    }
    if (this.editing) return;
    this.editing = true;
    this.before = this.source.editText(row, column);
    const options = this.source.options(row, column);
    this.list.replaceChildren(...options.map((option) => Object.assign(element('option'), { value: option })));
    if (options.length) this.editor.setAttribute('list', this.list.id);
    this.editor.inputMode = 'text';
    this.editor.classList.add('open');
    if (text === null) this.editor.value = this.before;
    this.reveal(row, column);
    this.#fit();
    this.focus();
    if (text === null) this.editor.setSelectionRange(this.editor.value.length, this.editor.value.length);
    this.#tellEditing();
  }

  /** Close the cell. @param {boolean} keep whether what was typed counts */
  close(keep) {
    if (!this.editing) return;
    const { row, column } = this.active;
    const text = this.editor.value;
    this.editing = false;
    this.editor.classList.remove('open');
    this.editor.removeAttribute('list');
    this.editor.inputMode = 'none';
    this.editor.value = '';
    this.#outline();
    if (keep && text !== this.before) this.source.typed(row, column, text);
    else this.source.selected(this);
  }

  #fit() {
    const { row, column } = this.active;
    this.#cover(this.editor, { top: row, bottom: row, left: column, right: column });
    const wanted = textWidth(this.editor.value) + 26;
    const room = this.holder.scrollLeft + this.holder.clientWidth - this.lefts[column] - 2;
    this.editor.style.width = `${Math.max(this.lefts[column + 1] - this.lefts[column], Math.min(wanted, room))}px`;
  }

  #tellEditing() {
    this.host.dispatchEvent(new CustomEvent('editing', { detail: this.editor.value }));
  }

  // -- events --------------------------------------------------------------------------------

  #listen() {
    const { host, editor } = this;
    host.addEventListener('pointerdown', (event) => {
      this.touched = event.pointerType === 'touch';
      if (!this.touched) this.#pressed(event);
    });
    // A finger may be about to scroll: only a tap selects.
    host.addEventListener('click', (event) => { if (this.touched) this.#pressed(event); });
    // The browser would give the focus to what was pressed, away from the editor.
    host.addEventListener('mousedown', (event) => { if (cellAt(event.target) && event.target !== editor) event.preventDefault(); });
    host.addEventListener('pointermove', (event) => this.#dragged(event));
    // Before the library hears of it: it would select the cell's text and so take the caret away.
    host.addEventListener('dblclick', (event) => {
      event.stopPropagation();
      const place = cellAt(event.target);
      if (place?.row !== undefined && place.column !== undefined) this.edit();
    }, { capture: true });
    host.addEventListener('contextmenu', (event) => this.#menu(event));
    host.addEventListener('animationend', (event) => { delete event.target.dataset.flash; });
    editor.addEventListener('keydown', (event) => this.#key(event));
    editor.addEventListener('input', () => this.#input());
    editor.addEventListener('focus', () => host.classList.add('active'));
    editor.addEventListener('blur', () => { host.classList.remove('active'); this.close(true); });
    editor.addEventListener('copy', (event) => this.#copy(event));
    editor.addEventListener('cut', (event) => { if (this.#copy(event)) this.source.cleared(this.range); });
    editor.addEventListener('paste', (event) => this.#paste(event));
  }

  #input() {
    if (!this.editing) this.edit(this.editor.value);
    else { this.#fit(); this.#tellEditing(); }
  }

  #pressed(event) {
    const place = cellAt(event.target);
    if (!place || event.target === this.editor || event.target.closest('.tabulator-col-resize-handle')) return;
    this.close(true);
    const lastRow = this.source.rowCount() - 1;
    const lastColumn = this.columns.length - 1;
    const inside = place.row !== undefined && place.column !== undefined && holds(this.range, place);
    if (event.button === 2 && inside) return void this.focus();
    if (place.row === undefined && place.column === undefined) this.selectRange({ top: 0, left: 0, bottom: lastRow, right: lastColumn });
    else if (place.row === undefined) this.selectRange({ top: 0, bottom: lastRow, left: place.column, right: place.column });
    else if (place.column === undefined) this.selectRange({ top: place.row, bottom: place.row, left: 0, right: lastColumn });
    else {
      const again = this.active.row === place.row && this.active.column === place.column && !event.shiftKey;
      this.select(place.row, place.column, { extend: event.shiftKey });
      if (this.source.toggled?.(place.row, place.column)) return void this.focus();
      if (again && this.touched) return void this.edit();
      this.dragging = event.button === 0 && !this.touched;
    }
    this.focus();
  }

  #dragged(event) {
    if (!this.dragging || !(event.buttons & 1)) { this.dragging = false; return; }
    const place = cellAt(document.elementFromPoint(event.clientX, event.clientY));
    if (place?.row === undefined || place.column === undefined || !this.host.contains(event.target)) return;
    if (place.row !== this.at.row || place.column !== this.at.column) this.select(place.row, place.column, { extend: true });
  }

  #menu(event) {
    if (!this.source.menu || !cellAt(event.target)) return;
    event.preventDefault();
    this.source.menu(event, this);
  }

  #key(event) {
    if (event.isComposing) return;
    const shortcut = event.ctrlKey || event.metaKey;
    if (this.editing) {
      if (event.key === 'Enter') this.#done(event, event.shiftKey ? -1 : 1, 0);
      else if (event.key === 'Tab') this.#done(event, 0, event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape') { event.preventDefault(); this.close(false); }
      return;
    }
    const leaves = this.leaving && event.key === 'Tab';
    this.leaving = event.key === 'Escape' || (this.leaving && event.key === 'Shift');
    if (leaves) return;
    const move = this.#moves(event, shortcut);
    if (move) {
      event.preventDefault();
      this.select(move.row, move.column, { extend: event.shiftKey && event.key !== 'Tab' });
    } else if (event.key === 'Enter' || event.key === 'F2') {
      event.preventDefault();
      this.edit();
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      this.source.cleared(this.range);
    } else if (event.key === ' ' && this.source.toggled?.(this.active.row, this.active.column)) {
      event.preventDefault();
    } else if (shortcut && event.key.toLowerCase() === 'a') {
      event.preventDefault();
      this.selectRange({ top: 0, left: 0, bottom: this.source.rowCount() - 1, right: this.columns.length - 1 });
    } else if (shortcut && event.key.toLowerCase() === 'z') {
      event.preventDefault();
      this.source.undo?.();
    } else if (shortcut && event.key.toLowerCase() === 'c' && !window.getSelection().toString()) {
      // The browser sends no copy event for an empty text field everywhere; a blank makes sure.
      this.editor.value = ' ';
      this.editor.select();
      queueMicrotask(() => setTimeout(() => { if (!this.editing) this.editor.value = ''; }));
    }
  }

  #done(event, down, right) {
    event.preventDefault();
    this.close(true);
    this.select(this.active.row + down, this.active.column + right);
  }

  #moves(event, shortcut) {
    const from = event.shiftKey && event.key !== 'Tab' ? this.at : this.active;
    const { row, column } = from;
    const page = Math.max(1, Math.floor(this.holder.clientHeight / ROW_PX) - 1);
    const last = { row: this.source.rowCount() - 1, column: this.columns.length - 1 };
    switch (event.key) {
      case 'ArrowUp': return { row: shortcut ? this.#edge(row, column, -1, 0).row : row - 1, column };
      case 'ArrowDown': return { row: shortcut ? this.#edge(row, column, 1, 0).row : row + 1, column };
      case 'ArrowLeft': return { row, column: shortcut ? this.#edge(row, column, 0, -1).column : column - 1 };
      case 'ArrowRight': return { row, column: shortcut ? this.#edge(row, column, 0, 1).column : column + 1 };
      case 'Tab': return this.#tab(row, column + (event.shiftKey ? -1 : 1), last);
      case 'PageUp': return { row: row - page, column };
      case 'PageDown': return { row: row + page, column };
      case 'Home': return { row: shortcut ? 0 : row, column: 0 };
      case 'End': return shortcut ? this.#lastFilled(last) : { row, column: last.column };
      default: return null;
    }
  }

  /** Tab at the very end leaves the grid, so that the keyboard is never caught in it. */
  #tab(row, column, last) {
    if (column < 0) return row > 0 ? { row: row - 1, column: last.column } : null;
    if (column > last.column) return row < last.row ? { row: row + 1, column: 0 } : null;
    return { row, column };
  }

  /** The corner of everything that is filled. */
  #lastFilled(last) {
    const filled = (row, column) => Boolean(this.source.cell(row, column).text);
    const rows = Array.from({ length: last.row + 1 }, (_, row) => row);
    const row = rows.findLast((at) => this.columns.some((_, column) => filled(at, column))) ?? 0;
    const column = this.columns.findLastIndex((_, at) => rows.some((r) => filled(r, at)));
    return { row, column: Math.max(0, column) };
  }

  /** As a spreadsheet jumps: to the end of the filled cells, or over the empty ones. */
  #edge(row, column, down, right) {
    const filled = (r, c) => Boolean(this.source.cell(r, c).text);
    const inside = (r, c) => r >= 0 && c >= 0 && r < this.source.rowCount() && c < this.columns.length;
    let [r, c] = [row, column];
    if (!inside(r + down, c + right)) return { row: r, column: c };
    const run = filled(r, c) && filled(r + down, c + right);
    do { r += down; c += right; } while (inside(r + down, c + right) && (run ? filled(r + down, c + right) : !filled(r, c)));
    return { row: r, column: c };
  }

  // -- copying -------------------------------------------------------------------------------

  #copy(event) {
    if (this.editing) return false;
    event.preventDefault();
    const { range } = this;
    const lines = [];
    for (let row = range.top; row <= range.bottom; row += 1) {
      const cells = [];
      for (let column = range.left; column <= range.right; column += 1) cells.push(quoted(this.source.cell(row, column).text));
      lines.push(cells.join('\t'));
    }
    const text = lines.join('\n');
    event.clipboardData.setData('text/plain', text);
    this.copied = { text, range };
    return true;
  }

  #paste(event) {
    if (this.editing) return;
    event.preventDefault();
    const text = event.clipboardData.getData('text/plain').replace(/\r\n?/g, '\n').replace(/\n$/, '');
    if (!text) return;
    const own = this.copied?.text === text ? this.copied.range : null;
    this.source.pasted(this.range, unquotedLines(text), own);
  }
}

/** The lines and cells of a copied block, with quoted cells that hold tabs or line ends. @param {string} text */
export function unquotedLines(text) {
  const lines = [[]];
  let at = 0;
  while (at <= text.length) {
    let cell = '';
    if (text[at] === '"' && /^"(?:[^"]|"")*"(?=[\t\n]|$)/.test(text.slice(at))) {
      const [whole] = /^"(?:[^"]|"")*"/.exec(text.slice(at));
      cell = whole.slice(1, -1).replaceAll('""', '"');
      at += whole.length;
    } else {
      const end = text.slice(at).search(/[\t\n]/);
      cell = end < 0 ? text.slice(at) : text.slice(at, at + end);
      at += cell.length;
    }
    lines.at(-1).push(cell);
    if (text[at] === '\n') lines.push([]);
    at += 1;
  }
  return lines;
}

let context;
/** How wide a text is in the grid's letters. @param {string} text */
export function textWidth(text) {
  if (!context) {
    context = element('canvas').getContext('2d');
    context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  }
  return Math.ceil(context.measureText(text).width);
}

function cellAt(target) {
  const own = target?.closest?.('[data-r], [data-c], .tabulator-col.row-head');
  if (!own) return null;
  const number = (text) => (text === undefined ? undefined : Number(text));
  return { row: number(own.dataset.r), column: number(own.dataset.c) };
}

function holds(range, { row, column }) {
  return row >= range.top && row <= range.bottom && column >= range.left && column <= range.right;
}

const numbered = (count) => Array.from({ length: count }, (_, i) => ({ i }));
const within = (value, count) => Math.max(0, Math.min(value, count - 1));
const quoted = (text) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function set(own, name, value) {
  if (value) own.dataset[name] = value;
  else delete own.dataset[name];
}

function element(name, className = '') {
  return Object.assign(document.createElement(name), className ? { className } : {});
}
