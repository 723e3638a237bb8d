// A list that takes several values: the form's own <select> stays, hidden, and a panel with boxes and a
// search stands before it. The select's value is what is sent: ids with commas between.
const MANY = 8;

function enhance(select) {
  const options = [...select.options].filter((option) => option.value && !option.value.includes(","));
  const everything = select.options[0].textContent;
  const id = `${select.id}-panel`;
  const picker = element("div", { className: "picker" });
  const button = element("button", { type: "button", className: "picker-button", id: `${select.id}-button` });
  if (options.length > MANY) button.dataset.long = "";
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  const label = document.querySelector(`label[for="${select.id}"]`);
  label.htmlFor = button.id;
  const chosen = select.selectedOptions[0]?.textContent ?? everything;
  const words = element("span", { textContent: chosen, title: chosen });
  button.append(words);
  select.hidden = true;
  select.before(picker);
  picker.append(button);
  button.addEventListener("click", () => {
    const panel = picker.querySelector(".picker-panel");
    if (panel) close(picker, select, { apply: true });
    else openPanel({ picker, button, select, options, id, everything });
  });
}

function openPanel({ picker, button, select, options, id, everything }) {
  const chosen = new Set(select.value.split(",").filter(Boolean));
  const panel = element("div", { className: "popover picker-panel", id });
  panel.setAttribute("role", "dialog");
  panel.setAttribute("aria-label", select.dataset.picker);
  const list = element("div", { className: "picker-options" });
  for (const option of options) {
    const box = element("input", { type: "checkbox", value: option.value, checked: chosen.has(option.value) });
    const row = element("label", { className: "picker-option", title: option.textContent });
    row.append(box, element("span", { textContent: option.textContent }));
    list.append(row);
  }
  const nothing = element("p", { className: "picker-nothing", textContent: "Nothing by that name", hidden: true });
  list.append(nothing);
  const search = element("input", { type: "search", className: "picker-search", placeholder: "Search", autocomplete: "off" });
  search.setAttribute("aria-label", `Search ${select.dataset.picker.toLowerCase()}`);
  search.addEventListener("input", () => filter(list, search.value, nothing));
  const end = element("div", { className: "picker-end" });
  const clear = element("button", { type: "button", className: "button", textContent: everything });
  const done = element("button", { type: "button", className: "button button-primary", textContent: "Done" });
  end.append(clear, done);
  if (options.length > MANY) panel.append(search);
  panel.append(list, end);
  picker.append(panel);
  button.setAttribute("aria-expanded", "true");
  clear.addEventListener("click", () => {
    for (const box of boxes(picker)) box.checked = false;
    close(picker, select, { apply: true });
  });
  done.addEventListener("click", () => close(picker, select, { apply: true }));
  panel.addEventListener("keydown", (event) => keys(event, picker, select, list));
  (options.length > MANY ? search : list.querySelector("input"))?.focus({ preventScroll: true });
}

function keys(event, picker, select, list) {
  if (event.key === "Escape") {
    event.preventDefault();
    close(picker, select, { apply: false });
  } else if (event.key === "Enter") {
    event.preventDefault();
    // Enter in the search takes the only, or first, row that is left.
    if (event.target.type === "search" && event.target.value) {
      const first = list.querySelector(".picker-option:not([hidden]) input");
      if (first) first.checked = true;
    }
    close(picker, select, { apply: true });
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const shown = [...list.querySelectorAll(".picker-option:not([hidden]) input")];
    const place = shown.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    shown[Math.max(0, Math.min(place, shown.length - 1))]?.focus();
  }
}

function filter(list, text, nothing) {
  const wanted = text.trim().toLocaleLowerCase();
  let found = 0;
  for (const row of list.querySelectorAll(".picker-option")) {
    row.hidden = !row.textContent.toLocaleLowerCase().includes(wanted);
    found += row.hidden ? 0 : 1;
  }
  nothing.hidden = found > 0;
}

function close(picker, select, { apply }) {
  const value = boxes(picker).filter((box) => box.checked).map((box) => box.value).join(",");
  const button = picker.querySelector(".picker-button");
  picker.querySelector(".picker-panel")?.remove();
  button.setAttribute("aria-expanded", "false");
  if (apply && sorted(value) !== sorted(select.value)) choose(select, value, button);
  button.focus({ preventScroll: true });
}

function choose(select, value, button) {
  const known = [...select.options].find((option) => option.value === value);
  const count = value.split(",").length;
  const words = `${count} ${select.options[0].textContent.replace(/^All (your )?/, "")}`;
  const option = known ?? select.appendChild(new Option(words, value));
  option.selected = true;
  button.firstChild.textContent = button.firstChild.title = option.textContent;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

const sorted = (value) => value.split(",").sort().join(",");
const boxes = (picker) => [...picker.querySelectorAll(".picker-option input")];
const element = (tag, properties) => Object.assign(document.createElement(tag), properties);

function enhanceAll() {
  for (const select of document.querySelectorAll("select[data-picker]:not([hidden])")) enhance(select);
}

document.addEventListener("pointerdown", (event) => {
  for (const panel of document.querySelectorAll(".picker-panel")) {
    const picker = panel.parentElement;
    if (!picker.contains(event.target)) close(picker, picker.nextElementSibling, { apply: true });
  }
});
document.addEventListener("swapped", enhanceAll);
enhanceAll();
