// Pages without a reload: fetches an address of this page, replaces <main>, keeps the history right.
// Links take part with data-swap-link; other scripts call for it with a "swap" event on the document.
const main = document.querySelector("main[data-swap]");
const announcer = document.querySelector("[data-announcer]");
const line = Object.assign(document.createElement("div"), { className: "busy-line" });
document.body.append(line);

let running = null;
let shown = location.href;

async function swap(address, { push }) {
  running?.abort();
  const controller = (running = new AbortController());
  busy(true);
  try {
    const response = await fetch(address, { signal: controller.signal, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = page.querySelector("main[data-swap]");
    // Signed out meanwhile, or an error: the browser shows that page better than we can.
    if (!found || !response.ok) return leave(address);
    replace(found, page.title);
    // The server says the same selection in fewer words than the form does.
    if (push) history.pushState(null, "", found.dataset.swap || response.url);
    shown = location.href;
  } catch (error) {
    if (error.name === "AbortError") return;
    fail(address);
  } finally {
    if (running === controller) {
      running = null;
      busy(false);
    }
  }
}

function replace(found, title) {
  const focused = document.activeElement;
  const place = scrollY;
  main.replaceChildren(...found.childNodes);
  document.title = title;
  scrollTo({ top: place, behavior: "instant" });
  announcer.textContent = "Figures updated";
  document.dispatchEvent(new CustomEvent("swapped"));
  // Only now is there everything that could have had the focus.
  if (focused !== document.body && !focused.isConnected) again(focused)?.focus({ preventScroll: true });
}

// What had the focus, in the new page: by its id, or a link with the same words.
function again(focused) {
  if (focused.id) return document.getElementById(focused.id);
  const links = [...main.querySelectorAll("a[data-swap-link]")];
  return links.find((link) => link.textContent === focused.textContent) ?? main;
}

function leave(address) {
  location.assign(address);
}

function fail(address) {
  main.querySelector("[data-failed]")?.remove();
  const notice = Object.assign(document.createElement("p"), { className: "notice notice-bad" });
  notice.dataset.failed = "";
  notice.setAttribute("role", "alert");
  const link = Object.assign(document.createElement("a"), { href: address, textContent: "Try again" });
  link.dataset.swapLink = "";
  notice.append("The server did not answer; these are still the figures from before. ", link);
  main.prepend(notice);
}

function busy(is) {
  document.documentElement.classList.toggle("is-busy", is);
  main.setAttribute("aria-busy", String(is));
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap-link]");
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !isPlain || event.defaultPrevented) return;
  event.preventDefault();
  swap(link.href, { push: true });
});

document.addEventListener("swap", (event) => swap(event.detail, { push: true }));

addEventListener("popstate", () => {
  const isSamePage = new URL(shown).pathname === location.pathname && new URL(shown).search === location.search;
  if (!isSamePage) swap(location.href, { push: false });
});
