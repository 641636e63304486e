/**
 * Asking the server about a link: how it is, what was done, and what would be taken back. Signed as an edit is.
 */

/**
 * @param {Link} link
 * @param {object} question
 * @param {number} patienceMs for tries after the first
 * @returns {any} the answer
 * @throws {Error} in words for a person
 */
function ask_(link, question, patienceMs = TRYING_MS_MAX) {
  const body = JSON.stringify({
    link: link.name,
    spreadsheet_id: SpreadsheetApp.getActive().getId(),
    tab: link.tab,
    editor: editorOf_({}),
    ask: question,
  });
  const answer = request_(link, '/ask', body, Date.now() + patienceMs);
  if (isGood_(answer)) return JSON.parse(answer.content);
  throw new Error(answer.code ? faultIn_(answer) : reachable_(link.url));
}

/**
 * @param {Answer} answer
 * @returns {string} what went wrong, and what to do
 */
function faultIn_({ code, content }) {
  try {
    const { error } = JSON.parse(content);
    if (typeof error === 'string') return `The server answers ${code}: ${error}.`;
    return [error.message, error.hint].filter(Boolean).join(' ');
  } catch (unread) {
    console.warn(`An answer of the server could not be read: ${unread}`);
    return `The server answers ${code}.`;
  }
}

/**
 * @param {Link} link
 * @returns {string} how the link is, for a person
 */
function stateOf_(link) {
  if (!link.tab) return reachable_(link.url);
  try {
    return stateInWords_(ask_(link, { what: 'state' }, 0));
  } catch (error) {
    return String(error instanceof Error ? error.message : error);
  }
}

/**
 * @param {{state: string, reason: string, identical_as_of: string | null, conflicts: number, rejections: number,
 *     pending: number, console: string}} told
 * @returns {string}
 */
function stateInWords_(told) {
  const counts = [
    [told.conflicts, 'conflicts wait for a choice'],
    [told.rejections, 'values that the table refuses'],
    [told.pending, 'cells that wait'],
  ];
  return [
    told.state + (told.reason ? `: ${told.reason}` : ''),
    told.identical_as_of ? `sheet and table identical as of ${wallTime_(told.identical_as_of)}` : '',
    ...counts.filter(([count]) => count).map(([count, what]) => `${what}: ${count}`),
    `console: ${told.console}`,
  ]
    .filter(Boolean)
    .join('\n');
}

/**
 * @param {string} moment
 * @returns {string} as the clock of the spreadsheet shows it
 */
function wallTime_(moment) {
  return Utilities.formatDate(
    new Date(moment),
    SpreadsheetApp.getActive().getSpreadsheetTimeZone(),
    'yyyy-MM-dd HH:mm:ss',
  );
}
