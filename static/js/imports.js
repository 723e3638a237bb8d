// Imports: files are dropped, and sent with a bar that fills.
const form = document.querySelector("[data-upload]");
const MIB = 1 << 20;

const size = (bytes) => (bytes < MIB ? `${Math.max(1, Math.round(bytes / 1024))} KiB` : `${(bytes / MIB).toFixed(1)} MiB`);

function fault(files) {
  const total = [...files].reduce((sum, file) => sum + file.size, 0);
  if (total > form.dataset.largest * MIB) return `Together that is ${size(total)}; at most ${form.dataset.largest} MiB are taken.`;
  if (files.length > form.dataset.most) return `That is ${files.length} files; at most ${form.dataset.most} at a time.`;
  return "";
}

function say(words, isFault = false) {
  const line = form.querySelector("[data-words]");
  line.textContent = words;
  line.classList.toggle("is-fault", isFault);
}

function list(input) {
  const shown = form.querySelector("[data-files]");
  shown.replaceChildren(...[...input.files].map((file) => {
    const item = document.createElement("li");
    item.append(Object.assign(document.createElement("span"), { textContent: file.name }));
    item.append(Object.assign(document.createElement("span"), { className: "quiet", textContent: size(file.size) }));
    return item;
  }));
  shown.hidden = input.files.length === 0;
  say(fault(input.files), true);
}

function send(event) {
  const input = form.querySelector("[type=file]");
  event.preventDefault();
  const wrong = fault(input.files);
  if (wrong) return say(wrong, true);
  const bar = form.querySelector("[data-bar]");
  const button = form.querySelector("[data-send]");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("Accept", "application/json");
  request.responseType = "json";
  request.upload.addEventListener("progress", (sent) => {
    if (!sent.lengthComputable) return;
    bar.value = (100 * sent.loaded) / sent.total;
    say(sent.loaded < sent.total ? `Sending, ${Math.floor(bar.value)} %` : "Sent");
  });
  request.addEventListener("load", () => {
    if (request.response?.address && !request.response.fault) return location.assign(request.response.address);
    end(request.response?.fault || request.response?.error || "The files could not be sent. Reload the page and try again.");
  });
  request.addEventListener("error", () => end("The connection was cut before everything was sent. Nothing was kept."));
  const end = (words) => {
    button.disabled = false;
    bar.hidden = true;
    say(words, true);
  };
  button.disabled = true;
  bar.hidden = false;
  say("Sending");
  request.send(new FormData(form));
}

function takeDrops(area, input) {
  const mark = (is) => area.classList.toggle("is-over", is);
  for (const name of ["dragenter", "dragover"]) {
    area.addEventListener(name, (event) => {
      event.preventDefault();
      mark(true);
    });
  }
  area.addEventListener("dragleave", (event) => {
    if (!area.contains(event.relatedTarget)) mark(false);
  });
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // A file that misses the place must not open in the page's stead.
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
}

if (form) {
  const input = form.querySelector("[type=file]");
  takeDrops(form.querySelector("[data-drop]"), input);
  input.addEventListener("change", () => list(input));
  form.addEventListener("submit", send);
  addEventListener("pageshow", () => {
    form.querySelector("[data-send]").disabled = false;
    if (input.files.length) list(input);
  });
}
