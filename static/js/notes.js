// A note that is closed goes at once, and stays closed for whoever closed it.
document.addEventListener("submit", async (event) => {
  const button = event.submitter;
  if (!button?.matches("[data-close-note]")) return;
  event.preventDefault();
  const note = button.closest(".notice");
  note.hidden = true;
  const body = new FormData(event.target, button);
  const answer = await fetch(event.target.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer?.type === "opaqueredirect") note.remove();
  else note.hidden = false;
});
