// The filter form: sends itself when something changes; on phones it is a sheet that opens and closes.
const isPhone = matchMedia("(max-width: 759.98px)");

function address(form) {
  const pairs = [...new FormData(form)].filter(([, value]) => value !== "");
  const names = new Set(pairs.map(([name]) => name));
  const texts = new Map();
  // Boxes that are ticked come one by one.
  for (const [name, value] of pairs) texts.set(name, texts.has(name) ? `${texts.get(name)},${value}` : value);
  const query = [...texts]
    .filter(([name]) => names.has("period") ? name !== "from" && name !== "to" : true)
    .map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll("%2C", ",")}`);
  return location.pathname + (query.length ? `?${query.join("&")}` : "");
}

function send(form) {
  document.dispatchEvent(new CustomEvent("swap", { detail: new URL(address(form), location.href).href }));
}

function open(form, is) {
  form.classList.toggle("is-open", is);
  const button = form.querySelector("[data-filters-open]");
  button.setAttribute("aria-expanded", String(is));
  document.documentElement.classList.toggle("has-sheet", is);
  if (is) form.querySelector("select, .picker-button").focus({ preventScroll: true });
  else if (isPhone.matches) button.focus();
}

document.addEventListener("change", (event) => {
  const form = event.target.closest("[data-filters]");
  if (!form || !event.target.name || isPhone.matches) return;
  // "From … to …" shows nothing new until a month is chosen.
  if (event.target.name === "period" && event.target.value === "") return form.querySelector("[name=from]").focus();
  send(form);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-filters]")) return;
  event.preventDefault();
  open(event.target, false);
  send(event.target);
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-filters-open]");
  if (opener) return open(opener.form, true);
  const form = document.querySelector("[data-filters].is-open");
  if (form && (event.target.closest("[data-filters-close]") || event.target === form)) open(form, false);
});

document.addEventListener("keydown", (event) => {
  const form = document.querySelector("[data-filters].is-open");
  if (event.key === "Escape" && form && !event.defaultPrevented) open(form, false);
});
