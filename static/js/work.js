// Work that goes on beside the web: the page at hand asks how it goes, and is shown anew when that has changed.
async function follow(work) {
  const words = work.querySelector("[data-progress-words]");
  try {
    const response = await fetch(work.dataset.progress, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) return location.reload();
    const found = await response.json();
    if (found.state !== work.dataset.state) return location.reload();
    if (words.textContent !== found.words) words.textContent = found.words;
    work.querySelector("[data-progress-seconds]").textContent = found.seconds;
  } catch {
    words.textContent = "The server does not answer just now; the work goes on.";
  }
  setTimeout(follow, 1000, work);
}

const work = document.querySelector("[data-progress]");
if (work) setTimeout(follow, 500, work);
