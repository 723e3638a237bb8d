// A button that copies what is shown once, and a search over a list of boxes.
for (const shown of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) continue;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "button", textContent: "Copy" });
  button.addEventListener("click", async () => {
    const lines = shown.matches("ul") ? [...shown.children].map((line) => line.textContent.trim()) : [shown.textContent];
    try {
      await navigator.clipboard.writeText(lines.join("\n"));
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying is not permitted here: select it by hand";
    }
  });
  document.querySelector("[data-copy-end]").append(button);
}

for (const search of document.querySelectorAll("[data-narrow]")) {
  const boxes = [...search.parentElement.querySelectorAll("[data-narrowed] > label")];
  search.addEventListener("input", () => {
    const wanted = search.value.trim().toLocaleLowerCase();
    for (const box of boxes) box.hidden = !box.textContent.toLocaleLowerCase().includes(wanted);
  });
  // Enter in the search must not send the form.
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
}
