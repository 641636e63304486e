// Running a function; the last file of all.

/** The event object of a trigger, built from what the sandbox tells. */
const eventOf = (told) => {
  const { kind, sheetId, area, value, oldValue, changeType, triggerUid } = told;
  const event = {
    authMode: AuthMode.FULL,
    source: makeSpreadsheet(context.spreadsheetId),
    user: makeUser(context.activeUser, nicknameOf),
  };
  if (triggerUid) event.triggerUid = triggerUid;
  if (kind === 'change') return { ...event, changeType };
  if (kind === 'open') return event;
  activeSheets = { [context.spreadsheetId]: sheetId };
  event.range = makeRange(context.spreadsheetId, sheetId, area[0] + 1, area[1] + 1, area[2], area[3]);
  if (value !== null) event.value = value;
  if (oldValue !== null) event.oldValue = oldValue;
  return event;
};

const found = (functionName) => {
  if (Object.hasOwn(globalThis, functionName) && typeof globalThis[functionName] === 'function') {
    return globalThis[functionName];
  }
  throw new Error(`Script function not found: ${functionName}`);
};

/** How a run ended: `value`, or what was thrown as the list of executions (`error`) and a page (`message`) show it. */
const ended = (run) => {
  let told;
  try {
    const value = run();
    told = { value: isLegal(value) ? value : null };
  } catch (error) {
    told = { error: shown(error), message: messageOf(error) };
  }
  return toAscii(JSON.stringify(told));
};

/** Runs a function with its event object, or with none. */
globalThis.__run = (functionName, eventText) =>
  ended(() => {
    const told = JSON.parse(eventText);
    found(functionName)(...(told === null ? [] : [eventOf(told)]));
  });

/** Runs a function as a page calls it: a public one of the script's own. */
globalThis.__call = (functionName, argumentsText) =>
  ended(() => {
    const isPublic = !functionName.endsWith('_') && !GIVEN.has(functionName);
    if (!isPublic) throw new Error(`Script function not found: ${functionName}`);
    return found(functionName)(...JSON.parse(argumentsText));
  });

/** What is global before the script's own files are read. */
const GIVEN = new Set(Object.getOwnPropertyNames(globalThis));
