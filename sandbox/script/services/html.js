// HtmlService: pages that a sidebar or a dialog shows.
const HTML_OUTPUTS = new WeakSet();

const makeHtmlOutput = (html) => {
  let content = html;
  let title = '';
  let [width, height] = [null, null];
  const self = sealed('HtmlOutput', {
    getContent: () => content,
    setContent: (value) => ((content = String(value)), self),
    append: (value) => ((content += String(value)), self),
    clear: () => ((content = ''), self),
    getTitle: () => title,
    setTitle: (value) => ((title = String(value)), self),
    getWidth: () => width,
    setWidth: (value) => ((width = pixels('HtmlOutput.setWidth', value)), self),
    getHeight: () => height,
    setHeight: (value) => ((height = pixels('HtmlOutput.setHeight', value)), self),
  });
  HTML_OUTPUTS.add(self);
  return self;
};

/** A size in pixels; null for the size that Google chooses. */
const pixels = (method, value) => (value === null ? null : wholeNumber(method, value)[0]);

/** The output, if it is one: nothing else can be shown. */
const htmlOutputOf = (method, args) => {
  if (args[0] === null || typeof args[0] !== 'object' || !HTML_OUTPUTS.has(args[0])) refuse(method, args);
  return args[0];
};

globalThis.HtmlService = sealed('HtmlService', {
  createHtmlOutput: (html = '') => {
    if (typeof html !== 'string') refuse('HtmlService.createHtmlOutput', [html]);
    return makeHtmlOutput(html);
  },
  createHtmlOutputFromFile: (name) => makeHtmlOutput(call('html.file', String(name))),
});
