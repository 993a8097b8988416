// One order: its steps, who reads it, how urgent it is; each change says what it did.

import { ask, bind, copy, prefix, say, send } from "./page.js";

const API = "/api/radiology/studies";
const order = () => document.getElementById("order");
const spaced = (text) => text.replaceAll("_", " ");
const follow = (key) => () => document.querySelector(`[data-key="${key}"]`)?.click() ?? false;
bind({ o: follow("o"), i: follow("i"), r: follow("r"), e: follow("e") });

/** The order and its dialogs as they are now; one that is open stays as it is. */
let refreshed = 0;
async function refresh() {
  const turn = ++refreshed;
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return location.reload();
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return say("The server cannot be reached; what is shown may be old.", { bad: true });
  }
  if (turn !== refreshed) return; // a newer one is on its way
  const held = order().contains(document.activeElement);
  for (const name of ["order", "cancel", "assign", "back"]) {
    const [ours, theirs] = [document.getElementById(name), page.getElementById(name)];
    if (ours?.open) continue; // somebody writes in it
    if (ours && theirs) ours.replaceWith(theirs);
    else if (ours) ours.remove();
    else if (theirs) order().after(theirs);
  }
  if (held) order().querySelector(".steps button, h1")?.focus();
}

/** A change of this order: PUT `json` to `path`, say what it did. Throws what is refused. */
async function change(path, json, done, { undo = null, dialog = null } = {}) {
  const { id, etag } = order().dataset;
  const answer = await send("PUT", `${API}/${id}/${path}`, { json, headers: { "If-Match": etag } });
  order().dataset.etag = answer.headers.get("ETag") || etag;
  dialog?.close();
  say(done, { undo });
  await refresh();
}
async function tried(work) {
  try {
    await work();
  } catch (refused) {
    await failed(refused, (text) => say(text, { bad: true }));
  }
}
async function failed(refused, tell, dialog = null) {
  if (refused.status !== 412) return tell(`Nothing is changed: ${refused.message}`);
  dialog?.close();
  await refresh();
  say("Nothing is changed: somebody was faster. The order is shown as it is now.", { bad: true });
}

function step(to) {
  const { patient, status } = order().dataset;
  return change("status", { status: to }, `${patient}: ${spaced(to)} now; it was ${spaced(status)}.`);
}
function assign(to, before, dialog = null) {
  const { patient } = order().dataset;
  const undo = before === undefined ? null : () => tried(() => assign(before));
  return change("assignment", { assignedTo: to }, to ? `${patient}: ${to} is to read it.` : `${patient}: nobody is to read it yet.`, { undo, dialog });
}
function prioritise(to, before) {
  const undo = before === undefined ? null : () => tried(() => prioritise(before));
  return change("priority", { priority: to }, `${order().dataset.patient}: the priority is ${to}.`, { undo });
}
const assigned = () => document.querySelector("#assign input")?.defaultValue || "";

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-action], [data-close], [data-copy]");
  if (!button) return;
  const { action, to, dialog } = button.dataset;
  if (action === "step") tried(() => step(to));
  if (action === "assign") tried(() => assign(to, assigned()));
  if (action === "ask") document.getElementById(dialog).showModal();
  if (action === "delete") remove();
  if ("close" in button.dataset) button.closest("dialog").close();
  if (button.dataset.copy) say((await copy(button.dataset.copy)) ? "Copied." : "The browser allows no copying here.");
});
document.addEventListener("change", (event) => {
  if (event.target.id !== "set-priority") return;
  const before = [...event.target.options].find((each) => each.defaultSelected)?.value || "routine";
  tried(() => prioritise(event.target.value, before));
});
document.addEventListener("submit", async (event) => {
  const dialog = event.target.closest("#cancel, #assign, #back");
  if (!dialog) return;
  event.preventDefault();
  const given = Object.fromEntries(new FormData(event.target));
  const problem = dialog.querySelector("[role=alert]");
  problem.textContent = "";
  try {
    if (dialog.id === "assign") await assign(given.assignedTo.trim(), assigned(), dialog);
    else await change("status", { status: given.status || event.target.dataset.status, reason: given.reason }, dialog.id === "cancel" ? `The order of ${order().dataset.patient} is cancelled.` : `${order().dataset.patient}: ${spaced(given.status)} again.`, { dialog });
  } catch (refused) {
    await failed(refused, (text) => { problem.textContent = text; }, dialog);
  }
});

async function remove() {
  const { id, patient, when, images, etag } = order().dataset;
  const sure = await ask({
    title: "Delete this order?",
    text: [`The order of ${patient}, ${when}, with ${images}, all annotations and draft reports, will be gone from this archive, for everybody.`, "There is no undo. To take it off the worklist and keep the record, cancel it instead."],
    yes: "Delete the order", danger: true,
  });
  if (!sure) return;
  tried(async () => {
    await send("DELETE", `${API}/${id}`, { headers: { "If-Match": etag } });
    sessionStorage.setItem("said", `The order of ${patient} is deleted.`);
    location.assign(`${prefix}/worklist`);
  });
}
document.addEventListener("stored", refresh);
document.addEventListener("error", (event) => event.target.tagName === "IMG" && event.target.classList.add("absent"), true);
