// The study page: keys, copying, sharing and deleting, each asked once, in words.

import { ask, bind, copy, prefix, say, send } from "./page.js";

const study = document.getElementById("study");
const { uid, patient, when, images } = study.dataset;
const follow = (key) => () => document.querySelector(`[data-key="${key}"]`)?.click() ?? false;
bind({ o: follow("o"), i: follow("i"), r: follow("r"), t: follow("t") });

const cards = [...document.querySelectorAll(".series a.card")];
function move(step) {
  const at = cards.indexOf(document.activeElement);
  const next = cards[Math.max(0, Math.min(cards.length - 1, at < 0 ? 0 : at + step))];
  next?.focus();
}
bind({ ArrowDown: () => move(1), ArrowRight: () => move(1), ArrowUp: () => move(-1), ArrowLeft: () => move(-1) });

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) say((await copy(button.dataset.copy)) ? "Copied." : "The browser allows no copying here.");
});

document.querySelector("[data-action=delete]")?.addEventListener("click", async () => {
  const sure = await ask({
    title: "Delete this study?",
    text: [`${patient}, ${when}: ${images}, with all annotations and draft reports will be gone from this archive, for everybody.`, "There is no undo. The files can be stored again by who still has them."],
    yes: "Delete the study",
    danger: true,
  });
  if (!sure) return;
  try {
    await send("DELETE", `/dicom-web/studies/${uid}`);
    sessionStorage.setItem("said", `The study of ${patient} is deleted.`);
    location.assign(`${prefix}/`);
  } catch (refused) {
    say(`The study is still there: ${refused.message}`, { bad: true });
  }
});

document.querySelector("[data-action=share]")?.addEventListener("click", async () => {
  const { share } = await import("./share.js");
  share({ uid, patient, when });
});

// State, reports and annotations, where the radiology extension is there

const element = (name, values = {}, ...children) => {
  const made = Object.assign(document.createElement(name), values);
  made.append(...children);
  return made;
};
const dayOf = (text) => (text ? new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" }) : "—");
const spaced = (text) => text.replaceAll("_", " ");
let etag = "";

async function state() {
  const { data, headers } = await send("GET", `/api/radiology/studies/${uid}`);
  etag = headers.get("ETag") || "";
  document.getElementById("state").textContent = spaced(data.status);
  document.getElementById("assigned").textContent = [data.priority !== "routine" && data.priority, data.assignedTo && `assigned to ${data.assignedTo}`].filter(Boolean).join(", ");
  if (!study.dataset.edit) return;
  const next = data.nextStatuses.filter((each) => !["reported", "verified"].includes(each));
  document.getElementById("steps").replaceChildren(...next.map((each) => element("button", {
    type: "button", className: each === "cancelled" ? "small danger" : "small", textContent: each === "cancelled" ? "Cancel …" : `Mark as ${spaced(each)}`, onclick: () => step(each, data.status),
  })));
}
async function step(to, from) {
  if (to === "cancelled" && !(await ask({ title: "Cancel this study?", text: `The study of ${patient}, ${when}, is marked as cancelled and leaves the worklists. Its images stay.`, yes: "Cancel the study", danger: true }))) return;
  try {
    await send("PUT", `/api/radiology/studies/${uid}/status`, { json: { status: to }, headers: etag ? { "If-Match": etag } : {} });
    say(`The study is ${spaced(to)} now; it was ${spaced(from)}.`);
  } catch (refused) {
    say(`The study is still ${spaced(from)}: ${refused.message}`, { bad: true });
  }
  await state();
}
async function reports() {
  const { data } = await send("GET", `/api/radiology/studies/${uid}/reports`);
  if (!data.length) return;
  document.getElementById("reports").replaceChildren(...data.map((each) => element("li", {},
    element("a", { href: `${prefix}/studies/${uid}/report?id=${each.id}`, textContent: `${each.reportType === "addendum" ? "Addendum" : "Report"} of ${dayOf(each.createdAt)}` }), " ",
    Object.assign(element("span", { className: "badge", textContent: each.status })),
    ...(each.impression ? [element("p", { className: "excerpt", textContent: each.impression })] : []))));
  document.querySelectorAll("#reports .badge").forEach((each) => { each.dataset.status = each.textContent; });
}
async function annotations() {
  const { data, body } = await send("GET", `/api/radiology/studies/${uid}/annotations?limit=5`);
  if (!data.length) return;
  const total = body.pagination?.total ?? data.length;
  document.getElementById("annotations").replaceChildren(...data.map((each) => element("li", {}, element("span", { className: "badge", textContent: each.keyImage ? "key image" : each.type }), ` ${each.label || "—"}`)),
    ...(total > data.length ? [element("li", { className: "quiet", textContent: `and ${total - data.length} more` })] : []));
}
if (study.dataset.radiology) {
  Promise.allSettled([state(), reports(), annotations()]).then((all) => {
    const failed = all.find((each) => each.status === "rejected");
    if (failed && failed.reason.status !== 404) say(`Some of this page could not be read: ${failed.reason.message}`, { bad: true });
  });
}

document.addEventListener("error", (event) => {
  if (event.target.tagName === "IMG") event.target.classList.add("absent");
}, true);
