// How cells are drawn, and how a grid fits its width: columns on a wide screen, one card for each row on a narrow one.
(function () {
  "use strict";
  const draw = (...parts) => window.React.createElement(...parts);
  const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {});
  const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || {});
  const NARROW_PX = 640;

  function fit(api, widthPx) {
    const narrow = widthPx < NARROW_PX;
    if (!widthPx || api.getColumn("card").isVisible() === narrow) return;
    const all = api.getColumns().map((column) => column.getColId());
    const wide = all.filter((id) => id !== "card" && id !== "rank" && !id.startsWith("ag-Grid"));
    api.setColumnsVisible(wide, !narrow);
    api.setColumnsVisible(["card"], narrow);
    api.setGridOption("headerHeight", narrow ? 0 : 40);
  }

  function follow(target) {
    sizes.observe(target);
    window.dash_ag_grid.getApiAsync(target.id).then((api) => {
      shrink(target, api);
      api.addEventListener("modelUpdated", () => shrink(target, api));
    });
  }

  // A grid is as high as its rows, up to what the page leaves it.
  const SLACK_PX = 20; // its borders, and a scroll bar below
  function shrink(target, api) {
    const last = api.getDisplayedRowAtIndex(api.getDisplayedRowCount() - 1);
    const rowsPx = last ? last.rowTop + last.rowHeight : 0;
    target.style.setProperty("--content", `${rowsPx + api.getGridOption("headerHeight") + SLACK_PX}px`);
  }

  // The grid's own events come too late for those who listen through Dash: its first size is told before.
  const sizes = new ResizeObserver((entries) => {
    for (const { target, contentRect } of entries)
      window.dash_ag_grid.getApiAsync(target.id).then((api) => fit(api, contentRect.width));
  });
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes)
        if (node.matches?.(".grid")) follow(node);
        else node.querySelectorAll?.(".grid").forEach(follow);
  }).observe(document.documentElement, { childList: true, subtree: true });

  // Enter on a cell presses what stands in it.
  functions.press = (params) => {
    if (params.event.key === "Enter" && params.event.target.getAttribute("role") === "gridcell")
      params.event.target.querySelector("button, a")?.click();
  };

  cells.Value = ({ value }) =>
    value === null || value === undefined ? draw("span", { className: "quiet" }, "empty") : draw("span", { title: value }, value);

  cells.When = ({ value }) => (value ? draw("time", { dateTime: value, className: "when" }) : null);

  cells.Count = ({ value }) => draw("span", { className: value ? "count" : "quiet" }, (value ?? 0).toLocaleString());

  cells.Span = ({ value }) =>
    value ? draw("span", null, window.consoleTime.span(value)) : draw("span", { className: "quiet" }, "none waits");

  cells.State = ({ value, data }) => draw("span", { className: `badge ${value}`, title: data.reason ?? "" }, value);

  cells.Identical = ({ value, data }) => {
    if (data.differing) return draw("span", { className: "bad" }, `${data.differing} cells differ`);
    return value ? draw(cells.When, { value }) : draw("span", { className: "quiet" }, "not compared yet");
  };

  cells.LinkName = ({ value }) => draw("a", { href: `/links/${value}`, onClick: window.consoleGo, className: "link" }, value);

  cells.Nothing = ({ said }) => draw("div", { className: "empty" }, said);

  // The middle delay of each minute, on a scale of its own; what it means stands in its name.
  cells.Curve = ({ value }) => {
    const known = (value ?? []).filter((one) => one !== null);
    if (!known.length) return draw("span", { className: "quiet" }, "nothing passed");
    const most = Math.max(...known);
    const step = 100 / Math.max(1, value.length - 1);
    const points = value.flatMap((one, at) => (one === null ? [] : [[at * step, 22 - (20 * one) / most]]));
    if (points.length === 1) points.push([points[0][0] + 1, points[0][1]]);
    const said = `${window.consoleTime.span(known[known.length - 1])} last, ${window.consoleTime.span(most)} at the most`;
    return draw(
      "svg",
      { className: "curve", viewBox: "0 0 100 24", preserveAspectRatio: "none", role: "img", "aria-label": said },
      draw("title", null, said),
      draw("polyline", { points: points.map((point) => point.map((one) => one.toFixed(1)).join(",")).join(" ") }),
    );
  };

  // A value with the button that makes it the one of both sides.
  cells.Keep = (params) => {
    const { value, data, colDef } = params;
    const side = colDef.field;
    const name = `Keep the ${side}'s value for ${data.column} of ${data.row}`;
    const press = () => window.dash_clientside.set_props("kept", { data: { side, id: data.id, at: Date.now() } });
    return draw(
      "span",
      { className: "keep" },
      draw(cells.Value, { value }),
      data.keeps ? draw("button", { className: "small", onClick: press, "aria-label": name, title: name, tabIndex: -1 }, "Keep") : null,
    );
  };

  // What changed: the value before and the one after. Of a row or a link as a whole there may be one alone, or none.
  cells.Change = ({ data }) => {
    const old = data.old ?? null, now = data.new ?? null;
    if (now === null && (old === null || !data.edit))
      return draw("span", { className: "quiet", title: old ?? "" }, old ?? (data.edit ? "empty" : ""));
    return draw("span", { className: "change", title: `${old ?? "empty"} → ${now ?? "empty"}` },
      draw("del", null, old ?? "empty"), " → ", draw("ins", null, now ?? "empty"));
  };

  // Every column of the row, one below the other, drawn as its own column would draw it.
  cells.Card = (params) => {
    const columns = params.api.getColumns().map((column) => column.getColDef());
    const shown = columns.filter((one) => one.field && one.headerName && one.field !== "rank" && one.colId !== "card");
    // Nothing waits, nothing passed: on a card that is told by not being there.
    const isNothing = (one) => ["Count", "Span", "Curve"].includes(one.context?.renderer) && ![params.data[one.field]].flat().some(Boolean);
    const rows = shown.filter((one) => params.data[one.field] !== "" && !isNothing(one)).map((one) => {
      const value = params.data[one.field];
      const renderer = one.context?.renderer;
      const made = renderer ? draw(cells[renderer], { ...params, value, colDef: one }) : value;
      return draw("div", { key: one.field, className: `part of-${one.field}` }, draw("dt", null, one.headerName), draw("dd", null, made));
    });
    return draw("dl", { className: "card" }, ...rows);
  };
})();
