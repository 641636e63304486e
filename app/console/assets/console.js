// What the pages' own parts do in the browser: the beat, the dialog, coming to a page, finding a link.
(function () {
  "use strict";

  function beat(number) {
    return document.hidden ? window.dash_clientside.no_update : number ?? 0;
  }

  // A search that is under way is left alone: a beat would begin it anew, and its answer would be dropped. One that was
  // cut off never tells of its end.
  const LEFT_ALONE_BEATS = 30;
  let missed = 0;
  function searchBeat(number, searching) {
    missed = searching ? (missed + 1) % LEFT_ALONE_BEATS : 0;
    return missed ? window.dash_clientside.no_update : number;
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
      window.dash_clientside.set_props("said", { children: null });
      window.scrollTo(0, 0);
      document.getElementById("main").focus({ preventScroll: true });
    }
    before = path;
    return path;
  }

  // What was done is told for a while; what was not stays until something else is.
  const DONE_MS = 12000;
  let fading = null;
  new MutationObserver(() => {
    if (fading || !document.querySelector("#said .good")) return;
    fading = setTimeout(() => {
      fading = null;
      if (document.querySelector("#said .good")) window.dash_clientside.set_props("said", { children: null });
    }, DONE_MS);
  }).observe(document.documentElement, { childList: true, subtree: true });

  function go(event) {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    window.history.pushState({}, "", event.currentTarget.getAttribute("href"));
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  function find(text, options) {
    return { ...options, quickFilterText: text || "" };
  }

  // The button that was pressed; none where buttons have merely come, gone or been drawn anew.
  function pressed() {
    const { no_update: leave, callback_context: { triggered } } = window.dash_clientside;
    const one = triggered.find(({ value }) => value);
    return one ? { id: JSON.parse(one.prop_id.slice(0, one.prop_id.lastIndexOf("."))), at: Date.now() } : leave;
  }

  // Of the sides one or none is pressed.
  function sides(_clicks, pressed) {
    const { triggered_id: { side } } = window.dash_clientside.callback_context;
    const all = window.dash_clientside.callback_context.states_list[0].map((one) => one.id.side);
    return all.map((one, at) => String(one === side && pressed[at] !== "true"));
  }

  // Times are typed in the person's own zone.
  function moment(text, name) {
    if (!text?.trim()) return [null, null];
    const found = new Date(text.trim().replace(" ", "T"));
    return Number.isNaN(found.getTime()) ? [null, `${name}: ${text} is no time.`] : [found.toISOString(), null];
  }

  function asked(row, column, actor, event, since, until, pressed) {
    const [from, wrong] = moment(since, "From");
    const [before, wrongToo] = moment(until, "Before");
    const all = window.dash_clientside.callback_context.inputs_list.flat().filter((one) => one.id.side);
    const side = all.find((_, at) => pressed[at] === "true")?.id.side ?? null;
    return { row, column, actor, event, side, since: from, until: before, fault: wrong ?? wrongToo };
  }

  // What can be undone of the entry that is selected.
  function undoable(rows, ids) {
    const row = rows?.[0];
    const of = row?.undo ? { ...row.undo, id: row.id } : null;
    const can = { entry: of && row.edit, event: of?.event, actor: of?.who, as_of: of };
    const what = of?.what === "row" ? `row ${row.row}` : `${row?.column} of ${row?.row}`;
    const said = of ? `${what}${of.who ? `, by ${of.who}` : ""}` : "To undo, select an entry.";
    return [of, said, ids.map(({ undo }) => !can[undo]), `Undo this ${of?.what ?? "cell"} …`, !of?.event];
  }

  // All of an event, whatever was searched for before.
  function showEvent(_clicks, of) {
    return window.dash_clientside.callback_context.outputs_list.map(({ id }) => (id === "history-event" ? of.event : ""));
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
  window.dash_clientside.console = { beat, searchBeat, show, arrived, find, pressed, sides, asked, undoable, showEvent, toggle, chosen };
  window.consoleGo = go;
})();
