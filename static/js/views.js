// The bookmark in the bar: names the page at hand, and shows what was named before, over the page. What is in the panel
// is a part of /views, where the link leads without scripts.
const opener = document.querySelector("[data-views]");
const here = () => location.pathname + location.search;
let panel = null;
let running = null;

async function load(address, options = {}) {
  running?.abort();
  const controller = (running = new AbortController());
  const answer = await fetch(address, { ...options, signal: controller.signal });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.querySelector("[data-views-panel]");
  if (!found) return location.assign(answer.ok ? answer.url : `${opener.pathname}?${new URLSearchParams({ address: here() })}`);
  panel.replaceChildren(...found.childNodes);
}

function build() {
  const made = Object.assign(document.createElement("div"), { className: "popover views-panel", id: "views-panel", tabIndex: -1 });
  made.setAttribute("role", "dialog");
  made.setAttribute("aria-label", "Views");
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    await load(form.action, { method: "POST", body: new FormData(form) }).catch(failed);
    made.focus({ preventScroll: true });
  });
  opener.after(made);
  return made;
}

function failed(error) {
  if (error.name === "AbortError") return;
  const words = Object.assign(document.createElement("p"), { className: "notice notice-bad", textContent: "The server did not answer. Nothing was saved." });
  words.setAttribute("role", "alert");
  panel.prepend(words);
}

async function open() {
  panel ??= build();
  panel.hidden = false;
  opener.setAttribute("aria-expanded", "true");
  await load(`${opener.pathname}?${new URLSearchParams({ address: here() })}`).catch(failed);
  (panel.querySelector(".views-save .view-name") ?? panel).focus({ preventScroll: true });
}

function close({ returns = false } = {}) {
  if (!panel || panel.hidden) return;
  running?.abort();
  panel.hidden = true;
  panel.replaceChildren();
  opener.setAttribute("aria-expanded", "false");
  if (returns) opener.focus();
}

if (opener) {
  opener.setAttribute("role", "button");
  opener.setAttribute("aria-expanded", "false");
  opener.setAttribute("aria-haspopup", "dialog");
  opener.addEventListener("click", (event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    if (panel && !panel.hidden) close({ returns: true });
    else open();
  });
  document.addEventListener("pointerdown", (event) => {
    if (panel && !panel.contains(event.target) && !opener.contains(event.target)) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !panel || panel.hidden) return;
    event.preventDefault();
    close({ returns: true });
  });
}
