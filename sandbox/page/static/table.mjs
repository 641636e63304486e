// The table's side: its rows as MySQL has them, and what a person does to them.
import { Grid } from './grid.mjs';
import { sampled, textWidth } from './look.mjs';
import { Failure, post } from './server.mjs';

const WIDTH_PX = { least: 60, most: 230 };

/** The linked table in a grid. */
export class TablePane {
  /**
   * @param {HTMLElement} host
   * @param {{fault: (error: Error) => void, selected: () => void, ran: (sql: string[]) => void}} page
   */
  constructor(host, page) {
    this.page = page;
    this.rows = [];
    this.columns = [];
    this.places = new Map();
    this.fresh = new Map();
    this.differing = new Map();
    this.twin = null;
    this.grid = new Grid(host, this.#source(), 'Table');
  }

  #source() {
    return {
      rowCount: () => this.rows.length,
      columns: () => this.columns.map((column, place) => ({
        width: this.#width(place), number: column.number, name: column.name, node: () => heading(column),
      })),
      rowName: (row) => String(row + 1),
      cell: (row, place) => this.#shown(row, place),
      editText: (row, place) => this.rows[row][1][place] ?? '',
      options: (row, place) => this.columns[place].options ?? [],
      refusal: (row, place) => (this.columns[place]?.readonly ? `${this.columns[place].name} is computed by the table.` : ''),
      typed: (row, place, text) => this.#type(row, place, text),
      pasted: (range, lines) => this.#paste(range, lines),
      cleared: (range) => this.#write(range, () => null),
      selected: () => this.page.selected(),
    };
  }

  /** The key of the selected row, as the server names it. */
  get activeKey() {
    return this.rows[this.grid.active.row]?.[0] ?? null;
  }

  // -- what the server tells -----------------------------------------------------------------

  /** Everything of a table. */
  async whole(table) {
    if (this.link !== table.link) this.grid.at = this.grid.anchor = { row: 0, column: 0 };
    this.link = table.link;
    this.columns = table.columns;
    this.rows = table.rows;
    this.#index();
    await this.grid.build();
  }

  /** What changed in the table. */
  patch(patch) {
    if (patch.changed) {
      for (const [row, [key, values]] of patch.changed) {
        values.forEach((value, place) => { if (value !== this.rows[row][1][place]) this.#freshen(key, place); });
        this.rows[row] = [key, values];
      }
      return this.grid.paint(patch.changed.map(([row]) => row));
    }
    const before = new Map(this.rows.slice(patch.at, patch.at + patch.removed));
    this.rows.splice(patch.at, patch.removed, ...patch.rows);
    this.#index();
    for (const [key, values] of patch.rows) {
      const old = before.get(key);
      values.forEach((value, place) => { if (value !== old?.[place]) this.#freshen(key, place); });
    }
    return this.grid.refresh();
  }

  #index() {
    this.places = new Map(this.rows.map(([key], place) => [key, place]));
  }

  #freshen(key, place) {
    if (this.fresh.size < 2000) this.fresh.set(`${key}:${place}`, performance.now() + 900);
  }

  /** Cells that differ from the sheet. @param {Map<string, Set<string>>} differing columns by key */
  differ(differing) {
    const touched = [...this.differing.keys(), ...differing.keys()].map((key) => this.places.get(key));
    this.differing = differing;
    this.grid.paint(new Set(touched.filter((place) => place !== undefined)));
  }

  /** Mark the row that belongs to what is selected in the sheet. */
  markTwin(key, column, reveal) {
    const touched = [this.twin?.key, key].map((one) => this.places.get(one)).filter((place) => place !== undefined);
    this.twin = key === null ? null : { key, column };
    this.grid.paint(touched);
    const row = this.places.get(key);
    if (!reveal || row === undefined) return;
    const place = Math.max(0, this.columns.findIndex(({ name }) => name === column));
    this.grid.reveal(row, place);
  }

  // -- what is drawn -------------------------------------------------------------------------

  #width(place) {
    const column = this.columns[place];
    let widest = textWidth(column.name) + (column.key ? 36 : 8);
    widest = Math.max(widest, Math.min(110, textWidth(column.type) * 0.85));
    for (const [, values] of sampled(this.rows)) widest = Math.max(widest, textWidth(values[place] ?? 'NULL'));
    return Math.max(WIDTH_PX.least, Math.min(widest + 20, WIDTH_PX.most));
  }

  #shown(row, place) {
    const [key, values] = this.rows[row];
    const value = values[place];
    const column = this.columns[place];
    const marks = [];
    if (column.key) marks.push('key');
    if (this.twin?.key === key) marks.push('twin', ...(this.twin.column === column.name ? ['twin-cell'] : []));
    const differs = this.differing.get(key);
    if (differs && (differs.has(column.name) || differs.has(''))) marks.push('differs');
    const name = `${key}:${place}`;
    const fresh = this.fresh.get(name);
    this.fresh.delete(name);
    return {
      text: value ?? 'NULL',
      kind: value === null ? 'null' : column.number ? 'n' : undefined,
      marks: marks.join(' '),
      flash: fresh > performance.now() ? 'landed' : '',
    };
  }

  // -- what a person does --------------------------------------------------------------------

  async #send(body) {
    try {
      const done = await post(`/page/table/${encodeURIComponent(this.link)}`, body);
      this.page.ran(done.sql);
      return done;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.page.fault(error);
      return null;
    }
  }

  #type(row, place, text) {
    const column = this.columns[place];
    const [key] = this.rows[row];
    return this.#send({ action: 'update', keys: [key], values: { [column.name]: text === '' ? null : text } });
  }

  /** @param {(row: number, place: number) => string | null | undefined} value undefined leaves a cell alone */
  #write(range, value) {
    const keys = [];
    const rows = [];
    for (let row = range.top; row <= Math.min(range.bottom, this.rows.length - 1); row += 1) {
      const values = {};
      for (let place = range.left; place <= Math.min(range.right, this.columns.length - 1); place += 1) {
        const wanted = value(row, place);
        if (wanted !== undefined && !this.columns[place].readonly) values[this.columns[place].name] = wanted;
      }
      if (Object.keys(values).length) {
        keys.push(this.rows[row][0]);
        rows.push(values);
      }
    }
    return keys.length ? this.#send({ action: 'update', keys, rows }) : null;
  }

  #paste(range, lines) {
    const single = lines.length === 1 && lines[0].length === 1;
    const width = Math.max(...lines.map((line) => line.length));
    const { top, left } = range;
    const target = single ? range : { top, left, bottom: top + lines.length - 1, right: left + width - 1 };
    const wanted = (row, place) => (single ? lines[0][0] : lines[row - range.top][place - range.left]);
    return this.#write(target, (row, place) => {
      const text = wanted(row, place);
      return text === '' || text === 'NULL' ? null : text;
    });
  }

  /** Add a row. @param {Record<string, string>} values what is left out takes its default */
  insert(values) {
    return this.#send({ action: 'insert', values });
  }

  /** Delete the selected rows. */
  deleteRows() {
    const { top, bottom } = this.grid.range;
    const keys = this.rows.slice(top, bottom + 1).map(([key]) => key);
    return keys.length ? this.#send({ action: 'delete', keys }) : null;
  }
}

function heading(column) {
  const node = document.createElement('span');
  node.className = 'heading-cell linked';
  node.title = column.type;
  const name = document.createElement('b');
  name.textContent = column.name;
  if (column.key) node.classList.add('key');
  const type = document.createElement('small');
  type.textContent = column.type;
  node.append(name, type);
  return node;
}
