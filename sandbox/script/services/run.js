// Running a function with its event object; the last file of all.

/** The event object of a trigger, built from what the sandbox tells. */
const eventOf = (told) => {
  if (told === null) return undefined;
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

globalThis.__run = (functionName, eventText) => {
  try {
    const run = globalThis[functionName];
    if (typeof run !== 'function') throw new Error(`Script function not found: ${functionName}`);
    const event = eventOf(JSON.parse(eventText));
    if (event === undefined) run();
    else run(event);
    return '';
  } catch (error) {
    return toAscii(JSON.stringify(shown(error)));
  }
};
