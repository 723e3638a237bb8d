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

// On a phone the menu is wider than the screen: the page at hand is in sight.
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

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
