// Small things that drawing needs.

let context;

/** How wide a text is in the grid's letters. @param {string} text */
export function textWidth(text) {
  if (!context) {
    context = element('canvas').getContext('2d');
    context.font = `13px ${getComputedStyle(document.body).fontFamily}`;
  }
  return Math.ceil(context.measureText(text).width);
}

const SAMPLE = 250;

/** Some of many rows, evenly spread. @template T @param {T[]} rows @returns {T[]} */
export function sampled(rows) {
  const every = Math.ceil(rows.length / SAMPLE) || 1;
  return rows.filter((_, place) => place % every === 0 || place === rows.length - 1);
}

/** A new element. @param {string} name @param {object} properties */
export function element(name, properties = {}) {
  return Object.assign(document.createElement(name), properties);
}

/** Say or unsay something about an element that the style sheet knows of. */
export function mark(own, name, value) {
  if (value) own.dataset[name] = value;
  else delete own.dataset[name];
}
