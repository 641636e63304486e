// Talking to the sandbox.

/** The server refused; the message is for a person. */
export class Failure extends Error {
  constructor(message, hint = '') {
    super(message);
    this.hint = hint;
  }
}

/** Send JSON. Throws Failure. */
export async function post(path, body) {
  return answered(() => fetch(path, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body),
  }));
}

/** Ask for JSON. Throws Failure. */
export async function get(path) {
  return answered(() => fetch(path));
}

async function answered(ask) {
  let answer;
  try {
    answer = await ask();
  } catch {
    throw new Failure('The sandbox does not answer.', 'Is it still running?');
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Failure(told.error?.message ?? `The sandbox answered ${answer.status}.`, told.error?.hint);
  return told;
}

const HIDDEN_FOR_MS = 5000;

/** The news of one tab and its table. Paused while nobody can see the page. */
export class News {
  /** @param {(message: object) => void} heard @param {(state: string) => void} connected */
  constructor(heard, connected) {
    this.heard = heard;
    this.connected = connected;
    document.addEventListener('visibilitychange', () => this.#visibility());
    addEventListener('pagehide', () => this.source?.close());
    addEventListener('pageshow', (event) => { if (event.persisted) this.open(); });
  }

  /** Look at a tab from now on. */
  look(spreadsheet = '', tab = null) {
    this.address = `/page/events?spreadsheet=${encodeURIComponent(spreadsheet)}${tab === null ? '' : `&tab=${tab}`}`;
    this.open();
  }

  open() {
    this.source?.close();
    this.source = new EventSource(this.address);
    this.source.onopen = () => this.connected('open');
    this.source.onerror = () => {
      this.connected('lost');
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.open(), 1000);
    };
    this.source.onmessage = (event) => {
      const message = JSON.parse(event.data);
      if (message.retired) {
        this.source.close();
        this.connected('retired');
      } else this.heard(message);
    };
  }

  #visibility() {
    clearTimeout(this.leaving);
    if (document.hidden) {
      this.leaving = setTimeout(() => { this.source?.close(); this.asleep = true; }, HIDDEN_FOR_MS);
    } else if (this.asleep) {
      this.asleep = false;
      this.open();
    }
  }
}
