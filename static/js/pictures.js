// A chart as a PNG: a button in the head of its card, there once the chart is drawn. The picture says by
// itself what it shows: page, chart, months, generation.
const SIZE = { width: 1200, height: 675 };

function offer(chart) {
  const head = chart.closest(".card")?.querySelector(".card-head");
  if (!head || head.querySelector("[data-picture]")) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "picture", title: "Save as PNG" });
  button.dataset.picture = "";
  button.setAttribute("aria-label", `Save as PNG: ${words(head.querySelector("h2"))}`);
  button.addEventListener("click", () => save(chart, head, button));
  head.append(button);
}

async function save(chart, head, button) {
  button.disabled = true;
  try {
    const picture = await window.Plotly.toImage(pictured(chart.querySelector("[data-chart-plot]"), head), { ...SIZE, format: "png", scale: 2 });
    Object.assign(document.createElement("a"), { href: picture, download: `${fileName(head)}.png` }).click();
  } finally {
    button.disabled = false;
  }
}

function pictured(plot, head) {
  const ink = getComputedStyle(document.body).color;
  const paper = getComputedStyle(head.closest(".card")).backgroundColor;
  const told = [head.querySelector("p.quiet"), document.querySelector(".page-span"), ...document.querySelectorAll(".chip"), ...document.querySelectorAll(".badge > span")];
  const under = [chosen("metric"), chosen("compare"), ...told.filter(Boolean).map((element) => words(element).replace(/, remove$/, ""))].filter(Boolean).join(" · ");
  return {
    data: plot.data,
    layout: {
      ...plot.layout,
      paper_bgcolor: paper,
      plot_bgcolor: paper,
      margin: { l: 32, r: 32, t: 104, b: 76 },
      title: {
        text: drawn(`${words(document.querySelector("h1"))}: ${words(head.querySelector("h2"))}`),
        font: { size: 22, color: ink }, subtitle: { text: drawn(under), font: { size: 14 } },
        x: 0, xref: "paper", xanchor: "left", y: 0.95, yref: "container", yanchor: "top",
      },
      annotations: [...(plot.layout.annotations ?? []), ...keyOf(plot, head)],
      showlegend: plot.data.length > 1,
      legend: { orientation: "h", traceorder: "normal", x: 0, y: -0.14, yanchor: "top" },
    },
  };
}

// The key of colours that stands under a chart of one trace; charts of several have plotly's own.
function keyOf(plot, head) {
  const lines = plot.data.length > 1 ? [] : [...head.closest(".card").querySelectorAll(".legend li")].filter((line) => line.querySelector(".key"));
  const below = { xref: "paper", yref: "paper", y: 0, yanchor: "top", xanchor: "left", showarrow: false };
  return lines.flatMap((line, place) => {
    const x = place / Math.max(lines.length, 4);
    const color = getComputedStyle(line.querySelector(".key")).backgroundColor;
    return [{ ...below, x, yshift: -44, text: "■", font: { size: 18, color } }, { ...below, x, xshift: 22, yshift: -47, text: drawn(words(line)), font: { size: 13 } }];
  });
}

// What the filter of that name says, with its label.
function chosen(name) {
  const select = document.getElementById(`filter-${name}`);
  return select && `${words(select.labels[0])}: ${words(select.selectedOptions[0])}`;
}

function fileName(head) {
  const parts = [document.querySelector("h1"), head.querySelector("h2"), document.querySelector(".page-span .quiet") ?? document.querySelector(".page-span")];
  return parts.map((part) => words(part).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "").slice(0, 60)).join("_");
}

const words = (element) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
// plotly.js takes < and & for mark-up, and cuts nothing.
const drawn = (text) => (text.length > 150 ? `${text.slice(0, 149)}…` : text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

document.addEventListener("chart-drawn", (event) => offer(event.target));
