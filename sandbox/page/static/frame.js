// Inside the frame of a sidebar or a dialog: what Google gives to a page of the script, told to the page around.
{
  const around = parent;
  const tell = (message) => around.postMessage(message, location.origin);
  const calls = new Map();
  let lastCall = 0;

  /** Throws what Google throws where an argument cannot be sent. */
  const check = (value, name, holders) => {
    if (value === null || value === undefined || ['string', 'number', 'boolean'].includes(typeof value)) return;
    if (holders.includes(value)) throw new TypeError('Failed due to circular reference.');
    const plain = typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value));
    if (!plain && !Array.isArray(value)) throw new TypeError(`Failed due to illegal value in property: ${name}`);
    for (const [key, inner] of Object.entries(value)) check(inner, key, [...holders, value]);
  };

  const call = (name, args, handlers) => {
    check(args, '', []);
    lastCall += 1;
    calls.set(lastCall, handlers);
    tell({ kind: 'call', id: lastCall, name, args: JSON.parse(JSON.stringify(args)) });
  };

  const SETTERS = { withSuccessHandler: 'success', withFailureHandler: 'failure', withUserObject: 'userObject' };

  /** Every setting gives a runner of its own, so that no call hears of another's. */
  const runner = (handlers) => new Proxy({}, {
    get(_, name) {
      if (Object.hasOwn(SETTERS, name)) return (value) => runner({ ...handlers, [SETTERS[name]]: value });
      if (typeof name !== 'string' || name.endsWith('_')) return undefined;
      return (...args) => call(name, args, handlers);
    },
  });

  const answered = ({ id, value, error }) => {
    const { success, failure, userObject } = calls.get(id);
    calls.delete(id);
    if (error === undefined) {
      success?.(value, userObject);
      return;
    }
    const thrown = Object.assign(new Error(error), { name: 'ScriptError' });
    if (!failure) throw thrown;
    failure(thrown, userObject);
  };

  const write = (html) => {
    document.open();
    listen(); // opening the document took every listener away
    document.write(`<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">${html}`);
    document.close();
  };

  const listen = () => {
    addEventListener('message', ({ source, data }) => {
      if (source !== around) return;
      if (data.kind === 'html') write(data.html);
      else answered(data);
    });
    addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented) tell({ kind: 'close' });
    });
  };

  globalThis.google = {
    script: {
      run: runner({}),
      host: { close: () => tell({ kind: 'close' }), editor: { focus: () => tell({ kind: 'focus' }) } },
    },
  };
  listen();
  tell({ kind: 'ready' });
}
