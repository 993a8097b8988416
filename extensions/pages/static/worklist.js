// The worklist: the step of a row, taking a study, and a list that follows what others do.

import { bind, say, send } from "./page.js";
import { rows, show } from "./list.js";

const EVERY = 30_000;
const API = "/api/radiology/studies";
const spaced = (text) => text.replaceAll("_", " ");
const refresh = () => show(location.href, { quiet: true });

/** PUT one change of a row; the ETag that it has now. `back` is the body that undoes it, if any. */
async function put(row, path, json, etag, done, back) {
  const { id, patient } = row.dataset;
  try {
    const answer = await send("PUT", `${API}/${id}/${path}`, { json, headers: { "If-Match": etag } });
    const undo = back && (() => put(row, path, back, answer.headers.get("ETag"), "it is as it was before").then(refresh));
    say(`${patient}: ${done}.`, { undo });
  } catch (refused) {
    const faster = refused.status === 412 ? "somebody has changed it meanwhile; the list shows how it is now." : refused.message;
    say(`${patient} is not changed: ${faster}`, { bad: true });
  }
}

/** Change the row of a button, and show the list as it is then. */
async function change(button, path, json, done, back = null) {
  const row = button.closest("tr");
  row.querySelectorAll("button").forEach((each) => { each.disabled = true; });
  const all = rows();
  const next = all[all.indexOf(row) + 1] || all[all.indexOf(row) - 1] || row;
  await put(row, path, json, row.dataset.etag, done, back);
  await refresh();
  // The keyboard goes on where it was: a row that has left the list leaves it to the one behind.
  const at = (id) => document.querySelector(`tr[data-id="${id}"] a.row`);
  (at(row.dataset.id) || at(next.dataset.id))?.focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action=step], [data-action=take]");
  if (!button) return;
  const { status } = button.closest("tr").dataset;
  if (button.dataset.action === "take") return change(button, "assignment", { assignedTo: document.body.dataset.who }, "it is yours to read now", { assignedTo: "" });
  // A step back needs radiology:manage, and a reason.
  const back = button.closest("table").dataset.manage ? { status, reason: "Undone at once" } : null;
  change(button, "status", { status: button.dataset.to }, `${spaced(button.dataset.to)} now; it was ${spaced(status)}`, back);
});

// Others work, too: looked at again while the page is seen, and when it is seen again.
setInterval(() => document.hidden || document.querySelector("dialog[open]") || refresh(), EVERY);
document.addEventListener("visibilitychange", () => document.hidden || refresh());

const tabs = () => [...document.querySelectorAll(".tabs [data-stage]")];
bind({
  c: () => document.querySelector("[data-key=c]")?.click() ?? false,
  ...Object.fromEntries([1, 2, 3, 4, 5].map((n) => [String(n), () => tabs()[n - 1]?.click() ?? false])),
});
