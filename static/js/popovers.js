// <details data-popover> closes like a menu; <details data-remember> stays as the reader left it.
document.addEventListener("pointerdown", (event) => {
  for (const open of document.querySelectorAll("details[data-popover][open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && document.querySelector("details[data-popover][open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

// "More" of the menu at the bottom of a phone.
const more = document.querySelector("[data-more]");

function openMore(is) {
  more?.setAttribute("aria-expanded", String(is));
}

document.addEventListener("click", (event) => {
  const isMore = Boolean(event.target.closest("[data-more]"));
  openMore(isMore && more.getAttribute("aria-expanded") === "false");
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || more?.getAttribute("aria-expanded") !== "true") return;
  openMore(false);
  more.focus();
});

const remembered = new Map();

document.addEventListener("toggle", (event) => {
  const name = event.target.dataset?.remember;
  if (name) remembered.set(name, event.target.open);
}, true);

document.addEventListener("swapped", () => {
  for (const details of document.querySelectorAll("details[data-remember]")) {
    details.open = remembered.get(details.dataset.remember) ?? details.open;
  }
});
