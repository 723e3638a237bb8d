// Keyboard: "/" goes to the search of the page, or else of its first long list; "f" to the filters.
const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]");

function goToFilters() {
  const form = document.querySelector("[data-filters]");
  const opener = form?.querySelector("[data-filters-open]");
  if (opener?.offsetParent) opener.click();
  else form?.querySelector("select:not([hidden]), .picker-button")?.focus();
}

function goToSearch() {
  const search = document.querySelector("[data-search]");
  if (search) return search.focus();
  const opener = document.querySelector("[data-filters-open]");
  if (opener?.offsetParent) opener.click();
  document.querySelector(".picker-button[aria-expanded=false]")?.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "f") goToFilters();
  else if (event.key === "/") goToSearch();
  else return;
  event.preventDefault();
});
