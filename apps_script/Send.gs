/**
 * Sending to the webhook: bodies in chunks that fit, signed after Standard Webhooks, tried again
 * for a bounded time. What does not arrive is found by the next scan of the tab.
 *
 * @typedef {{code: number, content: string, retryAfterS: number}} Answer code 0 when nobody answered
 */

const CHUNK_CELLS_MAX = 1000;
const CHUNK_CHARACTERS_MAX = 300 * 1000; // a character takes up to 3 bytes; the webhook takes 1 MiB
const TRIES_MAX = 5;
const TRYING_MS_MAX = 15 * 1000;

/**
 * @param {Link} link
 * @param {Stamp} stamp
 * @param {{user?: GoogleAppsScript.Base.User}} e
 * @param {Date} editedAt
 * @param {CellBody[]} cells
 * @returns {object[]} one body for each chunk of cells, all with the same stamp
 */
function editBodies_(link, stamp, e, editedAt, cells) {
  const chunks = chunksOf_(cells);
  return chunks.map((chunk, index) => ({
    ...body_(link, stamp, e, editedAt, 'edit'),
    cells: chunk,
    chunk: { index, count: chunks.length },
  }));
}

/**
 * @param {Link} link
 * @param {Stamp} stamp
 * @param {{user?: GoogleAppsScript.Base.User}} e
 * @param {Date} editedAt
 * @returns {object} tells that rows, columns or headers changed, without saying how: a scan will look
 */
function structureBody_(link, stamp, e, editedAt) {
  return { ...body_(link, stamp, e, editedAt, 'structure'), cells: [], chunk: { index: 0, count: 1 } };
}

/**
 * @param {Link} link
 * @param {Stamp} stamp
 * @param {{user?: GoogleAppsScript.Base.User}} e
 * @param {Date} editedAt
 * @param {'edit' | 'structure'} kind
 */
function body_(link, stamp, e, editedAt, kind) {
  return {
    link: link.name,
    spreadsheet_id: SpreadsheetApp.getActive().getId(),
    tab: link.tab,
    kind,
    stamp,
    edited_at: editedAt.toISOString(),
    editor: editorOf_(e),
  };
}

/**
 * @param {{user?: any}} e
 * @returns {string} the editor's address; empty where Google does not tell it, as across organisations
 */
function editorOf_(e) {
  const user = e.user || Session.getActiveUser();
  return (typeof user.getEmail === 'function' ? user.getEmail() : user.email) || '';
}

/**
 * Cut between rows, so that a new row is told whole; within one only where it alone is too large.
 * @param {CellBody[]} cells row by row
 * @returns {CellBody[][]}
 */
function chunksOf_(cells) {
  const sizes = cells.map((cell) => JSON.stringify(cell).length + 1);
  const rows = /** @type {Map<number, {cells: number, characters: number}>} */ (new Map());
  cells.forEach(({ row }, index) => {
    const known = rows.get(row) || { cells: 0, characters: 0 };
    rows.set(row, { cells: known.cells + 1, characters: known.characters + sizes[index] });
  });
  /** @type {CellBody[][]} */
  const chunks = [];
  let characters = 0;
  cells.forEach((cell, index) => {
    const last = chunks[chunks.length - 1];
    const isSameRow = last && last[last.length - 1].row === cell.row;
    const ahead = (isSameRow ? undefined : rows.get(cell.row)) || { cells: 1, characters: sizes[index] };
    const fits =
      last &&
      last.length + ahead.cells <= CHUNK_CELLS_MAX &&
      characters + ahead.characters <= CHUNK_CHARACTERS_MAX;
    if (fits) last.push(cell);
    else chunks.push([cell]);
    characters = fits ? characters + sizes[index] : sizes[index];
  });
  return chunks;
}

/**
 * Sends the bodies of one event in their order; the first that cannot be delivered ends it.
 * @param {Link} link
 * @param {object[]} bodies
 */
function deliver_(link, bodies) {
  const until = Date.now() + TRYING_MS_MAX;
  const id = eventId_();
  for (const [index, body] of bodies.entries()) {
    const own = bodies.length > 1 ? `${id}_${index + 1}` : id; // what was pasted at once is taken back at once
    const fault = send_(link, JSON.stringify(body), until, own);
    if (fault) {
      console.error(fault);
      keepFault_(link.name, fault);
      return;
    }
  }
  if (bodies.length && faultOf_(link.name) !== null) clearFault_(link.name);
}

/** @returns {string} the name of something that happened */
function eventId_() {
  return `msg_${Utilities.getUuid()}`;
}

/**
 * @param {Link} link
 * @param {string} body
 * @param {number} until when to give up, in ms since 1970
 * @param {string} id the same on every try: the webhook takes it once
 * @returns {string} what went wrong; empty when it was accepted
 */
function send_(link, body, until, id = eventId_()) {
  const answer = request_(link, '', body, until, id);
  if (isGood_(answer)) return '';
  const said = `${answer.code || ''} ${answer.content.slice(0, 200)}`.trim();
  return `The link "${link.name}" could not send an edit: ${said}`;
}

/**
 * Tries until the server has an answer that will not change, or the time is over.
 * @param {Link} link
 * @param {string} path behind the link's own address
 * @param {string} body
 * @param {number} until when to give up, in ms since 1970
 * @param {string} id the same on every try
 * @returns {Answer} the last one
 */
function request_(link, path, body, until, id = eventId_()) {
  for (let attempt = 1; ; attempt++) {
    const answer = post_(link.url + path, link.secret, id, body);
    const isPassing = answer.code === 0 || answer.code === 429 || answer.code >= 500;
    const pauseMs = pauseMs_(attempt, answer.retryAfterS);
    if (!isPassing || attempt >= TRIES_MAX || Date.now() + pauseMs > until) return answer;
    Utilities.sleep(pauseMs);
  }
}

/**
 * @param {Answer} answer
 * @returns {boolean}
 */
function isGood_({ code }) {
  return code >= 200 && code < 300;
}

/**
 * Exponential backoff with jitter, at least what the server asked for.
 * @param {number} attempt 1 after the first
 * @param {number} retryAfterS
 * @returns {number}
 */
function pauseMs_(attempt, retryAfterS) {
  return Math.max(250 * 2 ** attempt * (0.5 + Math.random()), retryAfterS * 1000);
}

/**
 * One try, signed anew because the time is part of the signature.
 * @param {string} url
 * @param {string} secret
 * @param {string} id
 * @param {string} body
 * @returns {Answer}
 */
function post_(url, secret, id, body) {
  const timestamp = String(Math.floor(Date.now() / 1000));
  try {
    const response = UrlFetchApp.fetch(url, {
      method: 'post',
      contentType: 'application/json',
      headers: {
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature_(secret, `${id}.${timestamp}.${body}`)}`,
      },
      payload: Utilities.newBlob(body).getBytes(),
      muteHttpExceptions: true,
    });
    const headers = /** @type {Record<string, any>} */ (response.getHeaders());
    return {
      code: response.getResponseCode(),
      content: response.getContentText(),
      retryAfterS: Number(headers['Retry-After']) || 0,
    };
  } catch (error) {
    return { code: 0, content: String(error), retryAfterS: 0 };
  }
}

/**
 * Standard Webhooks: base64 of HMAC-SHA256, over bytes so that no letter is lost to ASCII.
 * @param {string} secret `whsec_` and base64
 * @param {string} text
 * @returns {string}
 */
function signature_(secret, text) {
  const key = Utilities.base64Decode(secret.replace(/^whsec_/, ''));
  return Utilities.base64Encode(Utilities.computeHmacSha256Signature(Utilities.newBlob(text).getBytes(), key));
}

/**
 * @param {string} url of a link's webhook
 * @returns {string} for a person
 */
function reachable_(url) {
  const address = url.replace(/\/hooks\/.*$/, '/healthz');
  try {
    const code = UrlFetchApp.fetch(address, { muteHttpExceptions: true }).getResponseCode();
    if (code === 200) return 'The server answers.';
    return `The server answers ${code} at ${address}: see twinsheet doctor.`;
  } catch (error) {
    return `The server does not answer at ${address}: is twinsheet up running, and the address reachable from the internet?`;
  }
}
