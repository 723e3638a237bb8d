// Draws every [data-chart] when plotly.js has arrived, in the colours of the theme. The attribute is the
// address of plotly.js; the figure stands beside it as JSON, colours named as CSS tokens.
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

let loading = null;

// plotly.js is fetched ahead of its use, and takes its time to begin: the page is shown first. A page in the background
// is shown to nobody, and has no frames.
const shown = document.hidden
  ? Promise.resolve()
  : new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

function loadPlotly(address) {
  loading ??= shown.then(() => new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      loading = null;
      script.remove();
      reject(new Error("plotly.js did not load"));
    };
    document.head.append(script);
  }));
  return loading;
}

// light-dark() is only resolved where it is used, so a real element is asked.
function token(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function themed(value) {
  if (typeof value === "string") return value.startsWith("--") ? token(value) : value;
  if (Array.isArray(value)) return value.map(themed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, themed(part)]));
}

// Marks: as many as have room beside each other, at whole months.
function monthsApart(figure, plot) {
  const months = figure.data[0].x?.length ?? 1;
  return `M${Math.ceil(months / (plot.clientWidth < 560 ? 6 : 13))}`;
}

function layout(own, dtick) {
  const font = { family: getComputedStyle(document.body).fontFamily, size: 12, color: token("--ink-faint") };
  const spike = { spikecolor: token("--line-strong"), spikethickness: 1, spikedash: "solid" };
  const axis = { fixedrange: true, automargin: true, zeroline: false };
  return {
    ...own,
    xaxis: { ...axis, showgrid: false, ticks: "outside", ticklen: 5, tickcolor: "rgba(0,0,0,0)", ...spike, tickangle: 0, dtick, ...own.xaxis },
    yaxis: { ...axis, gridcolor: token("--chart-grid"), zeroline: true, zerolinecolor: token("--chart-zero"), ...own.yaxis },
    font,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 4, r: 4, t: 8, b: 4 },
    showlegend: false,
    legend: { traceorder: "reversed" },
    hovermode: own.hovermode ?? "x unified",
    hoverlabel: { bgcolor: token("--surface"), bordercolor: token("--line-strong"), font: { ...font, color: token("--ink") } },
  };
}

async function draw(chart) {
  const state = chart.querySelector("[data-chart-state]");
  const plot = chart.querySelector("[data-chart-plot]");
  try {
    const plotly = await loadPlotly(chart.dataset.chart);
    if (!plot.isConnected) return;
    const figure = themed(JSON.parse(chart.querySelector("script").textContent));
    await plotly.react(plot, figure.data, { ...layout(figure.layout, monthsApart(figure, plot)), ...sizeOnPaper(plot) }, CONFIG);
    plot.removeAllListeners("plotly_click");
    plot.on("plotly_click", follow);
    chart.classList.add("is-drawn");
    chart.classList.toggle("has-links", figure.data.some((trace) => [trace.customdata ?? []].flat().some(Boolean)));
    chart.dispatchEvent(new CustomEvent("chart-drawn", { bubbles: true }));
  } catch {
    state.textContent = "The chart could not be drawn. The table below holds the same figures.";
    chart.parentElement.querySelector("details")?.setAttribute("open", "");
  }
}

// A mark of a chart leads where its row in the table behind leads: its address is its customdata. A finger cannot hover:
// its tap shows what the mark says, with a link to there.
let isFinger = false;
addEventListener("pointerdown", (event) => { isFinger = event.pointerType === "touch"; }, { capture: true });

function follow(click) {
  const point = click.points.find(({ customdata }) => typeof customdata === "string" && customdata);
  if (isFinger) tell(click, point);
  else if (point) go(point.customdata);
}

function tell({ points, event }, leading) {
  const chart = event.target.closest("[data-chart]");
  answerOf(chart)?.remove();
  const answer = Object.assign(document.createElement("div"), { className: "chart-answer" });
  answer.setAttribute("role", "status");
  for (const words of points.map(({ hovertext }) => plain(hovertext)).filter(Boolean)) {
    answer.append(Object.assign(document.createElement("p"), { textContent: words }));
  }
  if (leading) {
    const name = plain(leading.data.meta?.[leading.pointNumber] ?? "") || "its figures";
    const link = Object.assign(document.createElement("a"), { className: "button", href: leading.customdata, textContent: `Open ${name}` });
    if (isHere(leading.customdata)) link.dataset.swapLink = "";
    answer.append(link);
  }
  chart.after(answer);
}

const answerOf = (chart) => chart.nextElementSibling?.matches(".chart-answer") ? chart.nextElementSibling : null;
// As plotly.js would draw it: <br> ends a line.
const plain = (text = "") => text.replaceAll("<br>", " · ").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
const isHere = (address) => new URL(address, location.href).pathname === location.pathname;

function go(address) {
  if (isHere(address)) document.dispatchEvent(new CustomEvent("swap", { detail: address }));
  else location.assign(address);
}

const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

// On paper: light, and as wide as the paper. What is drawn before the browser lays out its pages is printed.
function onPaper(is) {
  document.documentElement.classList.toggle("is-printing", is);
  for (const chart of document.querySelectorAll("[data-chart].is-drawn")) draw(chart);
}

function sizeOnPaper(plot) {
  if (!document.documentElement.classList.contains("is-printing")) return { autosize: true };
  return { width: plot.clientWidth, height: plot.clientHeight };
}

addEventListener("beforeprint", () => onPaper(true));
addEventListener("afterprint", () => onPaper(false));
document.addEventListener("swapped", drawAll);
document.addEventListener("theme-changed", drawAll);
drawAll();
