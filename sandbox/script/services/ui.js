// Menus and dialogs. A person's answers are known before the function runs.

const Button = enumeration('Button', ['CLOSE', 'OK', 'CANCEL', 'YES', 'NO']);
const ButtonSet = enumeration('ButtonSet', ['OK', 'OK_CANCEL', 'YES_NO', 'YES_NO_CANCEL']);
const BUTTON_SETS = [ButtonSet.OK, ButtonSet.OK_CANCEL, ButtonSet.YES_NO, ButtonSet.YES_NO_CANCEL];

const makeUi = () => {
  if (!context.hasUi) throw new Error('Cannot call SpreadsheetApp.getUi() from this context.');
  return sealed('Ui', {
    Button,
    ButtonSet,
    createMenu: (caption) => makeMenu(String(caption)),
    createAddonMenu: () => makeMenu('Extensions'),
    alert: (...args) => Button[call('ui.alert', ...dialogOf('Ui.alert', args))],
    prompt: (...args) => promptAnswer(call('ui.prompt', ...dialogOf('Ui.prompt', args))),
    showSidebar: (...args) => {
      const output = htmlOutputOf('Ui.showSidebar', args);
      call('ui.sidebar', output.getTitle(), output.getContent());
    },
    showModalDialog: (...args) => {
      const output = htmlOutputOf('Ui.showModalDialog', args);
      if (typeof args[1] !== 'string') refuse('Ui.showModalDialog', args);
      call('ui.dialog', args[1], output.getContent(), output.getWidth(), output.getHeight());
    },
  });
};

/** The overloads of alert and prompt: (prompt), (prompt, buttons), (title, prompt, buttons). */
const dialogOf = (method, args) => {
  const buttons = BUTTON_SETS.includes(args[args.length - 1]) ? args[args.length - 1] : ButtonSet.OK;
  const texts = args.filter((arg) => !BUTTON_SETS.includes(arg));
  const isWhole =
    texts.length >= 1 && texts.length <= 2 && args.length <= 3 && (texts.length === 1 || args.length === 3);
  if (!isWhole) refuse(method, args);
  return [texts.length === 2 ? String(texts[0]) : '', String(texts[texts.length - 1]), String(buttons)];
};

const promptAnswer = ([button, text]) =>
  sealed('PromptResponse', { getSelectedButton: () => Button[button], getResponseText: () => text });

const makeMenu = (caption) => {
  const items = [];
  const self = sealed('Menu', {
    addItem: (label, functionName) => (items.push({ label: String(label), function: String(functionName) }), self),
    addSeparator: () => (items.push({ separator: true }), self),
    addSubMenu: (menu) => (items.push({ menu: menu.describe() }), self),
    addToUi: () => void call('ui.menu', { caption, items }),
    describe: () => ({ caption, items }),
  });
  return self;
};
