// What hands do to a grid: mouse, finger, keyboard, clipboard.
import { linesOf, quoted } from './blocks.mjs';
import { moved } from './keys.mjs';

/** Listen to everything that a person does to a grid. @param {import('./grid.mjs').Grid} grid */
export function listen(grid) {
  new Pointer(grid);
  new Keyboard(grid);
  new Clipboard(grid);
}

class Pointer {
  constructor(grid) {
    this.grid = grid;
    this.touched = false;
    this.dragging = false;
    const { host } = grid;
    host.addEventListener('pointerdown', (event) => {
      this.touched = event.pointerType === 'touch';
      if (!this.touched) this.#pressed(event);
    });
    // A finger may be about to scroll: only a tap selects.
    host.addEventListener('click', (event) => { if (this.touched) this.#pressed(event); });
    // The browser would give the focus to what was pressed, away from the editor.
    host.addEventListener('mousedown', (event) => { if (cellAt(event.target)) event.preventDefault(); });
    host.addEventListener('pointermove', (event) => this.#dragged(event));
    // Before the library hears of it: it would select the cell's text and so take the caret away.
    host.addEventListener('dblclick', (event) => this.#pressedTwice(event), { capture: true });
    host.addEventListener('contextmenu', (event) => this.#menu(event));
    host.addEventListener('animationend', (event) => { delete event.target.dataset.flash; });
  }

  #pressed(event) {
    const { grid } = this;
    const place = cellAt(event.target);
    if (!place || event.target.closest('.tabulator-col-resize-handle')) return;
    grid.editor.close(true);
    const onMenu = event.button === 2 && holds(grid.range, place);
    if (!onMenu && !this.#selectWhole(place)) this.#selectCell(event, place);
    if (!grid.editing) grid.focus();
  }

  /** A row's or column's head selects all of it, the corner everything. */
  #selectWhole({ row, column }) {
    const { grid } = this;
    if (row !== undefined && column !== undefined) return false;
    const [bottom, right] = [grid.source.rowCount() - 1, grid.columns.length - 1];
    grid.selectRange({ top: row ?? 0, bottom: row ?? bottom, left: column ?? 0, right: column ?? right });
    return true;
  }

  #selectCell(event, { row, column }) {
    const { grid } = this;
    const again = grid.active.row === row && grid.active.column === column && !event.shiftKey;
    grid.select(row, column, { extend: event.shiftKey });
    if (grid.source.toggled?.(row, column)) return;
    if (again && this.touched) grid.editor.edit();
    this.dragging = event.button === 0 && !this.touched;
  }

  #dragged(event) {
    const { grid } = this;
    this.dragging &&= Boolean(event.buttons & 1);
    const place = this.dragging ? cellAt(document.elementFromPoint(event.clientX, event.clientY)) : null;
    if (place?.row === undefined || place.column === undefined || !grid.host.contains(event.target)) return;
    if (place.row === grid.at.row && place.column === grid.at.column) return;
    grid.select(place.row, place.column, { extend: true });
  }

  #pressedTwice(event) {
    event.stopPropagation();
    const place = cellAt(event.target);
    if (place?.row !== undefined && place.column !== undefined) this.grid.editor.edit();
  }

  #menu(event) {
    if (!this.grid.source.menu || !cellAt(event.target)) return;
    event.preventDefault();
    this.grid.source.menu(event, this.grid);
  }
}

class Keyboard {
  constructor(grid) {
    this.grid = grid;
    this.leaving = false;
    const { field } = grid.editor;
    field.addEventListener('keydown', (event) => {
      if (event.isComposing) return;
      if (grid.editing) this.#whileOpen(event);
      else this.#whileClosed(event);
    });
    field.addEventListener('focus', () => grid.host.classList.add('active'));
    field.addEventListener('blur', () => {
      grid.host.classList.remove('active');
      grid.editor.close(true);
    });
  }

  #whileOpen(event) {
    const { grid } = this;
    const back = event.shiftKey ? -1 : 1;
    const [down, right] = { Enter: [back, 0], Tab: [0, back] }[event.key] ?? [0, 0];
    if (!down && !right && event.key !== 'Escape') return;
    event.preventDefault();
    grid.editor.close(event.key !== 'Escape');
    if (down || right) grid.select(grid.active.row + down, grid.active.column + right);
  }

  #whileClosed(event) {
    const { grid } = this;
    const leaves = this.leaving && event.key === 'Tab';
    this.leaving = event.key === 'Escape' || (this.leaving && event.key === 'Shift');
    if (leaves) return;
    const extend = event.shiftKey && event.key !== 'Tab';
    const to = moved(event, extend ? grid.at : grid.active, this.#shape());
    if (to) grid.select(to.row, to.column, { extend });
    if (to || this.#did(event)) event.preventDefault();
  }

  #shape() {
    const { grid } = this;
    return {
      rows: grid.source.rowCount(),
      columns: grid.columns.length,
      page: grid.rowsOfAPage,
      filled: (row, column) => Boolean(grid.source.cell(row, column).text),
    };
  }

  /** Whether the key did something. */
  #did(event) {
    const { grid } = this;
    const { row, column } = grid.active;
    switch ((event.ctrlKey || event.metaKey ? 'Control+' : '') + event.key) {
      case 'Enter':
      case 'F2':
        grid.editor.edit();
        return true;
      case 'Delete':
      case 'Backspace':
        grid.source.cleared(grid.range);
        return true;
      case ' ':
        return Boolean(grid.source.toggled?.(row, column));
      case 'Control+a':
        grid.selectRange({ top: 0, left: 0, bottom: grid.source.rowCount() - 1, right: grid.columns.length - 1 });
        return true;
      case 'Control+z':
        grid.source.undo?.();
        return true;
      default:
        return false;
    }
  }
}

class Clipboard {
  constructor(grid) {
    this.grid = grid;
    this.copied = null;
    const { field } = grid.editor;
    field.addEventListener('copy', (event) => this.#copy(event));
    field.addEventListener('cut', (event) => { if (this.#copy(event)) grid.source.cleared(grid.range); });
    field.addEventListener('paste', (event) => this.#paste(event));
  }

  #copy(event) {
    const { grid } = this;
    if (grid.editing) return false;
    event.preventDefault();
    const { range } = grid;
    const lines = [];
    for (let row = range.top; row <= range.bottom; row += 1) {
      const cells = [];
      for (let column = range.left; column <= range.right; column += 1) cells.push(quoted(grid.source.cell(row, column).text));
      lines.push(cells.join('\t'));
    }
    const text = lines.join('\n');
    event.clipboardData.setData('text/plain', text);
    this.copied = { text, range };
    return true;
  }

  #paste(event) {
    const { grid } = this;
    if (grid.editing) return;
    event.preventDefault();
    const text = event.clipboardData.getData('text/plain').replace(/\r\n?/g, '\n').replace(/\n$/, '');
    if (!text) return;
    const own = this.copied?.text === text ? this.copied.range : null;
    grid.source.pasted(grid.range, linesOf(text), own);
  }
}

/** The cell, row head or column head that an element belongs to; without a row or column where it has none. */
function cellAt(target) {
  const own = target?.closest?.('[data-r], [data-c], .tabulator-col.row-head');
  if (!own) return null;
  const number = (text) => (text === undefined ? undefined : Number(text));
  return { row: number(own.dataset.r), column: number(own.dataset.c) };
}

function holds(range, { row, column }) {
  return row >= range.top && row <= range.bottom && column >= range.left && column <= range.right;
}
