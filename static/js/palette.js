// Ctrl-K, or ⌘K: a list over the page that finds whatever is typed. The server finds it (/search/found), an answer that
// was overtaken by more letters is thrown away, and Enter waits for the last one. Without scripts the button in the bar
// leads to /search, which shows the same.
const opener = document.querySelector("[data-palette]");
const PAUSE = 60;
const isApple = /Mac|iP(hone|ad|od)/.test(navigator.platform);
let palette = null;

const element = (tag, properties = {}, attributes = {}) => {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

function build() {
  const dialog = element("dialog", { className: "palette" }, { "aria-label": "Search" });
  const input = element("input", { type: "text", className: "palette-input", placeholder: "Search, or do something", maxLength: 100 }, {
    role: "combobox", "aria-label": "Products, brands, categories, pages, periods, actions", "aria-autocomplete": "list",
    "aria-expanded": "true", "aria-controls": "palette-found", autocomplete: "off", autocapitalize: "off", spellcheck: "false", enterkeyhint: "go",
  });
  const list = element("div", { className: "palette-found", id: "palette-found" }, { role: "listbox", "aria-label": "What is found" });
  const close = element("button", { type: "button", className: "palette-close", textContent: "Close" });
  const told = element("p", { className: "visually-hidden" }, { role: "status" });
  const head = element("div", { className: "palette-head" });
  head.append(input, close);
  dialog.append(head, list, told);
  document.body.append(dialog);
  const made = { dialog, input, list, told, place: 0, asked: null, shown: null, timer: 0, running: null, isEntering: false };
  input.addEventListener("input", () => later(made));
  input.addEventListener("keydown", (event) => keys(event, made));
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) return dialog.close();
    const way = event.target.closest("[data-way]");
    if (way && !isElsewhere(event)) take(event, made, way);
  });
  list.addEventListener("pointermove", (event) => {
    const way = event.target.closest("[data-way]");
    if (way) mark(made, waysOf(made).indexOf(way), { scrolls: false });
  });
  dialog.addEventListener("close", () => made.running?.abort());
  return made;
}

function open() {
  palette ??= build();
  palette.input.value = "";
  palette.isEntering = false;
  palette.shown = null;
  if (!palette.dialog.open) palette.dialog.showModal();
  palette.input.focus();
  ask(palette);
}

function later(made) {
  clearTimeout(made.timer);
  made.timer = setTimeout(() => ask(made), PAUSE);
}

async function ask(made) {
  clearTimeout(made.timer);
  made.running?.abort();
  const controller = (made.running = new AbortController());
  const text = made.input.value.trim();
  const query = new URLSearchParams({ q: text, here: here() });
  try {
    const answer = await fetch(`${opener.pathname}/found?${query}`, { signal: controller.signal });
    // Signed out meanwhile: the page itself leads to the way in.
    if (answer.redirected || answer.status === 401) return location.reload();
    const words = await answer.text();
    if (made.running !== controller) return;
    if (answer.ok) show(made, words);
    else say(made, "The server did not answer. Type again to try again.");
    made.shown = text;
    if (made.isEntering) enter(made);
  } catch (error) {
    if (error.name !== "AbortError") say(made, "The server did not answer. Type again to try again.");
  }
}

function show(made, words) {
  const found = new DOMParser().parseFromString(words, "text/html");
  made.list.replaceChildren(...found.body.childNodes);
  for (const section of made.list.querySelectorAll("section")) section.setAttribute("role", "group");
  for (const part of made.list.querySelectorAll("h2, ul, li")) part.setAttribute("role", "presentation");
  const ways = waysOf(made);
  for (const [number, way] of ways.entries()) {
    way.id = `palette-way-${number}`;
    way.tabIndex = -1;
    way.setAttribute("role", "option");
  }
  made.told.textContent = ways.length === 1 ? "1 found" : `${ways.length} found`;
  mark(made, ways.length ? 0 : -1);
  made.list.scrollTop = 0;
}

function say(made, words) {
  made.list.replaceChildren(element("p", { className: "found-nothing", textContent: words }));
  made.told.textContent = words;
  mark(made, -1);
}

const waysOf = (made) => [...made.list.querySelectorAll("[data-way]")];

function mark(made, place, { scrolls = true } = {}) {
  made.place = place;
  const ways = waysOf(made);
  for (const [number, way] of ways.entries()) way.setAttribute("aria-selected", String(number === place));
  if (place < 0) return made.input.removeAttribute("aria-activedescendant");
  made.input.setAttribute("aria-activedescendant", ways[place].id);
  if (scrolls) ways[place].scrollIntoView({ block: "nearest" });
}

function keys(event, made) {
  const ways = waysOf(made);
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
  if (step && ways.length) {
    event.preventDefault();
    const place = made.place + step;
    if (Math.abs(step) === 1) mark(made, (place + ways.length) % ways.length);
    else mark(made, Math.max(0, Math.min(place, ways.length - 1)));
  } else if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    if (made.shown === made.input.value.trim()) return enter(made, event);
    made.isEntering = true;
    ask(made);
  }
}

function enter(made, event) {
  made.isEntering = false;
  const way = waysOf(made)[made.place];
  if (!way) return;
  if (event && (event.metaKey || event.ctrlKey) && way.href) return window.open(way.href, "_blank", "noopener");
  go(made, way);
}

const isElsewhere = (event) => event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;

function take(event, made, way) {
  event.preventDefault();
  go(made, way);
}

function go(made, way) {
  made.dialog.close();
  if (way.dataset.press) return document.querySelector(way.dataset.press)?.click();
  const address = new URL(way.href);
  // Other months of the page at hand come without a reload, as by its own filters.
  const isHere = address.pathname === location.pathname && document.querySelector("[data-filters]");
  if (isHere && !way.hasAttribute("download")) document.dispatchEvent(new CustomEvent("swap", { detail: address.href }));
  else location.assign(address.href);
}

const here = () => location.pathname + location.search;

if (opener) {
  if (isApple) opener.title = "Search (⌘K)";
  opener.addEventListener("click", (event) => {
    if (isElsewhere(event)) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    const isAsked = (isApple ? event.metaKey : event.ctrlKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
    if (!isAsked) return;
    event.preventDefault();
    if (palette?.dialog.open) palette.dialog.close();
    else open();
  });
}
