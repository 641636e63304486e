// Draws the plots: in the person's time zone, and in the page's colours, which change with light and dark.
(function () {
  "use strict";

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Plotly takes a time without a zone as it stands.
  function local(seconds) {
    const moment = new Date(seconds * 1000);
    return new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, -1);
  }

  function figure(traces, unit, more = {}) {
    const narrow = window.innerWidth < 640;
    const axis = { gridcolor: colour("--line"), linecolor: colour("--line"), zeroline: false, tickfont: { size: 12 } };
    return {
      data: traces,
      layout: {
        height: narrow ? 380 : 260,
        margin: { l: narrow ? 44 : 56, r: 12, t: 8, b: 32 },
        paper_bgcolor: "rgba(0,0,0,0)",
        plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: "system-ui, sans-serif", color: colour("--quiet") },
        legend: narrow ? { orientation: "h", y: -0.15, yanchor: "top", x: 0 } : { orientation: "h", y: 1.16, x: 0 },
        hovermode: "x unified",
        hoverlabel: { bgcolor: colour("--surface"), font: { color: colour("--ink") } },
        xaxis: { ...axis, type: "date" },
        yaxis: { ...axis, ticksuffix: unit, rangemode: "tozero", ...more },
        uirevision: "same",
      },
    };
  }

  const line = (name, x, y, color, more = {}) => ({
    type: "scatter", mode: "lines", name, x, y, line: { color, width: 2, ...more }, connectgaps: false,
  });

  function plots(told) {
    const { no_update: leave } = window.dash_clientside;
    if (!told) return [leave, leave, leave];
    const x = told.minutes.map(local);
    const { sheet, table } = told.series;
    const [one, other, mild] = [colour("--accent"), colour("--second"), colour("--quiet")];
    const delays = [
      line("sheet → table, half within", x, sheet.p50, one),
      line("95 %", x, sheet.p95, one, { dash: "dash", width: 1.5 }),
      line("99 %", x, sheet.p99, one, { dash: "dot", width: 1.5 }),
      line("table → sheet, half within", x, table.p50, other),
      line("95 %", x, table.p95, other, { dash: "dash", width: 1.5 }),
      line("99 %", x, table.p99, other, { dash: "dot", width: 1.5 }),
    ].filter((trace) => trace.y.some((value) => value !== null)).map((trace) => ({ ...trace, mode: "lines+markers", marker: { size: 4 } }));
    const cells = [
      { type: "bar", name: "sheet → table", x, y: sheet.cells, marker: { color: one } },
      { type: "bar", name: "table → sheet", x, y: table.cells, marker: { color: other } },
    ];
    const colours = { Reads: other, Writes: one };
    const quota = told.quota.flatMap((kind) => [
      line(`${kind.name}`, kind.used.map(([at]) => local(at)), kind.used.map(([, calls]) => calls), colours[kind.name]),
      line("expected", kind.expected.map(([at]) => local(at)), kind.expected.map(([, calls]) => calls), colours[kind.name], { dash: "dash", width: 1.5 }),
      line(`${kind.limit} allowed`, [kind.used[0], kind.expected[kind.expected.length - 1]].map(([at]) => local(at)), [kind.limit, kind.limit], mild, { dash: "dot", width: 1 }),
    ]);
    const stacked = figure(cells, "", { tickformat: ",d" });
    stacked.layout.barmode = "stack";
    return [figure(delays, " s"), stacked, figure(quota, "")];
  }

  window.dash_clientside.console = { ...window.dash_clientside.console, plots };
})();
