// What the sheet's script shows: messages, and pages of HTML in the sidebar and in a dialog. Such a page lives in a
// frame of an origin of its own; all that it can do is what the messages here let it.
import { alertText } from './dialogs.mjs';
import { element } from './look.mjs';

const $ = (id) => document.getElementById(id);
const MAY = 'allow-scripts allow-popups allow-popups-to-escape-sandbox';
const DIALOG_PX = { width: 600, height: 400 };
const SORRY = "We're sorry, a server error occurred. Please wait a bit and try again.";

/** A place for one page: `#id` with `#idTitle`, `#idClose` and, while it is shown, `#idFrame`. */
class Panel {
  /** @param {string} id @param {() => void} closed */
  constructor(id, closed) {
    this.id = id;
    this.host = $(id);
    this.closed = closed;
    this.frame = null;
    $(`${id}Close`).addEventListener('click', () => this.close());
    this.host.addEventListener('close', () => this.close());
    this.host.addEventListener('keydown', (event) => { if (event.key === 'Escape') this.close(); });
  }

  /** Show a page in the place of the one before. @param {{title: string, html: string}} page */
  show({ title, html, width_px: width, height_px: height }) {
    this.frame?.remove();
    this.html = html;
    $(`${this.id}Title`).textContent = title;
    const named = { id: `${this.id}Frame`, title: title || 'Page of the script' };
    this.frame = element('iframe', { ...named, sandbox: MAY, src: '/page/frame' });
    this.host.hidden = false;
    if (this.host.showModal) {
      Object.assign(this.frame, { width: width ?? DIALOG_PX.width, height: height ?? DIALOG_PX.height });
      if (!this.host.open) this.host.showModal();
    }
    this.host.append(this.frame);
  }

  close() {
    if (!this.frame) return;
    this.frame.remove();
    this.frame = null;
    this.host.hidden = true;
    this.host.close?.();
    this.closed();
  }
}

/** The sidebar and the dialog of a sheet's script. */
export class Panels {
  /** @param {import('./sheet.mjs').SheetPane} sheet */
  constructor(sheet) {
    this.sheet = sheet;
    this.sidebar = new Panel('sidebar', () => sheet.grid.focus());
    this.dialog = new Panel('htmlDialog', () => sheet.grid.focus());
    addEventListener('message', ({ source, data }) => {
      const panel = [this.sidebar, this.dialog].find(({ frame }) => frame && frame.contentWindow === source);
      if (panel) this.#heard(panel, data);
    });
  }

  /** Close what is open: it belongs to a spreadsheet that is no longer shown. */
  close() {
    this.sidebar.close();
    this.dialog.close();
  }

  /** Show what a click in the menu or a call showed. @param {object | null} told as the server tells it */
  show(told) {
    if (told?.sidebar) this.sidebar.show(told.sidebar);
    if (told?.dialog) this.dialog.show(told.dialog);
    const messages = [...(told?.messages ?? []), told?.error].filter(Boolean);
    if (messages.length) alertText('Twinsheet', messages.join('\n\n'));
  }

  #heard(panel, message) {
    const { frame } = panel;
    if (message?.kind === 'ready') {
      tell(frame, { kind: 'html', html: panel.html });
      frame.focus();
    }
    if (message?.kind === 'call') this.#call(frame, message);
    if (message?.kind === 'close') panel.close();
    if (message?.kind === 'focus') this.sheet.grid.focus();
  }

  async #call(frame, { id, name, args }) {
    const { row, column } = this.sheet.active;
    const details = { function: name, arguments: args, range: this.sheet.name(row, column) };
    const told = await this.sheet.act('call', details);
    tell(frame, { kind: 'answer', id, ...(told?.ok ? { value: told.value } : { error: told?.error ?? SORRY }) });
    this.show(told && { ...told, error: '' });
  }
}

/** Without a target: the frame's origin has no name. */
function tell(frame, message) {
  frame.contentWindow?.postMessage(message, '*');
}
