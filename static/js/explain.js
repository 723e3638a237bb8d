// A click, a tap or Enter on a figure explains it in a panel: the part of /explain that is marked data-explanation. Which
// address that is follows from what the table, the column, the row and the figure say that they are of (data-about).
const base = () => document.querySelector("main template[data-explain]")?.dataset.explain;
const PRESSED = "a, button, input, select, label, summary";
const ALONE = "[data-about]:not(table, tr, th, td)";
const MARK = "#explain?";

function figureAt(target) {
  const alone = target.closest(ALONE);
  if (alone) return alone;
  const cell = target.closest("table[data-about] td.number");
  return cell && /\d/.test(cell.textContent) ? cell : null;
}

function layersOf(figure) {
  if (!figure.matches("td")) return [figure];
  const table = figure.closest("table");
  return [table, table.tHead?.rows[0].cells[figure.cellIndex], figure.parentElement, figure];
}

// "" for what nobody can ask about by itself.
function addressOf(figure) {
  const said = layersOf(figure).map((layer) => layer?.dataset.about ?? "");
  const from = base();
  if (!from || said.includes("none")) return "";
  const [path, query] = from.split("?");
  const words = new URLSearchParams(query);
  for (const [word, text] of said.flatMap((about) => [...new URLSearchParams(about)])) {
    if (word === "from") words.delete("period");
    if (word === "period") ["from", "to"].forEach((month) => words.delete(month));
    if (word === "asin") ["brand", "category"].forEach((narrower) => words.delete(narrower));
    words.set(word, text);
  }
  return `${path}?${words.toString().replaceAll("%2C", ",")}`;
}

// What is asked for: the address of a link that explains, or of a figure.
function askedBy(target) {
  const link = target.closest("a[data-explained]");
  if (link) return { address: link.getAttribute("href"), from: link };
  if (target.closest(PRESSED)) return null;
  const figure = figureAt(target);
  const address = figure && addressOf(figure);
  return address ? { address, from: figure } : null;
}

const panel = document.createElement("dialog");
panel.className = "panel";
panel.setAttribute("aria-labelledby", "explanation-title");
panel.innerHTML = `
  <div class="panel-bar">
    <button class="icon-button" type="button" data-panel-back aria-label="Back" hidden><svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M12 4 6 10l6 6"/></svg></button>
    <a class="panel-page" data-panel-page>Open as page</a>
    <button class="icon-button" type="button" data-panel-close aria-label="Close"><svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><path d="M5 5l10 10M15 5L5 15"/></svg></button>
  </div>
  <div class="panel-body" tabindex="-1"></div>`;
document.body.append(panel);
const [back, page, close] = ["back", "page", "close"].map((name) => panel.querySelector(`[data-panel-${name}]`));
const body = panel.querySelector(".panel-body");

let running = null;
let way = [];
// Going back takes its time: what is opened meanwhile would be closed by it.
let left = Promise.resolve();

async function show(address) {
  running?.abort();
  const controller = (running = new AbortController());
  document.documentElement.classList.add("is-busy");
  try {
    const response = await fetch(address, { signal: controller.signal, headers: { Accept: "text/html" } });
    const found = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-explanation]");
    // Signed out meanwhile, or an error: the browser shows that page better than we can.
    if (!found || !response.ok) return location.assign(address);
    found.classList.remove("card");
    body.replaceChildren(found);
    body.scrollTop = 0;
    page.href = address;
    back.hidden = way.length < 2;
    if (panel.open) body.focus();
    else await open(address);
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
  } finally {
    if (running === controller) document.documentElement.classList.remove("is-busy");
  }
}

// The panel is a step of the history: Back closes it, and its address opens it again.
async function open(address) {
  await left;
  if (!location.hash.startsWith(MARK)) history.pushState({ explains: true }, "", `#explain${address.slice(address.indexOf("?"))}`);
  panel.showModal();
  close.focus();
}

function ask(address, from) {
  if (from?.matches("td")) from.tabIndex = -1;
  from?.focus({ preventScroll: true });
  way = [address];
  show(address);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.shiftKey || event.altKey || panel.contains(event.target)) return;
  const asked = askedBy(event.target);
  if (!asked || !getSelection().isCollapsed) return;
  event.preventDefault();
  if (event.metaKey || event.ctrlKey) window.open(asked.address, "_blank", "noopener");
  else ask(asked.address, asked.from);
});

document.addEventListener("auxclick", (event) => {
  const asked = event.button === 1 && !event.target.closest("a") && askedBy(event.target);
  if (!asked) return;
  event.preventDefault();
  window.open(asked.address, "_blank", "noopener");
});

document.addEventListener("keydown", (event) => {
  const isPlain = !event.metaKey && !event.ctrlKey && !event.altKey && !event.shiftKey;
  if (event.key !== "Enter" || !isPlain || event.defaultPrevented || figureAt(event.target) !== event.target) return;
  const asked = askedBy(event.target);
  if (!asked) return;
  event.preventDefault();
  ask(asked.address, asked.from);
});

// Links of the panel that explain stay in it.
panel.addEventListener("click", (event) => {
  if (event.target === panel) return panel.close();
  const link = event.target.closest("a");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!isPlain || !link || link === page || new URL(link.href).pathname !== new URL(page.href).pathname) return;
  event.preventDefault();
  way.push(link.href);
  show(link.href);
});

back.addEventListener("click", () => {
  way.pop();
  show(way.at(-1));
});
close.addEventListener("click", () => panel.close());
panel.addEventListener("close", () => {
  if (history.state?.explains) {
    left = new Promise((resolve) => addEventListener("popstate", resolve, { once: true }));
    history.back();
  }
  else if (location.hash.startsWith(MARK)) history.replaceState(null, "", location.pathname + location.search);
});
addEventListener("popstate", () => {
  if (panel.open && !location.hash.startsWith(MARK)) panel.close();
});

// What is no cell of a table is reached by the Tab key, and says that it can be asked; in tables arrow keys go from
// figure to figure.
function offer() {
  for (const alone of document.querySelectorAll(`main :is(span, strong)${ALONE}`)) {
    alone.tabIndex = 0;
    alone.setAttribute("role", "button");
    alone.setAttribute("aria-haspopup", "dialog");
  }
  for (const box of document.querySelectorAll("main .scroll:has(table[data-about])")) {
    box.setAttribute("aria-description", "Arrow keys go from figure to figure, Enter explains one");
  }
}

document.addEventListener("swapped", offer);
offer();
if (location.hash.startsWith(MARK) && base()) ask(base().split("?")[0] + location.hash.slice(MARK.length - 1));
