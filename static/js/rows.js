// A click anywhere in a row of a table goes where the row's name goes, by itself or in a new tab, as with any link.
// Texts that are being chosen and whatever a row holds to press stay what they are.
const PRESSED = "a, button, input, select, textarea, label, summary, [role=button]";

function linkOf(event) {
  const row = event.target.closest(".figures tbody tr");
  if (!row || event.target.closest(PRESSED) || event.shiftKey || event.altKey) return null;
  return row.querySelector("th .row-link[href]");
}

document.addEventListener("click", (event) => {
  const link = linkOf(event);
  if (!link || event.defaultPrevented || !getSelection().isCollapsed) return;
  if (event.metaKey || event.ctrlKey) open(link.href, "_blank", "noopener");
  else link.click();
});

document.addEventListener("auxclick", (event) => {
  const link = event.button === 1 && !event.defaultPrevented && linkOf(event);
  if (link) open(link.href, "_blank", "noopener");
});
