// Headings of long tables stay in sight: once the page is scrolled past them, a copy of them stands at the top. (A
// sticky heading would stick to the box that scrolls sideways, and not to the page.)
const ROWS = 8;

function raise(box) {
  const table = box.querySelector("table");
  const strip = Object.assign(document.createElement("div"), { className: "head-stays" });
  strip.setAttribute("aria-hidden", "true");
  const copy = Object.assign(document.createElement("div"), { className: "head-copy" });
  const head = table.cloneNode(false);
  head.append(table.tHead.cloneNode(true));
  head.style.width = `${table.offsetWidth}px`;
  const cells = table.tHead.rows[0].cells;
  for (const [place, cell] of [...head.rows[0].cells].entries()) {
    cell.style.width = `${cells[place].getBoundingClientRect().width}px`;
    for (const link of cell.querySelectorAll("a")) link.tabIndex = -1;
  }
  copy.append(head);
  strip.append(copy);
  box.before(strip);
  copy.scrollLeft = box.scrollLeft;
}

const copyOf = (box) => box.parentElement.querySelector(":scope > .head-stays");

function stand(box, is) {
  copyOf(box)?.remove();
  if (is) raise(box);
}

let watched = null;

// On a phone the strip that stays grows with what is chosen.
function measure() {
  const strip = document.querySelector(".filters");
  const style = document.documentElement.style;
  if (strip && matchMedia("(max-width: 759.98px)").matches) style.setProperty("--stays-top", `${strip.offsetHeight}px`);
  else style.removeProperty("--stays-top");
}

function watch() {
  watched?.disconnect();
  measure();
  const probe = Object.assign(document.createElement("div"), { className: "head-stays" });
  document.body.append(probe);
  const top = parseFloat(getComputedStyle(probe).top);
  probe.remove();
  watched = new IntersectionObserver((entries) => {
    for (const { target, boundingClientRect, isIntersecting } of entries) {
      stand(target.closest(".scroll"), !isIntersecting && boundingClientRect.top < top && boundingClientRect.height > 0);
    }
  }, { rootMargin: `-${Math.ceil(top)}px 0px 0px`, threshold: 1 });
  for (const table of document.querySelectorAll(".scroll > table")) {
    if (table.tHead && !table.tHead.matches(".visually-hidden") && table.rows.length > ROWS) watched.observe(table.tHead.rows[0].cells[0]);
  }
}

document.addEventListener("scroll", (event) => {
  const box = event.target;
  if (box.matches?.(".scroll") && copyOf(box)) copyOf(box).firstChild.scrollLeft = box.scrollLeft;
}, { capture: true, passive: true });
document.addEventListener("columns-fitted", (event) => {
  if (copyOf(event.target)) stand(event.target, true);
});
addEventListener("resize", watch);
document.addEventListener("swapped", watch);
watch();
