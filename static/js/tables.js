// Arrow keys in tables: from cell to cell, into what can be followed or chosen in a cell. Home and End go to
// the ends of a row. The table's region is one stop of the Tab key, as are the links in it.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const INSIDE = "a[href], button, input[type=checkbox]";
const isShown = (element) => element.getClientRects().length > 0;

function cellsOf(row) {
  return [...row.cells].filter(isShown);
}

function rowsOf(table) {
  return [...table.rows].filter((row) => isShown(row) && cellsOf(row).length > 0);
}

function go(cell) {
  const inside = [...cell.querySelectorAll(INSIDE)].find(isShown);
  if (!inside) cell.tabIndex = -1;
  (inside ?? cell).focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// Rows differ in their number of cells where one spans several.
function neighbour(table, cell, [down, right]) {
  const rows = rowsOf(table);
  const row = rows.indexOf(cell.parentElement);
  const found = rows[Math.max(0, Math.min(row + down, rows.length - 1))];
  const cells = cellsOf(found);
  const place = cellsOf(cell.parentElement).indexOf(cell) + right;
  return cells[Math.max(0, Math.min(place, cells.length - 1))];
}

function wanted(event, table) {
  const cell = event.target.closest("td, th");
  const step = STEPS[event.key];
  if (!cell) return step && cellsOf(rowsOf(table).find((row) => row.parentElement.tagName === "TBODY") ?? { cells: [] })[0];
  if (step) return neighbour(table, cell, step);
  if (event.key === "Home") return cellsOf(cell.parentElement)[0];
  if (event.key === "End") return cellsOf(cell.parentElement).at(-1);
  return null;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.shiftKey) return;
  const region = event.target.closest(".scroll");
  const table = event.target.closest("table") ?? (region === event.target && region.querySelector("table"));
  if (!table) return;
  const cell = wanted(event, table);
  if (!cell) return;
  event.preventDefault();
  go(cell);
});
