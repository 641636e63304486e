// What every service stands on. All files of this folder run as one function, in which `host` is
// the one way to the sandbox: text in, text out.

/** Everything outside ASCII as escapes, so that no letter is lost on the way to Python. */
const toAscii = (text) => text.replace(/[^\x00-\x7e]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));

const encode = (key, value) => (value === undefined ? null : value);

/** Dates travel as {"$date": ms since 1970}. */
const pack = (value) => {
  if (value instanceof Date) return { $date: value.getTime() };
  if (Array.isArray(value)) return value.map(pack);
  return value;
};

const unpack = (value) => {
  if (Array.isArray(value)) return value.map(unpack);
  if (value !== null && typeof value === 'object' && '$date' in value) return new Date(value.$date);
  return value;
};

/** Calls the sandbox; its errors are thrown as Google's services throw theirs. */
const call = (name, ...args) => {
  const answer = JSON.parse(host(name, toAscii(JSON.stringify(pack(args), encode))));
  if (answer.error !== undefined) {
    const error = new Error(answer.error);
    error.name = 'Exception';
    throw error;
  }
  return unpack(answer.value);
};

const QUIET = new Set(['toJSON', 'then', 'constructor', 'inspect', 'nodeType', 'length']);

/**
 * A service or one of its objects. A member that it does not have throws a TypeError with its name,
 * so that a script never goes on with an undefined.
 */
const sealed = (kind, members) => {
  const own = Object.assign(Object.create(null), members);
  if (!('toString' in own)) own.toString = () => kind;
  return new Proxy(own, {
    get(target, key) {
      if (key in target) return target[key];
      if (typeof key === 'symbol' || QUIET.has(key)) return undefined;
      throw new TypeError(`${kind}.${key} is not a function`);
    },
    set(_, key) {
      throw new TypeError(`${kind}.${String(key)} cannot be set`);
    },
  });
};

/** An enumeration: each member is one object whose text is its name. */
const enumeration = (kind, names) => {
  const members = {};
  for (const name of names) {
    members[name] = Object.freeze({ toString: () => name, toJSON: () => name, name: () => name });
  }
  return sealed(kind, members);
};

/** Google refuses calls whose arguments fit no signature. */
const refuse = (method, args) => {
  const kinds = args.map((value) => (value === null ? 'null' : Array.isArray(value) ? 'number[]' : typeof value));
  throw new Error(`The parameters (${kinds.join(',')}) don't match the method signature for ${method}.`);
};

const wholeNumber = (method, ...values) => {
  for (const value of values) if (typeof value !== 'number' || Number.isNaN(value)) refuse(method, values);
  return values.map(Math.trunc);
};

// -- bytes: signed numbers in scripts, texts of the letters 0 to 255 on the way to Python ---------
const bytesOfLatin = (latin) => {
  const bytes = new Array(latin.length);
  for (let i = 0; i < latin.length; i++) bytes[i] = (latin.charCodeAt(i) << 24) >> 24;
  return bytes;
};

const latinOfBytes = (bytes) => {
  const parts = [];
  for (let at = 0; at < bytes.length; at += 8192) {
    parts.push(String.fromCharCode(...bytes.slice(at, at + 8192).map((byte) => byte & 255)));
  }
  return parts.join('');
};

const latinOfText = (text) => unescape(encodeURIComponent(String(text).toWellFormed()));

const charsetName = (charset) => (charset === undefined || charset === null ? null : String(charset));
