// Upload: the dialog, the drop, what is shown while files travel. The work: sending.js. Where the
// dialog names an order, its files become images of that; else they are stored by STOW-RS.

import { ask, bind, copy, count, number, prefix, say, size, span } from "./page.js";
import { Sending } from "./sending.js";

const sheet = document.getElementById("upload");
const drop = document.getElementById("drop");
const part = (name) => sheet.querySelector(`[data-upload=${name}]`);
const table = part("refusals").querySelector("tbody");
const doubts = part("doubts").querySelector("tbody");
const { order } = sheet.dataset;
const SHOWN = 200;
let sending = null;
let painting = 0;

const open = () => {
  if (!sheet.open) sheet.show();
  sheet.querySelector("#upload-files").focus();
};
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-action=upload]")) open();
});
bind({ u: open });
part("hide").onclick = () => sheet.close();
sheet.addEventListener("keydown", (event) => {
  if (event.key === "Escape") sheet.close();
});

for (const input of sheet.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => {
    const chosen = [...input.files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
    input.value = "";
    start(async function* () { yield* chosen; });
  });
}

// Dropping anywhere on the page

const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
let inside = 0;
document.addEventListener("dragenter", (event) => {
  if (holdsFiles(event) && ++inside) drop.hidden = false;
});
document.addEventListener("dragleave", () => {
  if (inside && --inside === 0) drop.hidden = true;
});
document.addEventListener("dragover", (event) => {
  if (holdsFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  inside = 0;
  drop.hidden = true;
  // The entries have to be taken before this event ends; their files are read later.
  const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
  const entries = items.map((item) => item.webkitGetAsEntry?.() || item.getAsFile());
  start(() => within(entries));
});

/** All files of dropped entries, folders opened one after the other. */
async function* within(entries) {
  for (const entry of entries.filter(Boolean)) {
    if (entry instanceof File) yield { file: entry, path: entry.name };
    else if (entry.isFile) yield { file: await new Promise((done, failed) => entry.file(done, failed)), path: entry.fullPath.replace(/^\//, "") };
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((done, failed) => reader.readEntries(done, failed));
        if (!some.length) break;
        yield* within(some);
      }
    }
  }
}

// One run

async function start(files) {
  if (!sheet.open) sheet.show();
  if (!sending || sending.ended) {
    sending = order ? new Sending(`${prefix}/api/radiology/studies/${order}/upload`, { form: true }) : new Sending(`${prefix}/dicom-web/studies`);
    sending.addEventListener("change", paint);
    sending.addEventListener("end", ended);
    table.replaceChildren();
    doubts.replaceChildren();
    part("stored").replaceChildren();
  }
  for (const name of ["retry", "copy", "done"]) part(name).hidden = true;
  part("cancel").hidden = false;
  sheet.querySelector(".run").hidden = false;
  sheet.querySelector(".choose").hidden = true;
  paint();
  await sending.add(files());
  paint();
}

/** Once a frame of the screen, however often something changes. */
function paint() {
  cancelAnimationFrame(painting);
  painting = requestAnimationFrame(draw);
}

function draw() {
  const { total, settled, bytes, sent, refused, state, flights } = sending;
  part("count").textContent = number(settled);
  part("of").textContent = `of ${count(total, "file")}${sending.listing ? " so far" : ""}`;
  part("bar").max = bytes || 1;
  part("bar").value = Math.min(sent, bytes);
  part("bytes").textContent = `${size(Math.min(sent, bytes))} of ${size(bytes)}`;
  part("speed").textContent = sending.speed && !sending.ended ? `${size(sending.speed)}/s` : "";
  const left = sending.speed && !sending.ended ? (bytes - sent) / sending.speed : 0;
  part("left").textContent = left > 0 && !sending.listing ? `${span(left)} left` : "";
  if (part("state").textContent !== state) part("state").textContent = state;
  part("flights").replaceChildren(...flights.map(flightLine));
  part("refusals").hidden = !refused.length;
  part("refused").textContent = `${count(refused.length, "file")} not stored`;
  fill(table, refused);
  part("doubts").hidden = !sending.doubted.length;
  part("doubted").textContent = `${count(sending.doubted.length, "file")} stored that should be looked at`;
  fill(doubts, sending.doubted);
}

/** One line a file, up to SHOWN of them. */
function fill(body, files) {
  while (body.rows.length < Math.min(files.length, SHOWN)) {
    const { path, reason } = files[body.rows.length];
    const row = body.insertRow();
    row.insertCell().textContent = path;
    row.insertCell().textContent = reason;
  }
  if (files.length > SHOWN && body.rows.length === SHOWN) {
    const cell = body.insertRow().insertCell();
    cell.colSpan = 2;
    cell.textContent = "and more: the summary that you can copy names them all";
  }
}

function flightLine(flight) {
  const line = document.createElement("li");
  const { path, share } = flight.now();
  const label = document.createElement("span");
  label.textContent = `\u200e${path}`;
  label.title = path;
  const bar = Object.assign(document.createElement("progress"), { max: 1, value: share });
  bar.setAttribute("aria-label", path);
  line.append(label, bar);
  return line;
}

function ended() {
  cancelAnimationFrame(painting);
  draw();
  part("cancel").hidden = true;
  part("retry").hidden = !sending.refused.length;
  part("copy").hidden = false;
  part("done").hidden = !sending.stored;
  sheet.querySelector(".choose").hidden = false;
  const places = order ? [] : [...sending.studies].slice(0, 5).map(([study, files]) => {
    const line = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: `${prefix}/studies/${study}`, textContent: "Open the study" });
    link.dataset.study = study;
    const said = Object.assign(document.createElement("span"), { textContent: count(files, "image"), className: "quiet" });
    line.append(link, said);
    return line;
  });
  if (!order && sending.studies.size > 5) places.push(Object.assign(document.createElement("li"), { className: "quiet", textContent: `and ${count(sending.studies.size - 5, "further study", "further studies")}` }));
  part("stored").replaceChildren(...places);
  if (places.length) name(part("stored").querySelectorAll("a"));
  if (sending.stored) document.dispatchEvent(new Event("stored"));
}

/** Say whose studies they are; where that cannot be had, the links open them all the same. */
async function name(links) {
  const studies = [...links].map((link) => link.dataset.study);
  const query = `StudyInstanceUID=${studies.join(",")}&includefield=StudyDescription`;
  const answer = await fetch(`${prefix}/dicom-web/studies?${query}`, { headers: { Accept: "application/dicom+json" } }).catch(() => null);
  if (answer?.status !== 200) return;
  for (const found of await answer.json()) {
    const value = (tag) => found[tag]?.Value?.[0];
    const person = value("00100010");
    const [family, given] = (person?.Alphabetic || person?.Ideographic || "").split("^");
    const who = [family, given].filter(Boolean).join(", ") || value("00100020");
    const words = [who, found["00080061"]?.Value?.join(", "), value("00081030")].filter(Boolean).join(" · ");
    const link = [...links].find((each) => each.dataset.study === value("0020000D"));
    if (words && link) link.textContent = words;
  }
}

part("cancel").onclick = async () => {
  const many = sending.total - sending.settled;
  if (many > 20 && !(await ask({ title: "Stop the upload?", text: `${count(many, "file")} have not been sent yet. What is stored stays stored.`, yes: "Stop", danger: true }))) return;
  sending.cancel();
};
part("retry").onclick = () => {
  const again = sending.refused.map(({ file, path }) => ({ file, path }));
  start(async function* () { yield* again; });
};
part("copy").onclick = async () => {
  say((await copy(sending.summary())) ? "The summary is copied." : "The browser allows no copying here.");
};
part("done").onclick = () => {
  sheet.close();
  document.querySelector("#results a.row, #order h1")?.focus();
};

window.addEventListener("beforeunload", (event) => {
  if (sending && !sending.ended) event.preventDefault();
});
