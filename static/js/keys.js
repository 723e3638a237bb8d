// Keyboard: "/" goes to the search of the page, or else of its first long list, or else of the products; "f" to the
// filters, or to what narrows a page that has none.
const SEARCH = "#product-search";
const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]");

function goToFilters() {
  const form = document.querySelector("[data-filters]");
  if (!form) return document.querySelector("[data-search]")?.focus();
  const opener = form?.querySelector("[data-filters-open]");
  if (opener?.offsetParent) opener.click();
  else form?.querySelector("select:not([hidden]), .picker-button")?.focus();
}

function goToSearch() {
  const search = document.querySelector("[data-search]");
  if (search) return search.focus();
  const list = document.querySelector(".picker-button[data-long][aria-expanded=false]");
  if (!list) return location.assign(document.querySelector(".menu-link[href$='/products']").href + SEARCH);
  const opener = document.querySelector("[data-filters-open]");
  if (opener?.offsetParent) opener.click();
  list.click();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return;
  if (event.key === "f") goToFilters();
  else if (event.key === "/") goToSearch();
  else return;
  event.preventDefault();
});

if (location.hash === SEARCH) document.querySelector(SEARCH)?.focus();
