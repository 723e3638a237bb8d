// <input data-combobox="brand" list="…">: a list of what is known, narrowed by what is typed. Enter takes what is marked;
// something new is made only by choosing "Create …", beside names that are nearly the same. Without scripts the input
// keeps the browser's own list, and the page that checks the change tells what is new.
const MOST = 8;
const NEAR = 2;
const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLocaleLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

// How many letters differ, as far as `most`.
function apart(one, other, most) {
  if (Math.abs(one.length - other.length) > most) return most + 1;
  let row = Array.from({ length: other.length + 1 }, (_, place) => place);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length];
}

// The best first: what begins so, what holds it, what is nearly the same.
function matches(names, typed) {
  const wanted = plain(typed);
  if (!wanted) return names.slice(0, MOST);
  const rank = ({ name, key }) => {
    if (key === wanted) return 0;
    if (key.startsWith(wanted)) return 1;
    if (key.includes(` ${wanted}`)) return 2;
    if (key.includes(wanted)) return 3;
    return wanted.length > 3 && apart(key, wanted, NEAR) <= NEAR ? 4 : 9;
  };
  return names.map((found) => [rank(found), found]).filter(([place]) => place < 9).sort(([a], [b]) => a - b).slice(0, MOST).map(([, found]) => found);
}

function enhance(input) {
  const thing = input.dataset.combobox;
  const names = [...input.list.options].map(({ value }) => ({ name: value, key: plain(value) }));
  const list = Object.assign(document.createElement("ul"), { className: "popover combobox-list", id: `${input.id}-list`, hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", input.labels[0]?.textContent.trim() ?? thing);
  input.removeAttribute("list");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);
  input.after(list);
  const box = { input, list, names, thing, made: null, place: -1 };

  const isKnown = () => names.find(({ name }) => name.toLocaleLowerCase() === input.value.trim().toLocaleLowerCase());
  box.isSettled = () => !input.value.trim() || Boolean(isKnown()) || box.made === input.value.trim();
  input.addEventListener("input", () => show(box));
  input.addEventListener("focus", () => show(box));
  input.addEventListener("blur", () => close(box));
  input.addEventListener("keydown", (event) => keys(event, box));
  // Before the blur that a click on the list causes.
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) take(box, option);
  });
  input.form.addEventListener("submit", (event) => {
    if (box.isSettled()) return;
    event.preventDefault();
    input.focus();
    show(box);
  });
}

function show(box) {
  const { input, list, names, thing } = box;
  const typed = input.value.trim();
  const found = matches(names, typed);
  const options = found.map(({ name }) => option(list, name, name));
  if (typed && !box.isSettled()) options.push(option(list, `Create ${thing} “${typed}”`, typed, { isNew: true }));
  options.forEach((item, place) => { item.id = `${list.id}-${place}`; });
  list.replaceChildren(...options);
  list.hidden = options.length === 0;
  // Where there is more room: under an input near the end of the screen nobody would see it.
  list.classList.toggle("is-above", input.getBoundingClientRect().bottom > innerHeight * 0.6);
  input.setAttribute("aria-expanded", String(!list.hidden));
  mark(box, typed && !box.isSettled() && options.length ? 0 : -1);
}

function option(list, words, value, { isNew = false } = {}) {
  const item = Object.assign(document.createElement("li"), { textContent: words, title: words, className: isNew ? "combobox-new" : "" });
  item.setAttribute("role", "option");
  Object.assign(item.dataset, { value, isNew: isNew || "" });
  return item;
}

function mark(box, place) {
  box.place = place;
  for (const [number, item] of [...box.list.children].entries()) {
    item.setAttribute("aria-selected", String(number === place));
    if (number === place) item.scrollIntoView({ block: "nearest" });
  }
  if (place < 0) box.input.removeAttribute("aria-activedescendant");
  else box.input.setAttribute("aria-activedescendant", box.list.children[place].id);
}

function take(box, item) {
  box.input.value = item.dataset.value;
  box.made = item.dataset.isNew ? item.dataset.value : null;
  close(box);
}

function close(box) {
  box.list.hidden = true;
  box.input.setAttribute("aria-expanded", "false");
  mark(box, -1);
}

function keys(event, box) {
  const count = box.list.children.length;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (box.list.hidden) return show(box);
    const step = event.key === "ArrowDown" ? 1 : -1;
    mark(box, (box.place + step + count) % count);
  } else if (event.key === "Enter" && !box.list.hidden && box.place >= 0) {
    event.preventDefault();
    take(box, box.list.children[box.place]);
  } else if (event.key === "Escape" && !box.list.hidden) {
    event.preventDefault();
    close(box);
  }
}

for (const input of document.querySelectorAll("input[data-combobox][list]")) enhance(input);
