// The text field that lies over the active cell of a grid. It has the focus while the grid is used, so that
// typing, pasting and every input method of the browser begin in it; it is seen while a cell is open.
import { element, textWidth } from './look.mjs';

/** Opens and closes the active cell of a grid. */
export class CellEditor {
  /** @param {import('./grid.mjs').Grid} grid */
  constructor(grid) {
    this.grid = grid;
    this.open = false;
    this.before = '';
    this.field = element('input', { className: 'editor', autocomplete: 'off', spellcheck: false, inputMode: 'none' });
    this.field.setAttribute('aria-description', 'Type to fill the cell. Escape, then Tab leaves the grid.');
    this.list = element('datalist', { id: `${grid.host.id}Options` });
    grid.host.after(this.list);
    this.field.addEventListener('input', () => this.#typed());
  }

  /** Open the active cell. @param {boolean} over whether what was typed replaces what the cell holds */
  edit(over = false) {
    const { grid, field } = this;
    const { row, column } = grid.active;
    const refusal = grid.source.refusal(row, column);
    if (refusal) {
      field.value = '';
      grid.host.dispatchEvent(new CustomEvent('refused', { detail: refusal, bubbles: true }));
      return;
    }
    if (this.open) return;
    this.open = true;
    this.before = grid.source.editText(row, column);
    this.#offer(grid.source.options(row, column));
    field.inputMode = 'text';
    field.classList.add('open');
    if (!over) field.value = this.before;
    grid.reveal(row, column);
    this.#fit();
    field.focus({ preventScroll: true });
    if (!over) field.setSelectionRange(field.value.length, field.value.length);
    this.#tell();
  }

  /** Close the cell. @param {boolean} keep whether what was typed counts */
  close(keep) {
    if (!this.open) return;
    const { grid, field } = this;
    const { row, column } = grid.active;
    const text = field.value;
    this.open = false;
    field.classList.remove('open');
    field.removeAttribute('list');
    field.inputMode = 'none';
    field.value = '';
    grid.outline();
    if (keep && text !== this.before) grid.source.typed(row, column, text);
    else grid.source.selected(grid);
  }

  #typed() {
    if (!this.open) this.edit(true);
    else {
      this.#fit();
      this.#tell();
    }
  }

  #offer(options) {
    this.list.replaceChildren(...options.map((value) => element('option', { value })));
    if (options.length) this.field.setAttribute('list', this.list.id);
  }

  /** As wide as the text, as far as there is room. */
  #fit() {
    const { grid, field } = this;
    const { row, column } = grid.active;
    grid.cover(field, { top: row, bottom: row, left: column, right: column });
    const own = field.offsetWidth;
    const room = grid.holder.scrollLeft + grid.holder.clientWidth - field.offsetLeft - 2;
    field.style.width = `${Math.max(own, Math.min(textWidth(field.value) + 26, room))}px`;
  }

  #tell() {
    this.grid.host.dispatchEvent(new CustomEvent('editing', { detail: this.field.value }));
  }
}
