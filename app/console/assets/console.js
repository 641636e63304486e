// What the pages' own parts do in the browser: the beat, the dialog, coming to a page, finding a link.
(function () {
  "use strict";

  function beat(number) {
    return document.hidden ? window.dash_clientside.no_update : number ?? 0;
  }

  function show(asked) {
    const dialog = document.getElementById("ask");
    if (asked && !dialog.open) {
      dialog.showModal();
      // The value, where one is asked for; otherwise the button that changes nothing.
      requestAnimationFrame(() => {
        const field = document.getElementById("ask-value");
        if (field.offsetParent) field.select();
        else document.getElementById("ask-no").focus();
      });
    }
    if (!asked && dialog.open) dialog.close();
    return window.dash_clientside.no_update;
  }

  // A page that was gone to begins at its top, for the eye and for a screen reader.
  let before = null;
  function arrived(path) {
    const title = path === "/" ? "Twinsheet" : `${path.split("/").slice(2).join(" · ")} · Twinsheet`;
    document.title = title;
    if (before !== null && before !== path) {
      window.scrollTo(0, 0);
      document.getElementById("main").focus({ preventScroll: true });
    }
    before = path;
    return path;
  }

  function go(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    window.history.pushState({}, "", event.currentTarget.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  function find(text, options) {
    return { ...options, quickFilterText: text || "" };
  }

  function toggle(clicks) {
    const settled = clicks % 2 === 1;
    return [settled ? "settled" : "open", String(settled)];
  }

  function chosen(rows) {
    const ids = (rows ?? []).filter((row) => row.keeps).map((row) => row.id);
    const said = ids.length ? `${ids.length} selected` : "Nothing selected";
    return [ids, said, [!ids.length, !ids.length, ids.length !== 1]];
  }

  window.dash_clientside = window.dash_clientside || {};
  window.dash_clientside.console = { beat, show, arrived, find, toggle, chosen };
  window.consoleGo = go;
})();
