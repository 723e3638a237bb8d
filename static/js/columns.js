// A table that is wider than its box is cut to whole columns: names stay at the left, the others are made so wide that
// a whole number of them fills the rest, and scrolling stops where a column begins. So no figure is ever seen by half.
const isDesk = matchMedia("(min-width: 760px)");
const NAMES = { least: 0.34, most: 0.42 };
const MOST_FOR_WORDS = 100;
// Of the box's width: names get what figures leave, and wrap.
const ARROWS = { before: ["Columns to the left", "M10 3 5 8l5 5"], after: ["Columns to the right", "M6 3l5 5-5 5"] };

const isOnPaper = () => matchMedia("print").matches || document.documentElement.classList.contains("is-printing");
const widthOf = (cell) => cell.getBoundingClientRect().width;
const isShown = (cell) => cell.getClientRects().length > 0;

function fit(box) {
  const table = box.querySelector("table.figures");
  if (!table || !box.clientWidth) return;
  loosen(box, table);
  // Paper is not scrolled; static/css/print.css fits tables to it.
  if (table.offsetWidth > box.clientWidth + 1 && !isOnPaper()) cut(box, table);
  turnerOf(box);
}

function loosen(box, table) {
  box.classList.remove("is-cut", "has-more");
  box.style.scrollPaddingLeft = "";
  table.classList.remove("is-cut");
  table.style.width = "";
  for (const cell of table.querySelectorAll(".stays")) {
    cell.classList.remove("stays", "stays-last");
    cell.style.left = "";
  }
  for (const cell of headOf(table)) cell.style.width = "";
}

const headOf = (table) => [...(table.tHead ?? table.tBodies[0]).rows[0].cells].filter(isShown);

function cut(box, table) {
  const head = headOf(table);
  table.classList.add("is-measured");
  const widths = head.map((cell) => Math.ceil(widthOf(cell)));
  table.classList.remove("is-measured");
  const name = nameOf(table);
  const staying = stayingOf(table, widths, name, box.clientWidth);
  const { width, count } = columnsOf(head, widths, staying, name, box.clientWidth);
  const stays = box.clientWidth - width * count;

  widths[name] += stays - sum(widths.slice(0, staying));
  widths.fill(width, staying);
  table.classList.add("is-cut");
  box.classList.add("is-cut");
  for (const [place, cell] of head.entries()) cell.style.width = `${widths[place]}px`;
  table.style.width = `${sum(widths)}px`;
  box.style.scrollPaddingLeft = `${stays}px`;
  const lefts = widths.map((_, place) => sum(widths.slice(0, place)));
  for (const row of table.rows) pin(row, staying, lefts);
  Object.assign(box.dataset, { column: width, columns: head.length - staying });
}

const sum = (widths) => widths.reduce((whole, width) => whole + width, 0);

// How many columns fill the room beside what stays, and how wide each is then: as wide as the widest figure at least.
function columnsOf(head, widths, staying, name, room) {
  const beside = sum(widths.slice(0, staying)) - widths[name];
  // Words wrap; figures do not.
  const wanted = widths.slice(staying).map((width, place) => head[staying + place].matches(".number") ? width : Math.min(width, MOST_FOR_WORDS));
  const least = Math.min(Math.max(...wanted), room - beside - room * NAMES.least);
  const count = Math.min(Math.floor((room - beside - Math.min(widths[name], room * NAMES.least)) / least), head.length - staying);
  const names = Math.min(widths[name], room * NAMES.most);
  return { count, width: Math.max(Math.floor(least), Math.floor((room - beside - names) / count)) };
}

function nameOf(table) {
  const row = [...table.tBodies].flatMap((body) => [...body.rows])[0];
  return Math.max(0, [...row.cells].filter(isShown).findIndex((cell) => cell.scope === "row"));
}

// Up to the name of the row; on a desk as many as the table asks for, if they leave room for the others.
function stayingOf(table, widths, name, room) {
  const asked = isDesk.matches ? Number(table.dataset.stays ?? 0) : 0;
  return asked > name && sum(widths.slice(0, asked)) < room * 0.6 ? asked : name + 1;
}

function pin(row, staying, lefts) {
  let place = 0;
  for (const cell of row.cells) {
    if (place >= staying) return;
    if (!isShown(cell)) continue;
    cell.classList.add("stays");
    cell.classList.toggle("stays-last", place + cell.colSpan >= staying);
    cell.style.left = `${lefts[place]}px`;
    place += cell.colSpan;
  }
}

// "1–2 of 6", with a way to the left and to the right.
function turnerOf(box) {
  const tools = box.parentElement.querySelector(":scope > .list-tools");
  const head = tools ?? (box.previousElementSibling?.matches(".card-head") ? box.previousElementSibling : null);
  let turner = turnerBeside(box);
  if (!box.classList.contains("is-cut")) return turner?.remove();
  if (!turner) {
    turner = Object.assign(document.createElement("div"), { className: "turn" });
    turner.append(arrow(box, "before", -1), document.createElement("span"), arrow(box, "after", 1));
    if (head) head.append(turner);
    else box.before(turner);
    box.addEventListener("scroll", () => tell(box), { passive: true });
  }
  tell(box);
}

// Beside the tools of a list, or in the head of the card where the table follows it; the copy of its headings may stand
// between them.
function turnerBeside(box) {
  return box.parentElement.querySelector(":scope > :is(.card-head, .list-tools) > .turn, :scope > .turn");
}

function arrow(box, side, way) {
  const [words, line] = ARROWS[side];
  const button = Object.assign(document.createElement("button"), { type: "button" });
  button.setAttribute("aria-label", words);
  button.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${line}"/></svg>`;
  button.addEventListener("click", () => {
    const { column, seen } = stateOf(box);
    const behavior = matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth";
    box.scrollBy({ left: way * column * seen, behavior });
  });
  return button;
}

function stateOf(box) {
  const column = Number(box.dataset.column);
  const stays = parseFloat(box.style.scrollPaddingLeft);
  return { column, seen: Math.round((box.clientWidth - stays) / column), first: Math.round(box.scrollLeft / column), all: Number(box.dataset.columns) };
}

function tell(box) {
  const turner = turnerBeside(box);
  if (!turner) return;
  const { seen, first, all } = stateOf(box);
  const [before, words, after] = turner.children;
  const last = Math.min(first + seen, all);
  words.textContent = first + 1 === last ? `${last} of ${all}` : `${first + 1}–${last} of ${all}`;
  before.disabled = first === 0;
  after.disabled = last === all;
  box.classList.toggle("has-more", last < all);
}

// A box in a closed <details> has no width until it opens.
const seen = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.clientWidth === target.fitted) continue;
    target.fitted = target.clientWidth;
    fit(target);
    target.dispatchEvent(new CustomEvent("columns-fitted", { bubbles: true }));
  }
});

function watch() {
  for (const box of document.querySelectorAll(".scroll")) seen.observe(box);
}

addEventListener("beforeprint", () => {
  for (const table of document.querySelectorAll(".scroll > .is-cut")) loosen(table.parentElement, table);
});
addEventListener("afterprint", () => document.querySelectorAll(".scroll").forEach(fit));
document.addEventListener("swapped", watch);
watch();
