"use strict";
// Draws what is in the element "data": the surface, with controls, and two runs. The page can be read without it.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const PROBABILITIES = [[0, "#fee838"], [0.25, "#bcaf6f"], [0.5, "#7c7b78"], [0.75, "#434e6c"], [1, "#00224e"]];
  const FACETS_MAX = 12;
  const controls = document.getElementById("controls");
  const chart = document.getElementById("chart");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const base = () => ({
    paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: colour("--ink"), size: 13 },
    margin: { l: 70, r: 20, t: 30, b: 55 }, hoverlabel: { align: "left" }, showlegend: false,
    modebar: { bgcolor: "transparent", color: colour("--soft"), activecolor: colour("--accent") },
  });
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] };

  // The places of an axis: its numbers where it has some, else the numbers of its points, under their labels.
  const places = (axis) => axis.values ?? axis.labels.map((_, point) => point);
  const layoutOf = (axis) => ({
    title: { text: axis.title, standoff: 12 }, type: axis.values && axis.logarithmic ? "log" : "linear",
    gridcolor: colour("--line"), zeroline: false, automargin: true,
    ...(axis.labels.length <= 12 ? { tickmode: "array", tickvals: places(axis), ticktext: axis.labels } : {}),
  });

  const state = { column: 0, x: data.axes.length - 1, y: data.axes.length > 1 ? data.axes.length - 2 : -1, facet: -1, held: {} };
  const title = (column) => `${column.output}${column.statistic === "estimate" ? "" : ", " + column.statistic}${column.unit === "1" ? "" : ` (${column.unit})`}`;

  function select(label, entries, value, changed) {
    const outer = document.createElement("label");
    outer.textContent = label;
    const inner = document.createElement("select");
    entries.forEach(([key, text]) => inner.add(new Option(text, key, false, String(key) === String(value))));
    inner.addEventListener("change", () => { changed(Number(inner.value)); build(); draw(); inner.focus(); });
    outer.append(inner);
    controls.append(outer);
  }

  function build() {
    const kept = document.activeElement && controls.contains(document.activeElement)
      ? [...controls.querySelectorAll("select")].indexOf(document.activeElement) : -1;
    controls.replaceChildren();
    select("Output", data.columns.map((column, index) => [index, title(column)]), state.column, (v) => { state.column = v; });
    const names = data.axes.map((axis, index) => [index, axis.name]);
    if (data.axes.length > 1) {
      select("Across", names, state.x, (v) => { if (state.y === v) state.y = state.x; if (state.facet === v) state.facet = -1; state.x = v; });
      select("Up", [[-1, "nothing: a curve"], ...names.filter(([index]) => index !== state.x)], state.y, (v) => { state.y = v; if (state.facet === v) state.facet = -1; });
    }
    const others = data.grid ? data.axes.map((_, index) => index).filter((index) => index !== state.x && index !== state.y) : [];
    const small = others.filter((index) => data.axes[index].labels.length <= FACETS_MAX);
    if (small.length) select("Side by side", [[-1, "nothing"], ...small.map((index) => [index, data.axes[index].name])], state.facet, (v) => { state.facet = v; });
    others.filter((index) => index !== state.facet).forEach((index) => {
      state.held[index] ??= 0;
      select(data.axes[index].title, data.axes[index].labels.map((label, point) => [point, label]), state.held[index], (v) => { state.held[index] = v; });
    });
    controls.hidden = false;
    if (kept >= 0) controls.querySelectorAll("select")[kept]?.focus();
  }

  // The rows of the cells on a slice, as a list of [x, y, row]. Cells that are no grid are all shown: hardly any two of them
  // have a value in common.
  function slice(facetPoint) {
    if (!data.grid) return data.points.map((point, row) => [point[state.x], state.y < 0 ? 0 : point[state.y], row]);
    const held = data.axes.map((_, index) => index).filter((index) => index !== state.x && index !== state.y);
    const want = (index) => (index === state.facet ? facetPoint : state.held[index]);
    return data.points.map((point, row) => [point, row])
      .filter(([point]) => held.every((index) => point[index] === want(index)))
      .map(([point, row]) => [point[state.x], state.y < 0 ? 0 : point[state.y], row]);
  }

  const shown = (value) => (value === null || value === undefined ? "none" : String(Number(value.toPrecision(4))));
  function words(column, row) {
    const point = data.points[row];
    const at = data.axes.map((axis, index) => `${axis.name}: ${axis.labels[point[index]]}`);
    const value = `${title(column)}: ${shown(column.values[row])}`;
    const ends = column.low ? ` (${shown(column.low[row])} … ${shown(column.high[row])})` : "";
    return [...at, value + ends, `${data.replicates[row]} runs`].join("<br>");
  }

  function heatmap(column, cells, suffix, scale) {
    const x = data.axes[state.x], y = data.axes[state.y];
    const grid = (of) => {
      const rows = y.labels.map(() => x.labels.map(() => null));
      cells.forEach(([across, up, row]) => { rows[up][across] = of(row); });
      return rows;
    };
    const z = grid((row) => column.values[row]);
    const traces = [{
      type: "heatmap", x: places(x), y: places(y), z, text: grid((row) => words(column, row)), hoverinfo: "text", ...scale,
      xaxis: "x" + suffix, yaxis: "y" + suffix, coloraxis: "coloraxis",
    }];
    const flat = z.flat().filter((value) => value !== null);
    const crosses = column.is_probability && x.values && y.values && Math.min(...flat) < data.level && Math.max(...flat) > data.level;
    const line = (of, dash, width) => ({
      type: "contour", x: places(x), y: places(y), z: grid(of), autocontour: false, hoverinfo: "skip", showscale: false,
      contours: { start: data.level, end: data.level, size: 1, coloring: "none" }, line: { color: "#d55e00", width, dash },
      xaxis: "x" + suffix, yaxis: "y" + suffix,
    });
    if (crosses) {
      traces.push(line((row) => column.low[row], "dot", 1.5), line((row) => column.high[row], "dot", 1.5), line((row) => column.values[row], "solid", 3));
    }
    return traces;
  }

  // Where the outcome turns in the limit of ever more clients, as a line with the ends of its intervals.
  function boundary(column, facetPoint, suffix) {
    const limit = data.boundary;
    if (!limit || !column.is_probability || !data.axes[limit.axis].values || ![state.x, state.y].includes(limit.axis)) return [];
    const others = data.axes.map((_, index) => index).filter((index) => index !== limit.axis);
    const free = state.x === limit.axis ? state.y : state.x;
    const want = (index) => (index === state.facet ? facetPoint : state.held[index]);
    const lines = limit.lines.filter(({ points }) => others.every((index, i) => index === free || points[i] === want(index)));
    const place = ({ points }) => places(data.axes[free])[points[others.indexOf(free)]];
    const along = (of) => (free < 0 ? lines.flatMap((line) => [of(line), of(line)]) : lines.map(of));
    const across = free < 0 ? lines.flatMap(() => [0, 1]) : lines.map(place);
    const line = (name, dash, width) => {
      const at = along((line) => line[name]);
      const [x, y] = state.x === limit.axis ? [at, across] : [across, at];
      return {
        type: "scatter", mode: lines.length > 1 || free < 0 ? "lines" : "markers", x, y, line: { color: "#009e73", width, dash }, marker: { color: "#009e73" },
        name: "limit of ever more clients", hovertemplate: "%{x}, %{y}<extra>limit of ever more clients</extra>", xaxis: "x" + suffix, yaxis: "y" + suffix,
      };
    };
    return [line("low", "dot", 2.5), line("high", "dot", 2.5), line("at", "dash", 3.5)];
  }

  function dots(column, cells, suffix) {
    const x = data.axes[state.x], y = data.axes[state.y];
    return [{
      type: "scatter", mode: "markers", x: cells.map(([across]) => places(x)[across]), y: cells.map(([, up]) => places(y)[up]),
      text: cells.map(([, , row]) => words(column, row)), hoverinfo: "text", xaxis: "x" + suffix, yaxis: "y" + suffix,
      marker: { size: 10, color: cells.map(([, , row]) => column.values[row]), coloraxis: "coloraxis" },
    }];
  }

  // Lengths of the bars; none where an end or the value is not known.
  const bar = (from, to) => (from === null || to === null || from === undefined || to === undefined ? 0 : Math.max(to - from, 0));
  const above = (column, row) => bar(column.values[row], column.high[row]);
  const below = (column, row) => bar(column.low[row], column.values[row]);

  function curve(column, cells, suffix) {
    const x = data.axes[state.x];
    const ordered = [...cells].sort((a, b) => a[0] - b[0]);
    const at = (of) => ordered.map(([, , row]) => of(row));
    const bars = column.low ? {
      error_y: {
        type: "data", symmetric: false, array: at((row) => above(column, row)),
        arrayminus: at((row) => below(column, row)), thickness: 1.3,
      },
    } : {};
    return [{
      type: "scatter", mode: x.values && (data.grid || data.axes.length === 1) ? "lines+markers" : "markers", x: ordered.map(([across]) => places(x)[across]),
      y: at((row) => column.values[row]), text: at((row) => words(column, row)), hoverinfo: "text", line: { color: colour("--accent") },
      ...bars, xaxis: "x" + suffix, yaxis: "y" + suffix,
    }];
  }

  function draw() {
    if (!data.axes.length || !data.points.length) return;
    const column = data.columns[state.column];
    const facets = state.facet < 0 ? [0] : data.axes[state.facet].labels.map((_, point) => point);
    const wide = Math.min(facets.length, chart.clientWidth < 700 ? 1 : 3), high = Math.ceil(facets.length / wide);
    const layout = {
      ...base(), annotations: [], height: Math.max(420, 320 * high),
      coloraxis: { colorbar: { title: { text: title(column), side: "right" } }, colorscale: column.is_probability ? PROBABILITIES : "Viridis", ...(column.is_probability ? { cmin: 0, cmax: 1 } : {}) },
    };
    if (facets.length > 1) layout.grid = { rows: high, columns: wide, pattern: "independent", xgap: 0.15, ygap: 0.3 };
    const traces = facets.flatMap((point, index) => {
      const suffix = index ? String(index + 1) : "";
      const cells = slice(point);
      layout["xaxis" + suffix] = layoutOf(data.axes[state.x]);
      layout["yaxis" + suffix] = state.y < 0
        ? { title: { text: title(column) }, gridcolor: colour("--line"), zeroline: false, ...(column.is_probability ? { range: [-0.03, 1.03] } : {}) }
        : layoutOf(data.axes[state.y]);
      if (state.facet >= 0) {
        layout.annotations.push({
          text: `${data.axes[state.facet].name}: ${data.axes[state.facet].labels[point]}`, showarrow: false, yanchor: "bottom",
          xref: `x${suffix} domain`, yref: `y${suffix} domain`, x: 0.5, y: 1,
        });
      }
      if (!data.grid && state.y >= 0) return dots(column, cells, suffix);
      const traces = state.y < 0 ? curve(column, cells, suffix) : heatmap(column, cells, suffix, {});
      return data.grid ? [...traces, ...boundary(column, point, suffix)] : traces;
    });
    Plotly.react(chart, traces, layout, config);
    const percent = `${Number((100 * data.confidence).toPrecision(6))} %`;
    const line = data.grid && column.is_probability && state.y >= 0 ? ` Line: ${data.level}; dotted: where the ends of the ${percent} intervals cross it.` : "";
    const limit = boundary(column, 0, "").length ? ` Green: where it is ${data.boundary.level} in the limit of ever more clients${data.boundary.has_intervals ? `; dotted: its ${percent} interval` : ""}.` : "";
    const bars = column.low && state.y < 0 ? ` Bars: ${percent} intervals.` : "";
    chart.setAttribute("aria-label", `${title(column)} over ${data.axes[state.x].name}${state.y < 0 ? "" : " and " + data.axes[state.y].name}`);
    document.getElementById("caption").textContent = `${title(column)}.${line}${bars}${limit}`;
  }

  function drawRuns() {
    const states = [["demand", "on their machines", colour("--soft"), "solid"], ["online", "online", "#0072b2", "solid"], ["booting", "restarting", "#e69f00", "dash"],
      ["seeking", "seeking a super node", "#009e73", "dash"], ["waiting", "waiting for the login server", "#cc79a7", "solid"], ["backoff", "waiting to try again", "#d55e00", "dot"]];
    data.runs.forEach((run, index) => {
      const panel = document.getElementById("trace" + index);
      const hours = run.trace.t_h.map((t) => t - run.trigger_h);
      const line = (name, text, color, dash, axis) => ({
        type: "scatter", mode: "lines", x: hours, y: run.trace[name], name: text, line: { color, dash, width: 2 }, yaxis: axis,
        ...(name === "online" ? { fill: "tozeroy" } : {}),
      });
      const traces = [
        ...states.map(([name, text, color, dash]) => line(name, text, color, dash, "y")),
        line("supernodes", "live super nodes", "#56b4e9", "solid", "y2"), line("stale_addresses", "addresses of dead ones", "#d55e00", "dash", "y2"),
        line("login_queue", "login server's queue", "#cc79a7", "solid", "y3"),
      ];
      const y = (domain, text) => ({ domain, title: { text }, rangemode: "tozero", gridcolor: colour("--line"), zeroline: false });
      panel.setAttribute("aria-label", run.outage ? "Course of a run with an outage" : "Course of a run that survived");
      Plotly.react(panel, traces, {
        ...base(), height: panel.clientWidth < 700 ? 680 : 520, hovermode: "x unified", showlegend: true, legend: panel.clientWidth < 700 ? { orientation: "h", yanchor: "top", y: -0.22 } : {},
        xaxis: { title: { text: "hours after the trigger" }, anchor: "y3", gridcolor: colour("--line"), zerolinecolor: colour("--soft") },
        yaxis: y([0.5, 1], "clients"), yaxis2: y([0.25, 0.44], "super nodes"), yaxis3: y([0, 0.19], "requests"),
      }, config);
    });
  }

  const all = () => { draw(); drawRuns(); };
  if (data.axes.length && data.points.length) build();
  all();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
})();
