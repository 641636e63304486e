// Times as people say them: "3 min ago" in the page, the exact moment in the person's own zone under the pointer.
(function () {
  "use strict";
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const sizes = [["d", 86400], ["h", 3600], ["min", 60]];
  let ahead = 0; // of the server's clock before this one, milliseconds

  function span(seconds) {
    if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
    for (const [unit, size] of sizes) if (seconds >= 2 * size) return `${Math.round(seconds / size)} ${unit}`;
    return `${seconds < 10 && seconds % 1 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }

  function ago(moment) {
    const seconds = Math.round((Date.now() + ahead - moment) / 1000);
    return seconds < 2 ? "just now" : `${span(seconds)} ago`;
  }

  function tell(element) {
    const moment = Date.parse(element.dateTime);
    if (Number.isNaN(moment)) return;
    const said = ago(moment);
    if (element.textContent !== said) element.textContent = said;
    const title = exact.format(moment);
    if (element.title !== title) element.title = title;
  }

  function tellAll(root) {
    if (root.matches?.("time.when")) tell(root);
    root.querySelectorAll?.("time.when").forEach(tell);
  }

  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") tellAll(change.target);
      else change.addedNodes.forEach(tellAll);
    }
  }).observe(document.documentElement, { childList: true, subtree: true, attributeFilter: ["datetime"] });
  setInterval(() => document.hidden || tellAll(document), 1000);

  window.consoleTime = { span, ago, exact: (moment) => exact.format(moment), setAhead: (ms) => { ahead = ms; } };
})();
