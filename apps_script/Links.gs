/**
 * The links of this spreadsheet, kept in its document properties, one property a link.
 *
 * @typedef {Object} Link
 * @property {string} name the link's name
 * @property {string} url where its events go
 * @property {string} secret `whsec_` and base64; opens this one link and nothing else
 * @property {string} [tab] title of the tab when it was connected
 * @property {number} [sheetId] number of the tab; tells the tab from a copy of it
 */

const LINK_PROPERTY = 'link.';
const FAULT_PROPERTY = 'fault.';
const METADATA_KEY = 'twinsheet.';
const ID_HEADER = '_row_id';

/**
 * Reads a connection code: `ts1.` and base64url of its JSON.
 * @param {string} code
 * @returns {Link | null} null when it is none
 */
function connectionOf_(code) {
  const match = /^ts1\.([A-Za-z0-9_-]+)=*$/.exec(code.replace(/\s+/g, ''));
  if (!match) return null;
  try {
    const padding = '='.repeat((4 - (match[1].length % 4)) % 4);
    const bytes = Utilities.base64DecodeWebSafe(match[1] + padding);
    const { url, link, secret } = JSON.parse(Utilities.newBlob(bytes).getDataAsString());
    const whole = /^https?:\/\//.test(url) && typeof link === 'string' && link && /^whsec_/.test(secret);
    return whole ? { name: link, url, secret } : null;
  } catch (error) {
    console.warn(`A connection code could not be read: ${error}`);
    return null;
  }
}

/** @returns {Link[]} */
function savedLinks_() {
  const saved = PropertiesService.getDocumentProperties().getProperties();
  return Object.keys(saved)
    .filter((key) => key.startsWith(LINK_PROPERTY))
    .sort()
    .map((key) => JSON.parse(saved[key]));
}

/** @param {Link} link */
function saveLink_(link) {
  PropertiesService.getDocumentProperties().setProperty(LINK_PROPERTY + link.name, JSON.stringify(link));
  clearFault_(link.name);
}

/** @param {string} name */
function forgetLink_(name) {
  PropertiesService.getDocumentProperties().deleteProperty(LINK_PROPERTY + name);
  clearFault_(name);
}

/**
 * Keeps why the last event of a link could not be delivered, for Twinsheet → Status.
 * @param {string} name
 * @param {string} fault
 */
function keepFault_(name, fault) {
  const text = `${new Date().toISOString()} ${fault}`.slice(0, 1000);
  PropertiesService.getDocumentProperties().setProperty(FAULT_PROPERTY + name, text);
}

/** @param {string} name */
function faultOf_(name) {
  return PropertiesService.getDocumentProperties().getProperty(FAULT_PROPERTY + name);
}

/** @param {string} name */
function clearFault_(name) {
  PropertiesService.getDocumentProperties().deleteProperty(FAULT_PROPERTY + name);
}

/**
 * Finds the tab of a link by the developer metadata of its columns.
 * @param {string} name
 * @returns {{tab?: string, sheetId?: number}} empty when no tab carries it
 */
function homeOf_(name) {
  const [found] = SpreadsheetApp.getActive()
    .createDeveloperMetadataFinder()
    .withKey(METADATA_KEY + name)
    .withLocationType(SpreadsheetApp.DeveloperMetadataLocationType.COLUMN)
    .find();
  const column = found && found.getLocation().getColumn();
  return column ? { tab: column.getSheet().getName(), sheetId: column.getSheet().getSheetId() } : {};
}

/**
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @returns {Link[]} the connected links that live on this tab, usually one or none
 */
function linksOnTab_(sheet) {
  const sheetId = sheet.getSheetId();
  return savedLinks_()
    .map(settled_)
    .filter((link) => link.sheetId === sheetId);
}

/**
 * Completes a link that was connected before its tab was prepared.
 * @param {Link} link
 * @returns {Link}
 */
function settled_(link) {
  if (link.sheetId !== undefined) return link;
  const whole = { ...link, ...homeOf_(link.name) };
  if (whole.sheetId !== undefined) saveLink_(whole);
  return whole;
}

/**
 * Where the columns of a link are now: from the developer metadata, so that renamed headers and
 * moved columns change nothing.
 * @param {GoogleAppsScript.Spreadsheet.Sheet} sheet
 * @param {string} name
 * @returns {{id: number, mapped: Map<string, number>}} 1-based; id is 0 when there is none
 */
function columnsOf_(sheet, name) {
  const columns = { id: 0, mapped: /** @type {Map<string, number>} */ (new Map()) };
  const entries = sheet
    .createDeveloperMetadataFinder()
    .withKey(METADATA_KEY + name)
    .withLocationType(SpreadsheetApp.DeveloperMetadataLocationType.COLUMN)
    .find();
  for (const entry of entries) {
    const place = entry.getLocation().getColumn();
    const header = entry.getValue();
    if (!place || header === null) continue;
    if (header === ID_HEADER) columns.id = place.getColumn();
    else columns.mapped.set(header, place.getColumn());
  }
  return columns;
}
