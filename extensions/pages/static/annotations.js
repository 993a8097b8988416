// The annotations of a study: what was drawn, what was measured, by whom.

import { ask, count, prefix, say, send } from "./page.js";

const page = document.getElementById("annotations-page");
const { study, patient, annotate } = page.dataset;
const filter = document.getElementById("filter");
const table = page.querySelector("table");
const said = document.getElementById("said-count");
const UNITS = { mm2: "mm²", px2: "px²", deg: "°", "[hnsf'U]": "HU" };
const LABELS = { length: "", angle: "", area: "area", radius: "radius", perimeter: "perimeter", width: "width", height: "height", mean: "mean", standardDeviation: "SD" };

const element = (name, values = {}, ...children) => {
  const made = Object.assign(document.createElement(name), values);
  made.append(...children);
  return made;
};
const dayOf = (text) => (text ? new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" }) : "—");
const rounded = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1));
function measured(found) {
  if (!found) return "—";
  const parts = Object.entries(LABELS).filter(([name]) => found[name]).map(([name, label]) => `${label} ${rounded(found[name].value)} ${UNITS[found[name].unit] || found[name].unit}`.trim());
  return parts.join(", ") || found.note || "—";
}

async function list() {
  const query = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value));
  query.set("limit", "500");
  const { data, body } = await send("GET", `/api/radiology/studies/${study}/annotations?${query}`);
  table.hidden = !data.length;
  const sr = document.getElementById("sr");
  sr.hidden = !data.length;
  said.textContent = data.length ? count(body.pagination?.total ?? data.length, "annotation") : "None. Annotations are drawn in the viewer and imported from its measurement reports, or sent to the API.";
  table.tBodies[0].replaceChildren(...data.map(row));
}
function row(each) {
  const root = `${prefix}/dicom-web/studies/${each.studyInstanceUID}/series/${each.seriesInstanceUID}/instances/${each.imageId}/frames/${each.frame}`;
  const image = element("img", { src: `${root}/rendered?viewport=112,112`, width: 56, height: 56, alt: "", loading: "lazy", className: "stamp" });
  const colour = element("span", { className: "dot", title: each.color });
  colour.style.background = each.color;
  const actions = element("td", { className: "open" });
  if (annotate) actions.append(element("button", { type: "button", className: "quiet", textContent: "Delete …", onclick: () => remove(each) }));
  return element("tr", {},
    element("td", {}, element("a", { href: `${root}/rendered`, target: "_blank", rel: "noopener", ariaLabel: "The image" }, image)),
    element("td", {}, colour, ` ${each.type}`, ...(each.keyImage ? [" ", element("span", { className: "badge", textContent: "key image" })] : [])),
    element("td", { textContent: each.label || "—" }), element("td", { textContent: measured(each.measurements) }),
    element("td", { textContent: `${each.author || "—"}, ${dayOf(each.createdAt)}` }), actions);
}
async function remove(each) {
  if (!(await ask({ title: "Delete this annotation?", text: `${each.type} ${each.label ? `“${each.label}”` : ""} of ${each.author || "unknown"} on an image of ${patient}. Its versions stay in the record.`, yes: "Delete", danger: true }))) return;
  try {
    await send("DELETE", `/api/radiology/annotations/${each.id}`, { headers: { "If-Match": `"${each.version}"` } });
    say("The annotation is deleted.");
  } catch (refused) {
    say(`It is still there: ${refused.message}`, { bad: true });
  }
  list();
}
const refused = (failure) => { said.textContent = `The annotations cannot be read: ${failure.message}`; };
let waiting;
filter.addEventListener("input", () => (clearTimeout(waiting), waiting = setTimeout(() => list().catch(refused), 200)));
filter.addEventListener("submit", (event) => event.preventDefault());
list().catch(refused);
