// The catalogue's rows: one box chooses the page, and the button says how many are chosen.
const form = document.querySelector("[data-choose]");
const all = form?.querySelector("[data-choose-all]");
const everything = form?.querySelector("[name=all]");
const boxes = form ? [...form.querySelectorAll("[name=item]")] : [];

function tell() {
  const chosen = boxes.filter((box) => box.checked).length;
  const count = form.querySelector("[data-choose-count]");
  if (!count) return;
  count.textContent = everything?.checked ? "(all)" : chosen ? `(${chosen})` : "";
  all.checked = chosen === boxes.length;
  all.indeterminate = chosen > 0 && chosen < boxes.length;
}

form?.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  tell();
});
if (form) addEventListener("pageshow", tell);

// On a phone the lists go on beyond the edge.
const lists = document.querySelector(".lists");
const chosen = lists?.querySelector("[aria-current]");
if (chosen) lists.scrollLeft = chosen.offsetLeft - (lists.clientWidth - chosen.offsetWidth) / 2;
