// The audit trail: filters and page in the URL, lines as the API tells them.

import { number, prefix, send } from "./page.js";

const filter = document.getElementById("filter");
const table = document.querySelector("table.audit");
const paging = document.querySelector(".paging");
const said = document.getElementById("said-count");
const LIMIT = 50;
let page = Number(new URLSearchParams(location.search).get("page")) || 1;

const cell = (text, className = "") => Object.assign(document.createElement("td"), { textContent: text || "—", className });
function when(text) {
  const at = new Date(text);
  const day = at.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  return `${day} ${at.toLocaleTimeString("en-GB", { timeZone: "UTC" })}`;
}
function target(line) {
  const made = cell([line.kind, line.patientId && `patient ${line.patientId}`, line.object, line.detail].filter(Boolean).join(", "));
  if (!line.studyUid) return made;
  made.append(" ", Object.assign(document.createElement("a"), { href: `${prefix}/studies/${line.studyUid}`, textContent: "study" }));
  return made;
}

async function list({ push = true } = {}) {
  const query = new URLSearchParams([...new FormData(filter)].filter(([, value]) => value));
  document.getElementById("xml").href = `${prefix}/api/audit.xml?${query}`;
  if (page > 1) query.set("page", page);
  if (push) history.replaceState({}, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  query.set("limit", LIMIT);
  try {
    const { data, body } = await send("GET", `/api/audit?${query}`);
    const total = body.pagination.total;
    table.hidden = !data.length;
    paging.hidden = !data.length;
    said.textContent = data.length ? `${number(total)} ${total === 1 ? "line" : "lines"}` : "Nothing fits.";
    table.tBodies[0].replaceChildren(...data.map((line) => {
      const row = document.createElement("tr");
      row.append(cell(when(line.time), "when"), cell(line.actor || "nobody"), cell(line.action), target(line), cell(line.outcome, line.outcome === "success" ? "" : "wrong"), cell(line.address), cell(number(line.count), "count"));
      return row;
    }));
    for (const [name, list] of [["action", "actions"], ["outcome", "outcomes"]]) {
      const known = document.getElementById(list);
      for (const value of new Set(data.map((line) => line[name]))) if (![...known.options].some((each) => each.value === value)) known.append(new Option("", value));
    }
    paging.querySelector("[data-range]").textContent = `${number((page - 1) * LIMIT + 1)}–${number((page - 1) * LIMIT + data.length)} of ${number(total)}`;
    paging.querySelector("[data-page='-1']").disabled = page < 2;
    paging.querySelector("[data-page='1']").disabled = page * LIMIT >= total;
  } catch (refused) {
    said.textContent = refused.message;
    table.hidden = true;
  }
}
let waiting;
filter.addEventListener("input", () => (clearTimeout(waiting), page = 1, waiting = setTimeout(list, 250)));
filter.addEventListener("submit", (event) => event.preventDefault());
for (const button of paging.querySelectorAll("button")) button.addEventListener("click", () => (page += Number(button.dataset.page), list(), scrollTo({ top: 0 })));
list({ push: false });
