// Menus, questions and short messages.

const $ = (id) => document.getElementById(id);

/**
 * Open a menu beside a box.
 * @param {DOMRect} box
 * @param {([string, () => void] | null)[]} items null for a line between two groups
 * @param {() => void} closed
 */
export function openMenu(box, items, closed) {
  const menu = $('menu');
  menu.replaceChildren(...items.map((item) => {
    if (!item) return document.createElement('hr');
    const button = make('button', item[0]);
    button.type = 'button';
    button.role = 'menuitem';
    button.addEventListener('click', () => { menu.hidePopover(); item[1](); });
    return button;
  }));
  menu.onkeydown = (event) => {
    const buttons = [...menu.querySelectorAll('button')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    buttons.at((buttons.indexOf(document.activeElement) + step) % buttons.length).focus();
  };
  menu.ontoggle = (event) => {
    const nowhere = document.activeElement === document.body || menu.contains(document.activeElement);
    if (event.newState === 'closed' && nowhere) closed();
  };
  menu.showPopover();
  const { width, height } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(box.left, innerWidth - width - 4))}px`;
  menu.style.top = `${box.bottom + height + 4 < innerHeight ? box.bottom + 2 : Math.max(4, box.top - height - 2)}px`;
  menu.querySelector('button')?.focus();
}

/** Show a text until it is read. */
export function alertText(title, content) {
  return ask(title, [Object.assign(make('p', content), { className: 'pre' })], [['OK', 'yes']]);
}

/** @returns {Promise<boolean>} */
export async function confirmText(title, content) {
  return (await ask(title, [make('p', content)], [['Cancel', ''], ['OK', 'yes']])) === 'yes';
}

/** @returns {Promise<string | null>} what was typed; null when it was cancelled */
export async function promptText(title, content) {
  const field = make('textarea', '');
  field.rows = 4;
  field.ariaLabel = content;
  const answer = await ask(title, [make('p', content), field], [['Cancel', ''], ['OK', 'yes']]);
  return answer === 'yes' ? field.value.trim() : null;
}

/** Choose one of many. @param {[string, number][]} lines @returns {Promise<number | null>} */
export async function choose(title, lines, none) {
  if (!lines.length) {
    await alertText(title, none);
    return null;
  }
  const chosen = make('select', '');
  chosen.size = Math.min(12, Math.max(2, lines.length));
  chosen.ariaLabel = title;
  chosen.append(...lines.map(([label, value]) => new Option(label, value)));
  chosen.selectedIndex = 0;
  const answer = await ask(title, [chosen], [['Cancel', ''], ['Restore', 'yes']]);
  return answer === 'yes' ? Number(chosen.value) : null;
}

/** Ask for a new row. @returns {Promise<Record<string, string> | null>} */
export async function askRow(title, columns) {
  const fields = columns.filter((column) => !column.readonly).map((column) => {
    const label = make('label', '');
    const field = make('input', '');
    field.name = column.name;
    field.required = Boolean(column.required);
    field.placeholder = column.auto ? 'automatic' : column.required ? 'required' : 'default';
    field.autocomplete = 'off';
    label.append(make('span', column.name), field);
    if (column.options) {
      const list = make('datalist', '');
      list.id = `new-${column.name}`;
      list.append(...column.options.map((option) => Object.assign(make('option', ''), { value: option })));
      field.setAttribute('list', list.id);
      label.append(list);
    }
    return label;
  });
  const answer = await ask(title, fields, [['Cancel', ''], ['Insert', 'yes']]);
  if (answer !== 'yes') return null;
  const filled = fields.map((label) => label.querySelector('input')).filter(({ value }) => value !== '');
  return Object.fromEntries(filled.map(({ name, value }) => [name, value]));
}

function ask(title, content, buttons) {
  const dialog = $('dialog');
  const row = make('div', '');
  row.className = 'buttons';
  row.append(...buttons.map(([label, value]) => {
    const button = Object.assign(make('button', label), { value, formNoValidate: !value });
    button.classList.toggle('main', value === 'yes');
    return button;
  }));
  $('form').replaceChildren(make('h2', title), ...content, row);
  dialog.returnValue = '';
  dialog.setAttribute('aria-label', title);
  dialog.showModal();
  ($('form').querySelector('input, textarea, select') ?? $('form').querySelector('.main')).focus();
  return new Promise((resolve) => { dialog.onclose = () => resolve(dialog.returnValue); });
}

let gone;
/** A short message that goes by itself. @param {string} kind `bad`, `sql` or '' */
export function toast(content, kind = '') {
  const place = $('toast');
  place.textContent = content;
  place.className = `toast ${kind}`;
  place.hidden = false;
  clearTimeout(gone);
  gone = setTimeout(() => { place.hidden = true; }, kind === 'bad' ? 7000 : 4000);
}

function make(name, content) {
  return Object.assign(document.createElement(name), { textContent: content });
}
