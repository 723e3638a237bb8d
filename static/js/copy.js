// [data-copy] copies what it holds; with [data-copy-is-address] as the whole address; [data-copy-address] copies that of
// the page at hand. What was copied is said for a moment.
let told = null;

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Without https there is no clipboard to ask for.
  const area = Object.assign(document.createElement("textarea"), { value: text, className: "visually-hidden" });
  document.body.append(area);
  area.select();
  const isDone = document.execCommand("copy");
  area.remove();
  if (!isDone) throw new Error("not copied");
}

function tell(words) {
  told?.remove();
  told = Object.assign(document.createElement("p"), { className: "toast", textContent: words });
  told.setAttribute("role", "status");
  document.body.append(told);
  const mine = told;
  setTimeout(() => mine.remove(), 2500);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-address]");
  if (!button) return;
  event.preventDefault();
  const isPage = "copyAddress" in button.dataset;
  const isAddress = isPage || "copyIsAddress" in button.dataset;
  const text = isPage ? location.href : isAddress ? new URL(button.dataset.copy, location.href).href : button.dataset.copy;
  const focused = document.activeElement;
  try {
    await copy(text);
    tell(isAddress ? "Link copied" : `${text} copied`);
  } catch {
    tell("The browser did not let it be copied.");
  }
  focused?.focus({ preventScroll: true });
});
