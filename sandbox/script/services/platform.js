// Properties, caches, locks, triggers, people and the log.

const makeProperties = (scope) => {
  const ask = (name, ...args) => call(`properties.${name}`, scope, ...args);
  const self = sealed('Properties', {
    getProperty: (key) => ask('get', String(key)),
    setProperty: (key, value) => (ask('set', { [String(key)]: String(value) }, false), self),
    setProperties: (values, deleteAllOthers = false) => {
      ask(
        'set',
        Object.fromEntries(Object.entries(values).map(([k, v]) => [k, String(v)])),
        Boolean(deleteAllOthers),
      );
      return self;
    },
    getProperties: () => ask('all'),
    getKeys: () => Object.keys(ask('all')),
    deleteProperty: (key) => (ask('delete', String(key)), self),
    deleteAllProperties: () => (ask('set', {}, true), self),
  });
  return self;
};

globalThis.PropertiesService = sealed('PropertiesService', {
  getDocumentProperties: () => makeProperties('document'),
  getScriptProperties: () => makeProperties('script'),
  getUserProperties: () => makeProperties('user'),
});

const makeCache = (scope) =>
  sealed('Cache', {
    get: (key) => call('cache.get', scope, String(key)),
    put: (key, value, seconds = 600) => void call('cache.put', scope, String(key), String(value), seconds),
    remove: (key) => void call('cache.remove', scope, String(key)),
  });

globalThis.CacheService = sealed('CacheService', {
  getDocumentCache: () => makeCache('document'),
  getScriptCache: () => makeCache('script'),
  getUserCache: () => makeCache('user'),
});

const makeLock = (scope) =>
  sealed('Lock', {
    tryLock: (waitMs) => call('lock.try', scope, Number(waitMs)),
    waitLock: (waitMs) => {
      if (call('lock.try', scope, Number(waitMs))) return;
      throw new Error('Lock timeout: another process was holding the lock for too long.');
    },
    hasLock: () => call('lock.has', scope),
    releaseLock: () => void call('lock.release', scope),
  });

globalThis.LockService = sealed('LockService', {
  getDocumentLock: () => makeLock('document'),
  getScriptLock: () => makeLock('script'),
  getUserLock: () => makeLock('user'),
});

// -- triggers, people, log ----------------------------------------------------------------------------
const EventType = enumeration('EventType', [
  'CLOCK',
  'ON_OPEN',
  'ON_EDIT',
  'ON_FORM_SUBMIT',
  'ON_CHANGE',
  'ON_EVENT_UPDATED',
]);
const TriggerSource = enumeration('TriggerSource', ['SPREADSHEETS', 'CLOCK', 'FORMS', 'DOCUMENTS', 'CALENDAR']);
const AuthMode = enumeration('AuthMode', ['NONE', 'CUSTOM_FUNCTION', 'LIMITED', 'FULL']);

const makeTrigger = (found) =>
  sealed('Trigger', {
    getUniqueId: () => found.uid,
    getHandlerFunction: () => found.function,
    getEventType: () => EventType[found.eventType],
    getTriggerSource: () => TriggerSource.SPREADSHEETS,
    getTriggerSourceId: () => found.spreadsheetId,
  });

const triggerFor = (functionName, spreadsheet) => {
  const id = typeof spreadsheet === 'string' ? spreadsheet : spreadsheet.getId();
  const on = (eventType) => () =>
    sealed('SpreadsheetTriggerBuilder', {
      create: () => makeTrigger(call('triggers.create', functionName, id, eventType)),
    });
  return sealed('SpreadsheetTriggerBuilder', {
    onEdit: on('ON_EDIT'),
    onChange: on('ON_CHANGE'),
    onOpen: on('ON_OPEN'),
  });
};

globalThis.ScriptApp = sealed('ScriptApp', {
  AuthMode,
  EventType,
  TriggerSource,
  newTrigger: (functionName) =>
    sealed('TriggerBuilder', { forSpreadsheet: (spreadsheet) => triggerFor(String(functionName), spreadsheet) }),
  getProjectTriggers: () => call('triggers.list').map(makeTrigger),
  getUserTriggers: (spreadsheet) =>
    call('triggers.list')
      .filter((one) => one.spreadsheetId === spreadsheet.getId())
      .map(makeTrigger),
  deleteTrigger: (trigger) => void call('triggers.delete', trigger.getUniqueId()),
  getScriptId: () => call('triggers.scriptId'),
});

const nicknameOf = (email) => email.split('@')[0];

/** Users in events also carry their address and nickname as plain members. */
const makeUser = (email, nickname) =>
  sealed('User', {
    getEmail: () => email,
    toString: () => email,
    ...(nickname ? { email, nickname: nickname(email) } : {}),
  });

globalThis.Session = sealed('Session', {
  getActiveUser: () => makeUser(context.activeUser),
  getEffectiveUser: () => makeUser(context.effectiveUser),
  getScriptTimeZone: () => context.timeZone,
  getActiveUserLocale: () => 'en',
  getTemporaryActiveUserKey: () => call('utilities.userKey'),
});

const shown = (value) => {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return value.stack ?? String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
};

const log =
  (level) =>
  (...values) =>
    void call('log.write', level, values.map(shown).join(' '));

globalThis.Logger = sealed('Logger', {
  log: log('INFO'),
  getLog: () => call('log.read'),
  clear: () => void call('log.clear'),
});
globalThis.console = sealed('console', {
  log: log('INFO'),
  info: log('INFO'),
  warn: log('WARNING'),
  error: log('ERROR'),
  debug: log('DEBUG'),
  time: () => undefined,
  timeEnd: () => undefined,
});
