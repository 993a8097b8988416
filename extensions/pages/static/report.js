// The report editor. What is typed goes into the browser's storage at once, and to the server as a
// draft a moment later; it leaves the storage when the server has said that it has it.

import { ask, bind, prefix, Refused, say, send } from "./page.js";

const desk = document.getElementById("report");
const { study, patient, when, patientId, modality, bodyPart } = desk.dataset;
const mayWrite = desk.dataset.write === "yes";
const who = document.body.dataset.who;
const form = document.getElementById("editor");
const NAMES = [...form.querySelectorAll("textarea")].map((each) => each.name);
const TITLES = Object.fromEntries([...form.querySelectorAll("label")].map((each) => [each.htmlFor, each.textContent]));
const ROWS = Object.fromEntries(NAMES.map((name) => [name, form.elements[name].rows]));
const PAUSE = 1200;
const API = "/api/radiology";
const byId = (id) => document.getElementById(id);
const shown = (id, on) => { const each = byId(id); if (each) each.hidden = !on; };

let report = null; // as the server has it; null: not there yet
let etag = "";
let addendumTo = "";
let stored = emptied(); // the text that the server has
let templateId = "";
let saving = null;
let timer = 0;
let tries = 0;

function emptied() { return Object.fromEntries(NAMES.map((name) => [name, ""])); }
const clean = (text) => text.replace(/\r\n?|[\v\f\u0085\u2028\u2029]/g, "\n").trimEnd();
const typed = () => Object.fromEntries(NAMES.map((name) => [name, clean(form.elements[name].value)]));
const differs = (one, other) => NAMES.some((name) => (one[name] || "") !== (other[name] || ""));
const isEmpty = (one) => NAMES.every((name) => !one[name]);
const clock = (at = new Date()) => new Date(at).toLocaleTimeString("en-GB");
const dayOf = (text) => (text ? new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" }) : "—");
const isFixed = () => report && ["final", "verified"].includes(report.status);
const isDraft = () => !report || report.status === "draft";

// The copy on this computer

const place = () => `lightbox.report:${prefix}:${study}:${report?.id || (addendumTo ? `addendum-${addendumTo}` : "new")}:${who}`;
function keep() {
  try { localStorage.setItem(place(), JSON.stringify({ text: typed(), at: Date.now(), etag, templateId })); } catch { /* private mode: the server has to do */ }
}
function kept() {
  try { return JSON.parse(localStorage.getItem(place())); } catch { return null; }
}
function forget(at = place()) {
  try { localStorage.removeItem(at); } catch { /* nothing was kept */ }
}

// Saving

function tell(text, bad = false) {
  byId("saved").textContent = text;
  byId("saved").classList.toggle("wrong", bad);
}

form.addEventListener("input", (event) => {
  grow(event.target);
  keep();
  tell(isDraft() ? "Writing …" : `Kept on this computer ${clock()}; not stored yet`);
  later(PAUSE);
});
function later(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => autosave(), milliseconds);
}

/** Store the draft, one request at a time; true when the server has all that is written. */
async function autosave({ now = false } = {}) {
  clearTimeout(timer);
  if (saving) return saving.then(() => autosave({ now }));
  if (!mayWrite || isFixed() || !differs(typed(), stored)) return true;
  if (!isDraft() && !now) return false; // a preliminary report changes when its author says so
  saving = save(isDraft() ? { status: "draft", autosave: !now } : { reportType: "preliminary" }).finally(() => { saving = null; });
  return saving;
}

async function save(change) {
  const text = typed();
  const before = place();
  try {
    const answer = await request(text, change);
    report = answer.data;
    etag = answer.headers.get("ETag") || `"${report.version}"`;
    // Placeholders are filled by the server: what it has is what is shown.
    if (!differs(typed(), text)) {
      for (const name of NAMES.filter((each) => report[each] !== text[each])) {
        form.elements[name].value = report[name];
        grow(form.elements[name]);
      }
    }
    stored = Object.fromEntries(NAMES.map((name) => [name, report[name]]));
    tries = 0;
    forget(before);
    if (differs(typed(), stored)) keep();
    tell(`Saved ${clock()}`);
    const query = new URLSearchParams({ id: report.id });
    history.replaceState({}, "", `${location.pathname}?${query}`);
    unknown(report.unknownPlaceholders);
    dress();
    lists();
    if (differs(typed(), stored)) later(PAUSE);
    return true;
  } catch (refused) {
    return failed(refused);
  }
}

function request(text, change) {
  const body = { ...text, templateId: templateId || undefined, ...change };
  if (report) return send("PUT", `${API}/reports/${report.id}`, { json: body, headers: { "If-Match": etag } });
  const type = addendumTo ? { reportType: "addendum", addendumTo } : { reportType: "preliminary" };
  return send("POST", `${API}/studies/${study}/report`, { json: { ...type, ...body } });
}

async function failed(refused) {
  if (!(refused instanceof Refused)) throw refused;
  keep();
  if (refused.status === 412) return void (await collided());
  if (refused.status === 0 || refused.status >= 500 || refused.status === 429) {
    tries += 1;
    const wait = Math.min(30, 2 ** tries);
    tell(`Not stored: ${refused.message} Kept on this computer ${clock()}; trying again in ${wait} s`, true);
    if (isDraft()) later(wait * 1000);
  } else if (refused.status === 401) {
    tell(`Not stored: you are logged out. Kept on this computer ${clock()}`, true);
  } else {
    tell(`Not stored: ${refused.message} Kept on this computer ${clock()}`, true);
  }
  return false;
}

/** Somebody else has changed the report meanwhile: both texts are kept, the person decides. */
async function collided() {
  tell("Not stored: somebody has changed this report meanwhile", true);
  const answer = await send("GET", `${API}/reports/${report.id}`);
  const theirs = answer.data;
  const mine = typed();
  const fields = NAMES.filter((name) => clean(theirs[name] || "") !== mine[name]).map((name) => TITLES[name]);
  const useMine = await ask({
    title: "This report has two texts now",
    text: [`${theirs.updatedBy || "Somebody"} has stored another one at ${clock(theirs.updatedAt)}. It differs in: ${fields.join(", ") || "nothing"}.`,
      "Store yours, and theirs stays among the versions. Or cancel: theirs is shown, and yours stays on this computer."],
    yes: "Store mine",
  });
  if (useMine) {
    report = theirs;
    etag = answer.headers.get("ETag") || `"${theirs.version}"`;
    stored = Object.fromEntries(NAMES.map((name) => [name, theirs[name] || ""]));
    return autosave({ now: true });
  }
  try { localStorage.setItem(`${place()}:mine`, JSON.stringify({ text: mine, at: Date.now() })); } catch { /* the notice below still holds it */ }
  forget();
  show(theirs, answer.headers.get("ETag"));
  notice("Theirs is shown. Yours is kept on this computer.", [["Put mine back", () => put(mine)]]);
}

window.addEventListener("beforeunload", (event) => {
  if (mayWrite && !isFixed() && differs(typed(), stored)) {
    keep();
    event.preventDefault();
  }
});
document.addEventListener("visibilitychange", () => document.hidden && isDraft() && autosave());
window.addEventListener("online", () => isDraft() && autosave());

// What is shown

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}
function put(text) {
  for (const name of NAMES) {
    form.elements[name].value = text[name] || "";
    grow(form.elements[name]);
  }
  form.elements.findings.dispatchEvent(new Event("input", { bubbles: true }));
}

function show(found, tag) {
  report = found;
  etag = tag || (found ? `"${found.version}"` : "");
  addendumTo = found?.addendumTo || addendumTo;
  templateId = found?.templateId || "";
  stored = Object.fromEntries(NAMES.map((name) => [name, found?.[name] || ""]));
  for (const name of NAMES) {
    form.elements[name].value = stored[name];
    form.elements[name].disabled = false;
    grow(form.elements[name]);
  }
  dress();
}

const STATES = { draft: "draft", preliminary: "preliminary", final: "final", verified: "verified" };
function dress() {
  const status = report?.status || "draft";
  const kind = byId("kind");
  kind.hidden = false;
  kind.textContent = report ? `${report.reportType === "addendum" || addendumTo ? "addendum, " : ""}${STATES[status]}` : addendumTo ? "new addendum" : "new";
  kind.dataset.status = status;
  const writing = mayWrite && !isFixed();
  for (const name of NAMES) form.elements[name].readOnly = !writing;
  const whole = !addendumTo;
  for (const section of form.querySelectorAll(".section")) {
    const name = section.dataset.section;
    const short = !writing || (addendumTo && !["findings", "impression", "recommendations"].includes(name));
    section.hidden = short && !form.elements[name].value;
    form.elements[name].rows = writing ? ROWS[name] : 1;
    if (!section.hidden) grow(form.elements[name]);
  }
  shown("template-bar", writing && whole && (byId("template")?.options.length > 1 || byId("keep")));
  shown("preliminary", writing && whole);
  byId("preliminary").textContent = status === "preliminary" ? "Save the preliminary report" : "Save as preliminary";
  shown("final", writing);
  shown("discard", mayWrite && report?.status === "draft");
  shown("addendum", mayWrite && isFixed() && whole);
  shown("verify", mayWrite && report?.status === "final");
  byId("signed").textContent = report ? [
    report.finalizedAt && `Final by ${report.finalizedBy || "unknown"}, ${dayOf(report.finalizedAt)} ${clock(report.finalizedAt)}`,
    report.verifiedAt && `Verified by ${report.verifiedBy || "unknown"}, ${dayOf(report.verifiedAt)} ${clock(report.verifiedAt)}`,
  ].filter(Boolean).join(" · ") : "";
  byId("documents").replaceChildren(...(report ? [["PDF", "pdf"], ["Print view", "html"]].map(([text, format]) =>
    element("a", { className: "button quiet", textContent: text, href: `${prefix}${API}/reports/${report.id}?format=${format}`, target: "_blank", rel: "noopener" })) : []));
  const addenda = report?.addenda || [];
  shown("addenda", addenda.length);
  byId("addenda").querySelector("ol").replaceChildren(...addenda.map((each) => element("li", {}, element("a", { href: `?id=${each.id}`, textContent: `${dayOf(each.createdAt)}, ${each.createdBy || "unknown"}: ${each.status}` }))));
}

function element(name, values = {}, ...children) {
  const made = Object.assign(document.createElement(name), values);
  made.append(...children);
  return made;
}

function notice(text, buttons = []) {
  const box = byId("notice");
  box.hidden = false;
  box.replaceChildren(element("span", { textContent: text }), ...buttons.map(([label, action]) =>
    element("button", { type: "button", textContent: label, onclick: () => ((box.hidden = true), action()) })));
}

function unknown(names) {
  if (names?.length) notice(`Nothing is known for ${names.map((name) => `{{${name}}}`).join(", ")}: fill in or delete what stands there.`);
}

// Actions

byId("preliminary").onclick = async () => {
  if (isEmpty(typed())) return say("The report is empty; nothing was stored.", { bad: true });
  await settled();
  if (await save({ reportType: "preliminary" })) say("Stored as preliminary. It can still be changed.");
};

byId("final").onclick = async () => {
  const text = typed();
  if (isEmpty(text)) return say("The report is empty; it cannot be signed.", { bad: true });
  if (!(await preview(text))) return;
  await settled();
  if (await save({ reportType: addendumTo ? "addendum" : "final", status: "final" })) say(`The ${addendumTo ? "addendum" : "report"} of ${patient} is final.`);
};
async function settled() {
  clearTimeout(timer);
  while (saving) await saving;
}

/** Exactly what will be stored, and what it means to sign it. */
function preview(text) {
  const dialog = element("dialog", { className: "preview" });
  dialog.setAttribute("aria-labelledby", "preview-title");
  const parts = NAMES.filter((name) => text[name]).map((name) => element("section", {}, element("h3", { textContent: TITLES[name] }), element("p", { textContent: text[name] })));
  const agree = element("form", { method: "dialog", className: "actions" },
    element("button", { textContent: "Go on writing", value: "", autofocus: true }),
    element("button", { textContent: `Sign as final`, value: "yes", className: "primary" }));
  dialog.append(element("h2", { id: "preview-title", textContent: `${addendumTo ? "Addendum" : "Report"}: ${patient}, ${when}` }),
    element("div", { className: "sheet-text" }, ...parts),
    element("p", { textContent: `It becomes part of the record of ${patient} and is stored in the study. A final report is not changed any more; what is to be added later is an addendum.` }), agree);
  document.body.append(dialog);
  return new Promise((done) => {
    dialog.onclose = () => (dialog.remove(), done(dialog.returnValue === "yes"));
    dialog.showModal();
  });
}

byId("verify").onclick = async () => {
  const sure = await ask({ title: "Verify this report?", text: [`You confirm the report of ${patient}, ${when}, with your name${who && who !== "anonymous" ? ` (${who})` : ""}.`, "It cannot be taken back; corrections are addenda."], yes: "Verify the report" });
  if (!sure) return;
  try {
    const answer = await send("POST", `${API}/reports/${report.id}/verify`, { headers: { "If-Match": etag } });
    show(answer.data, answer.headers.get("ETag"));
    say(`The report of ${patient} is verified.`);
    lists();
  } catch (refused) { say(`Not verified: ${refused.message}`, { bad: true }); }
};
byId("addendum").onclick = () => location.assign(`?addendum=${report.id}`);
byId("discard").onclick = async () => {
  if (!(await ask({ title: "Delete this draft?", text: `The draft for ${patient}, ${when}, is deleted with its versions. Signed reports are not touched.`, yes: "Delete the draft", danger: true }))) return;
  try {
    await settled();
    await send("DELETE", `${API}/reports/${report.id}`, { headers: { "If-Match": etag } });
    forget();
    stored = typed();
    sessionStorage.setItem("said", "The draft is deleted.");
    location.assign(`${prefix}/studies/${study}`);
  } catch (refused) { say(`The draft is still there: ${refused.message}`, { bad: true }); }
};

// Templates

async function templates() {
  const select = byId("template");
  if (!select) return;
  const found = (await send("GET", `${API}/report-templates?limit=200`)).data;
  const fits = (each) => (each.modality && each.modality === modality ? 2 : each.modality ? -4 : 0) + (each.bodyPart && each.bodyPart.toUpperCase() === bodyPart.toUpperCase() ? 1 : 0);
  const usable = found.filter((each) => each.isActive !== false).sort((one, other) => fits(other) - fits(one) || one.name.localeCompare(other.name));
  select.replaceChildren(element("option", { value: "", textContent: usable.length ? "None" : "None yet" }), ...usable.map((each) => element("option", { value: each.id, textContent: [each.name, each.modality, each.bodyPart].filter(Boolean).join(" · ") })));
  if (usable.length && fits(usable[0]) > 0) select.value = usable[0].id;
  shown("template-bar", mayWrite && !isFixed() && !addendumTo && (usable.length > 0 || byId("keep")));
  byId("apply").disabled = !usable.length;
  byId("apply").onclick = () => insert(select.value);
}

/** The template with its placeholders filled by the server; into empty sections, or behind what is there. */
async function insert(id) {
  if (!id) return say("Choose a template first.");
  try {
    const { data } = await send("POST", `${API}/report-templates/${id}/fill?studyId=${study}`);
    const before = typed();
    let changed = false;
    for (const name of NAMES) {
      const text = clean(data.sections[name] || "");
      if (!text || before[name].includes(text)) continue;
      form.elements[name].value = before[name] ? `${before[name]}\n\n${text}` : text;
      changed = true;
    }
    templateId = id;
    if (!changed) return say("All of this template stands in the report already.");
    put(typed());
    unknown(data.unknownPlaceholders);
    say("The template is inserted.", { undo: () => put(before) });
    form.elements.findings.focus();
  } catch (refused) { say(`The template was not inserted: ${refused.message}`, { bad: true }); }
}

const keepButton = byId("keep");
if (keepButton) keepButton.onclick = () => {
  const text = typed();
  if (isEmpty(text)) return say("The report is empty: write what the template shall say.", { bad: true });
  const dialog = element("dialog");
  dialog.setAttribute("aria-label", "Keep this text as a template");
  const field = (id, label, value) => [element("label", { htmlFor: id, textContent: label }), element("input", { id, value, maxLength: 64, autocomplete: "off" })];
  const form_ = element("form", { className: "fields" }, ...field("template-name", "Name", ""), ...field("template-modality", "Modality", modality), ...field("template-part", "Body part (empty: all)", bodyPart),
    element("p", { className: "wrong", role: "alert" }),
    element("p", { className: "actions" }, element("button", { type: "button", textContent: "Cancel", onclick: () => dialog.close() }), element("button", { className: "primary", textContent: "Keep the template" })));
  dialog.append(element("h2", { textContent: "Keep this text as a template" }),
    element("p", { textContent: `Everybody who writes reports can insert it. Take out what is about ${patient}, or put placeholders: {{patientName}}, {{patientAge}}, {{studyDate}}, {{clinicalHistory}} …` }), form_);
  form_.onsubmit = async (event) => {
    event.preventDefault();
    const content = NAMES.filter((name) => text[name]).map((name) => `${TITLES[name]}:\n${text[name]}`).join("\n\n");
    const [name, kind, part] = [...form_.querySelectorAll("input")].map((each) => each.value);
    try {
      await send("POST", `${API}/report-templates`, { json: { name, modality: kind, bodyPart: part, content } });
      dialog.close();
      say(`The template “${name}” is kept.`);
      await templates();
    } catch (refused) {
      form_.querySelector("[role=alert]").textContent = refused.message;
    }
  };
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
  form_.querySelector("input").focus();
};

// Beside the text

const line = (href, head, text, status) => element("li", {}, element("a", { href, textContent: head }), ...(status ? [" ", element("span", { className: "badge", textContent: status })] : []), ...(text ? [element("p", { className: "excerpt", textContent: text })] : []));
async function lists() {
  const some = (id, items) => items.length && byId(id).replaceChildren(...items);
  const [reports, versions] = await Promise.allSettled([
    send("GET", `${API}/studies/${study}/reports`),
    report ? send("GET", `${API}/reports/${report.id}/versions`) : Promise.resolve({ data: [] }),
  ]);
  if (reports.value) {
    some("reports", reports.value.data.map((each) => {
      const made = line(`?id=${each.id}`, `${dayOf(each.createdAt)}, ${each.createdBy || "unknown"}`, "", each.reportType === "addendum" ? `addendum, ${each.status}` : each.status);
      if (each.id === report?.id) made.firstChild.setAttribute("aria-current", "true");
      return made;
    }));
  }
  if (versions.value) {
    const found = [...versions.value.data].sort((one, other) => other.version - one.version);
    some("versions", found.slice(0, 50).map((each, at) => element("li", {},
      element("button", { type: "button", className: "link", textContent: `${each.version}: ${each.status}`, disabled: !found[at + 1], title: found[at + 1] ? "What changed" : "The first version", onclick: () => difference(found[at + 1].version, each.version) }),
      element("span", { className: "quiet", textContent: ` ${dayOf(each.at)} ${clock(each.at)}, ${each.by || "unknown"}` }))));
  }
}

async function difference(before, version) {
  try {
    const { data } = await send("GET", `${API}/reports/${report.id}/diff?from=${before}&to=${version}`);
    const dialog = element("dialog", { className: "preview" });
    const parts = data.changes.map((change) => element("section", {}, element("h3", { textContent: TITLES[change.field] || change.field }),
      ...change.pieces.map((piece) => element(piece.op === "insert" ? "ins" : piece.op === "delete" ? "del" : "p", { textContent: piece.text || " " }))));
    dialog.setAttribute("aria-label", `What version ${version} changed`);
    dialog.append(element("form", { method: "dialog", className: "head" }, element("h2", { textContent: `What version ${version} changed` }), element("button", { className: "quiet icon", textContent: "✕", ariaLabel: "Close" })),
      element("div", { className: "sheet-text" }, ...(parts.length ? parts : [element("p", { textContent: "Nothing in the text." })])));
    dialog.onclose = () => dialog.remove();
    document.body.append(dialog);
    dialog.showModal();
  } catch (refused) { say(refused.message, { bad: true }); }
}

async function priors() {
  if (!patientId) return;
  const { data } = await send("GET", `${API}/reports?patientId=${encodeURIComponent(patientId)}&limit=20`);
  const found = data.filter((each) => each.studyInstanceUID !== study && each.status !== "draft");
  if (found.length) byId("priors").replaceChildren(...found.map((each) => line(`${prefix}/studies/${each.studyInstanceUID}/report?id=${each.id}`, `${dayOf(each.studyDate)} ${each.modality || ""} ${each.studyDescription || ""}`, each.impression, each.status)));
}

async function keyImages() {
  const { data } = await send("GET", `${API}/studies/${study}/annotations?keyImage=true&limit=24`);
  if (!data.length) return;
  byId("images-title").textContent = "Key images";
  byId("key-images").replaceChildren(...data.map((each) => {
    const root = `${prefix}/dicom-web/studies/${each.studyInstanceUID}/series/${each.seriesInstanceUID}/instances/${each.imageId}/frames/${each.frame}`;
    return element("li", {}, element("a", { href: `${root}/rendered`, target: "_blank", rel: "noopener" },
      element("img", { src: `${root}/rendered?viewport=224,224`, width: 112, height: 112, alt: each.label || "Key image" }), element("span", { className: "sub", textContent: each.label || "Key image" })));
  }));
}

// Keys

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    event.preventDefault();
    autosave({ now: true });
  }
  if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
    const all = NAMES.map((name) => form.elements[name]).filter((each) => !each.closest("[hidden]"));
    const next = all[all.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) event.preventDefault(), next.focus();
  }
});
bind({ o: () => document.querySelector("[data-key=o]")?.click(), s: () => document.querySelector("[data-key=s]").click() });

// Beginning

async function begin() {
  const query = new URLSearchParams(location.search);
  const id = query.get("id");
  addendumTo = query.get("addendum") || "";
  if (id) {
    const answer = await send("GET", `${API}/reports/${encodeURIComponent(id)}`);
    show(answer.data, answer.headers.get("ETag"));
  } else if (addendumTo) {
    show(null);
  } else {
    const { data } = await send("GET", `${API}/studies/${study}/reports`);
    const whole = data.filter((each) => each.reportType !== "addendum");
    const current = whole.find((each) => each.status === "draft" && each.createdBy === who) || whole.find((each) => ["draft", "preliminary"].includes(each.status)) || whole[0];
    if (current) {
      const answer = await send("GET", `${API}/reports/${current.id}`);
      show(answer.data, answer.headers.get("ETag"));
    } else show(null);
  }
  const copy = kept();
  if (copy && mayWrite && !isFixed() && differs(copy.text, stored)) {
    const server = { ...stored };
    put(copy.text);
    templateId = copy.templateId || templateId;
    notice(`What was written at ${clock(copy.at)} had not been stored; it is here again.`, [["Show what is stored instead", () => (put(server), forget())]]);
  } else if (report) tell(`Stored ${dayOf(report.updatedAt)} ${clock(report.updatedAt)}`);
  if (mayWrite && !isFixed()) [form.elements.findings, form.elements.impression].find((each) => !each.value)?.focus({ preventScroll: true });
  const rest = await Promise.allSettled([templates(), lists(), priors(), keyImages()]);
  if (rest.some((each) => each.status === "rejected")) console.info("Some lists beside the report could not be read.");
}

begin().catch((refused) => {
  notice(`The report cannot be read: ${refused.message}`, [["Try again", () => location.reload()]]);
  if (!(refused instanceof Refused)) throw refused;
});
