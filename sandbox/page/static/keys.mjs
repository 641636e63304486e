// Where a key leads to in a grid.

/**
 * The cell that a key moves to; null for a key that moves nowhere.
 * @param {KeyboardEvent} event
 * @param {{row: number, column: number}} from
 * @param {{rows: number, columns: number, page: number, filled: (row: number, column: number) => boolean}} grid
 */
export function moved(event, from, grid) {
  const { row, column } = from;
  const far = event.ctrlKey || event.metaKey;
  const step = (down, right) => (far ? edge(from, down, right, grid) : { row: row + down, column: column + right });
  switch (event.key) {
    case 'ArrowUp': return step(-1, 0);
    case 'ArrowDown': return step(1, 0);
    case 'ArrowLeft': return step(0, -1);
    case 'ArrowRight': return step(0, 1);
    case 'Tab': return tab(row, column + (event.shiftKey ? -1 : 1), grid);
    case 'PageUp': return { row: row - grid.page, column };
    case 'PageDown': return { row: row + grid.page, column };
    case 'Home': return { row: far ? 0 : row, column: 0 };
    case 'End': return far ? lastFilled(grid) : { row, column: grid.columns - 1 };
    default: return null;
  }
}

/** Tab at the very end leaves the grid. */
function tab(row, column, { rows, columns }) {
  if (column < 0) return row > 0 ? { row: row - 1, column: columns - 1 } : null;
  if (column >= columns) return row < rows - 1 ? { row: row + 1, column: 0 } : null;
  return { row, column };
}

/** The corner of everything that is filled. */
function lastFilled({ rows, columns, filled }) {
  const all = (count) => Array.from({ length: count }, (_, place) => place);
  const row = all(rows).findLast((r) => all(columns).some((c) => filled(r, c))) ?? 0;
  const column = all(columns).findLast((c) => all(rows).some((r) => filled(r, c))) ?? 0;
  return { row, column };
}

/** As a spreadsheet jumps: to the end of the filled cells, or over the empty ones. */
function edge(from, down, right, { rows, columns, filled }) {
  let { row, column } = from;
  const more = () => row + down >= 0 && column + right >= 0 && row + down < rows && column + right < columns;
  if (!more()) return from;
  const next = () => filled(row + down, column + right);
  const run = filled(row, column) && next();
  do {
    row += down;
    column += right;
  } while (more() && (run ? next() : !filled(row, column)));
  return { row, column };
}
