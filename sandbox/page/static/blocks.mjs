// Blocks of cells as text, the way spreadsheets put them on the clipboard.

/** A cell of a copied block; in quotes where it holds what parts cells. @param {string} text */
export const quoted = (text) => (/[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** The lines and cells of a copied block. @param {string} text @returns {string[][]} */
export function linesOf(text) {
  const lines = [[]];
  let at = 0;
  while (at <= text.length) {
    const rest = text.slice(at);
    const [whole] = /^"(?:[^"]|"")*"(?=[\t\n]|$)/.exec(rest) ?? /^[^\t\n]*/.exec(rest);
    const inQuotes = whole.length > 1 && whole.startsWith('"') && whole.endsWith('"');
    lines.at(-1).push(inQuotes ? whole.slice(1, -1).replaceAll('""', '"') : whole);
    at += whole.length;
    if (text[at] === '\n') lines.push([]);
    at += 1;
  }
  return lines;
}
