// The menus over the sheet, and what they ask before they do it.
import { choose, confirmText, openMenu, promptText } from './dialogs.mjs';
import { Failure, get } from './server.mjs';
import { letters } from './sheet.mjs';

/** The sheet's menus. */
export class Menus {
  /**
   * @param {import('./sheet.mjs').SheetPane} sheet
   * @param {{user: () => string, fault: (error: Error) => void, showTabs: () => void, selected: () => void,
   *   show: (told: object | null) => void}} page
   */
  constructor(sheet, page) {
    this.sheet = sheet;
    this.page = page;
    for (const button of document.querySelectorAll('[data-menu]')) {
      button.ariaHasPopup = 'menu';
      button.addEventListener('click', () => this.#open(button.getBoundingClientRect(), this[button.dataset.menu]));
    }
    this.#does('undo', () => this.undo());
    this.#does('versions', () => this.#versions());
  }

  /** The menu of the cells themselves. @param {MouseEvent} event */
  atPointer(event) {
    const items = () => [...this.rows(), null, ...this.sort(), null, ['Undo', () => this.undo()]];
    this.#open(new DOMRect(event.clientX, event.clientY, 0, 0), items);
  }

  #does(id, work) {
    document.getElementById(id).addEventListener('click', () => this.#try(work));
  }

  #open(box, items) {
    this.#try(async () => openMenu(box, await items.call(this), () => this.sheet.grid.focus()));
  }

  async #try(work) {
    if (!this.sheet.tab) return;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.page.fault(error);
    }
  }

  undo() {
    return this.sheet.act('undo', {}, false);
  }

  rows() {
    const { sheet } = this;
    const { top, bottom } = sheet.grid.range;
    const count = bottom - top + 1;
    const some = count === 1 ? 'a row' : `${count} rows`;
    return [
      [`Insert ${some} above`, () => sheet.insertRows(false)],
      [`Insert ${some} below`, () => sheet.insertRows(true)],
      [`Delete ${count === 1 ? `row ${top + 1}` : `rows ${top + 1} to ${bottom + 1}`}`, () => sheet.deleteRows()],
    ];
  }

  sort() {
    const column = letters(this.sheet.active.column);
    return [
      [`Sort by column ${column}, A → Z`, () => this.sheet.sort(false)],
      [`Sort by column ${column}, Z → A`, () => this.sheet.sort(true)],
    ];
  }

  view() {
    const { sheet, page } = this;
    const ticked = (is, label) => `${is ? '✓ ' : ''}${label}`;
    return [
      [ticked(sheet.showHidden, 'Show hidden columns'), async () => {
        sheet.showHidden = !sheet.showHidden;
        await sheet.grid.build();
        page.selected();
      }],
      [ticked(sheet.showTabs, 'Show hidden tabs'), () => {
        sheet.showTabs = !sheet.showTabs;
        page.showTabs();
      }],
    ];
  }

  /** What the sheet's own script adds. */
  async twinsheet() {
    const path = `/page/menus/${encodeURIComponent(this.sheet.id)}?user=${encodeURIComponent(this.page.user())}`;
    const { menus } = await get(path);
    const labels = menus.flatMap((menu) => menu.items.map((item) => item.label).filter(Boolean));
    return labels.map((label) => [label, () => this.#clicked(label)]);
  }

  async #clicked(label) {
    const { sheet } = this;
    if (label === 'Connect') {
      const ask = 'Paste the connection code that “twinsheet link add” printed. It begins with ts1.';
      const code = await promptText('Connect to Twinsheet', ask);
      if (code) this.page.show(await sheet.act('connect', { code }, false));
      return;
    }
    const sure = 'Disconnect this spreadsheet from Twinsheet? Sheet and table stay as they are.';
    if (label === 'Disconnect' && !(await confirmText('Disconnect', sure))) return;
    const { row, column } = sheet.active;
    const details = { item: label, range: sheet.name(row, column) };
    if (label.endsWith('…')) {
      details.answer = await promptText(label.slice(0, -1), 'Type it as you would type it into the cell.');
      if (details.answer === null) return;
    }
    this.page.show(await sheet.act('menu', details));
  }

  async #versions() {
    const { versions } = await get(`/page/versions/${encodeURIComponent(this.sheet.id)}`);
    const earlier = versions.slice(1, 101);
    const lines = earlier.map(({ version, at }) => [`${new Date(at).toLocaleString()} · version ${version}`, version]);
    const version = await choose('Go back to an earlier version', lines, 'There is no earlier version yet.');
    if (version !== null) await this.sheet.act('restore_version', { version }, false);
  }
}
