// What google.script.run lets through: which functions a page may call, and which values come back.

/** Whether Google hands a value to the page; it tells null in the place of one that holds anything else. */
const isLegal = (value, around = []) => {
  if (value === null || value === undefined) return true;
  if (typeof value !== 'object') return ['string', 'number', 'boolean'].includes(typeof value);
  if (around.includes(value)) return false;
  if (!Array.isArray(value) && ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return false;
  return Object.values(value).every((inner) => isLegal(inner, [...around, value]));
};

/** What the page gets to read of what a function threw, as the message of its ScriptError. */
const messageOf = (thrown) => (thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown));
