// The form of an order: what is known of the patient, each mistake at its field, nothing lost.

import { prefix, send } from "./page.js";

const API = "/api/radiology/studies";
const form = document.getElementById("order-form");
const problems = document.getElementById("problems");
const known = document.getElementById("known");
const { id, etag } = form.dataset;
const field = (name) => form.elements[name];
const before = values();
let leaving = false;

/** The body that the form stands for: JSON names, without what cannot be changed. */
function values() {
  const found = {};
  for (const each of form.elements) {
    if (each.name && each.name !== "again" && !each.readOnly && !each.disabled && !["family", "given"].includes(each.name)) found[each.name] = each.value.trim();
  }
  if (field("family") && !field("family").readOnly) {
    const name = ["family", "given"].map((each) => field(each).value.trim().replaceAll("^", " "));
    found.patientName = name[1] ? name.join("^") : name[0];
  }
  return found;
}
const changed = () => Object.fromEntries(Object.entries(values()).filter(([name, value]) => value !== before[name]));

/** Where a field of the API stands in this form. */
const place = (name) => (name === "patientName" && field("family") ? "family" : name);
const labelOf = (name) => form.querySelector(`label[for="${name}"]`)?.textContent || name;

function clear() {
  problems.hidden = true;
  form.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
  form.querySelectorAll(".said .wrong").forEach((each) => each.remove());
}
/** `patientBirthDate: it lies in the future; …` at the fields, and all of them above with links. */
function mark(found) {
  clear();
  const list = document.createElement("ul");
  for (const [name, text] of found) {
    const line = document.createElement("li");
    const said = document.getElementById(`${name}-said`);
    if (said) {
      field(name).setAttribute("aria-invalid", "true");
      said.prepend(Object.assign(document.createElement("span"), { className: "wrong", textContent: text[0].toUpperCase() + text.slice(1) }));
      line.append(Object.assign(document.createElement("a"), { href: `#${name}`, textContent: `${labelOf(name)}: ${text}` }));
    } else line.textContent = text;
    list.append(line);
  }
  problems.replaceChildren(Object.assign(document.createElement("h2"), { textContent: id ? "Not saved" : "Not ordered yet" }), list);
  problems.hidden = false;
  problems.focus();
}
problems.addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  field(link.hash.slice(1)).focus();
});
function read(message) {
  return message.replace(/\.$/, "").split("; ").map((part) => {
    const [, name, text] = /^(\w+): (.*)$/.exec(part) || [];
    return name && field(place(name)) ? [place(name), text] : ["", part];
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const empty = ["patientId", "modality"].filter((name) => !field(name).readOnly && !field(name).value.trim());
  const half = [...form.elements].filter((each) => each.validity?.badInput);
  if (empty.length + half.length) return mark([...empty.map((name) => [name, name === "modality" ? "choose one" : "enter it"]), ...half.map((each) => [each.name, "there is no such date"])]);
  const again = event.submitter?.name === "again";
  form.querySelectorAll("button").forEach((each) => { each.disabled = true; });
  try {
    const answer = id
      ? await send("PATCH", `${API}/${id}`, { json: changed(), headers: { "If-Match": etag } })
      : await send("POST", API, { json: Object.fromEntries(Object.entries(values()).filter(([, value]) => value)) });
    const { data } = answer;
    leaving = true;
    sessionStorage.setItem("said", id ? "The order is changed." : `Ordered: ${data.modality} for ${data.patientName?.replace("^", ", ") || data.patientId}, accession number ${data.accessionNumber}.`);
    location.assign(again ? `${prefix}/orders/new` : `${prefix}/orders/${data.id}`);
  } catch (refused) {
    if (refused.status === 412) mark([["", "Somebody has changed this order meanwhile. Open it in another tab, and write your changes there: what you have typed is still here."]]);
    else mark(read(refused.message || String(refused)));
  } finally {
    form.querySelectorAll("button").forEach((each) => { each.disabled = false; });
  }
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.preventDefault(), form.requestSubmit();
});
window.addEventListener("beforeunload", (event) => {
  if (!leaving && Object.keys(changed()).length) event.preventDefault();
});

// Who has this Patient ID already: to be taken over, or to be wondered at

field("patientId").addEventListener("change", async () => {
  known.hidden = true;
  const patientId = field("patientId").value.trim();
  if (!patientId || id) return;
  const { data } = await send("GET", `${API}?patientId=${encodeURIComponent(patientId)}&limit=1`).catch(() => ({ data: [] }));
  const [found] = data;
  if (!found || field("patientId").value.trim() !== patientId) return;
  const name = (found.patientName || "").split("=")[0];
  const [family, given = ""] = name.split("^");
  const told = [name ? [family, given].filter(Boolean).join(", ") : "a patient without a name", found.patientBirthDate && `born ${found.patientBirthDate}`].filter(Boolean).join(", ");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Take this over" });
  button.onclick = () => {
    Object.assign(field("family") || {}, { value: family });
    Object.assign(field("given") || {}, { value: given });
    field("patientBirthDate").value = found.patientBirthDate || "";
    field("patientSex").value = found.patientSex || "";
    known.hidden = true;
    field("modality").focus();
  };
  known.replaceChildren(Object.assign(document.createElement("span"), { textContent: `This ID is known: ${told}.` }), button);
  known.hidden = false;
});
(field("patientId").value && !id ? field("modality") : field("patientId").readOnly ? field("modality") : field("patientId")).focus();
