/**
 * The installable triggers and their handlers. Never named onEdit or onChange: simple triggers of
 * those names would run beside them.
 */

const TRIGGERS_PROPERTY = 'triggers';
const LOCK_WAIT_MS = 20 * 1000;

/**
 * A person typed, pasted or cleared.
 * @param {GoogleAppsScript.Events.SheetsOnEdit & {triggerUid?: string}} e
 */
function handleEdit(e) {
  if (isSuperseded_(e, 'handleEdit')) return;
  const editedAt = new Date();
  const links = linksOnTab_(e.range.getSheet());
  if (!links.length) return;
  const outbox = underLock_(() => links.map((link) => ({ link, bodies: observeEdit_(link, e, editedAt) })));
  for (const { link, bodies } of outbox) deliver_(link, bodies);
}

/**
 * A person changed the structure: rows, columns or tabs came, went or moved.
 * @param {GoogleAppsScript.Events.SheetsOnChange & {triggerUid?: string}} e
 */
function handleChange(e) {
  if (isSuperseded_(e, 'handleChange')) return;
  if (e.changeType === 'EDIT' || e.changeType === 'FORMAT') return;
  const editedAt = new Date();
  const links = savedLinks_()
    .map(settled_)
    .filter((link) => link.tab);
  if (!links.length) return;
  const outbox = underLock_(() =>
    links.map((link) => ({ link, bodies: [structureBody_(link, nextStamp_(link.name), e, editedAt)] })),
  );
  for (const { link, bodies } of outbox) deliver_(link, bodies);
}

/**
 * Runs what reads and writes the sheet alone; sending comes after, without the lock.
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function underLock_(work) {
  const lock = LockService.getDocumentLock();
  lock.waitLock(LOCK_WAIT_MS);
  try {
    return work();
  } finally {
    SpreadsheetApp.flush();
    lock.releaseLock();
  }
}

/** Installs the two triggers, once, however often a person connects. */
function installTriggers_() {
  const spreadsheet = SpreadsheetApp.getActive();
  const mine = removeDoubled_(ScriptApp.getProjectTriggers());
  const edit =
    mine.get('handleEdit') || ScriptApp.newTrigger('handleEdit').forSpreadsheet(spreadsheet).onEdit().create();
  const change =
    mine.get('handleChange') || ScriptApp.newTrigger('handleChange').forSpreadsheet(spreadsheet).onChange().create();
  const uids = { handleEdit: edit.getUniqueId(), handleChange: change.getUniqueId() };
  PropertiesService.getDocumentProperties().setProperty(TRIGGERS_PROPERTY, JSON.stringify(uids));
}

/**
 * Keeps one trigger for each handler and deletes its doubles.
 * @param {GoogleAppsScript.Script.Trigger[]} triggers
 * @returns {Map<string, GoogleAppsScript.Script.Trigger>}
 */
function removeDoubled_(triggers) {
  const kept = new Map();
  for (const trigger of triggers) {
    const handler = trigger.getHandlerFunction();
    if (handler !== 'handleEdit' && handler !== 'handleChange') continue;
    if (kept.has(handler)) ScriptApp.deleteTrigger(trigger);
    else kept.set(handler, trigger);
  }
  return kept;
}

/** Deletes the triggers of the person who disconnects. */
function removeTriggers_() {
  for (const trigger of ScriptApp.getProjectTriggers()) {
    const handler = trigger.getHandlerFunction();
    if (handler === 'handleEdit' || handler === 'handleChange') ScriptApp.deleteTrigger(trigger);
  }
  PropertiesService.getDocumentProperties().deleteProperty(TRIGGERS_PROPERTY);
}

/** @returns {boolean} whether triggers were installed, by whomever */
function triggersInstalled_() {
  return PropertiesService.getDocumentProperties().getProperty(TRIGGERS_PROPERTY) !== null;
}

/**
 * A script sees only the triggers of the person who runs it. When two people have connected, both
 * have triggers; those of the last one count, the others do nothing.
 * @param {{triggerUid?: string}} e
 * @param {'handleEdit' | 'handleChange'} handler
 * @returns {boolean}
 */
function isSuperseded_(e, handler) {
  const saved = PropertiesService.getDocumentProperties().getProperty(TRIGGERS_PROPERTY);
  if (!saved || !e.triggerUid) return false;
  return JSON.parse(saved)[handler] !== e.triggerUid;
}
