// Accounts, API keys and share links: lists of the API, and changes that are asked for in words.

import { ask, copy, prefix, say, send } from "./page.js";

const element = (name, values = {}, ...children) => {
  const made = Object.assign(document.createElement(name), values);
  made.append(...children);
  return made;
};
const dayOf = (text) => (text ? new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" }) : "—");
const cells = (...all) => element("tr", {}, ...all.map((each) => element("td", {}, ...[].concat(each))));
const button = (textContent, onclick, className = "quiet small") => element("button", { type: "button", textContent, onclick, className });
const body = (name) => document.querySelector(`[data-list=${name}] tbody`);
const nothing = (text) => element("tr", {}, Object.assign(element("td", { textContent: text, className: "quiet" }), { colSpan: 5 }));

/** Do something, say what it did, show the lists again. */
async function act(work, done) {
  try {
    const answer = await work();
    say(done);
    await lists();
    return answer;
  } catch (refused) {
    say(refused.message, { bad: true });
  }
}
const sure = (title, text, yes) => ask({ title, text, yes, danger: true });
const ended = (each) => each.revoked || new Date(each.expires) < new Date();

const ROWS = {
  users: (each) => cells(each.name, each.role, dayOf(each.created), each.disabled ? element("span", { className: "badge", textContent: "disabled" }) : "active", [
    button(each.disabled ? "Enable" : "Disable …", async () => {
      if (!each.disabled && !(await sure(`Disable ${each.name}?`, `${each.name} is logged out everywhere and cannot log in until enabled again.`, "Disable"))) return;
      act(() => send("PATCH", `/api/auth/users/${each.id}`, { json: { disabled: !each.disabled } }), `${each.name} is ${each.disabled ? "enabled" : "disabled"}.`);
    }),
    button("Remove …", async () => {
      if (await sure(`Remove ${each.name}?`, `The account ${each.name} (${each.role}) is gone for good. What was done under it stays in the audit trail.`, "Remove")) act(() => send("DELETE", `/api/auth/users/${each.id}`), `${each.name} is removed.`);
    }),
  ]),
  keys: (each) => cells(each.name, each.permissions.map((one) => one.replace("radiology:", "")).join(", "), each.creator, each.revoked ? "revoked" : dayOf(each.expires), ended(each) ? "" : button("Revoke …", async () => {
    if (await sure(`Revoke the key of ${each.name}?`, "Programs that use it are refused from now on.", "Revoke")) act(() => send("DELETE", `/api/auth/keys/${each.id}`), `The key of ${each.name} is revoked.`);
  })),
  shares: (each) => cells(each.label || "—", element("a", { href: `${prefix}/studies/${each.studyInstanceUid}`, textContent: "Open" }), each.creator, each.revoked ? "revoked" : dayOf(each.expires), ended(each) ? "" : button("Revoke …", async () => {
    if (await sure("Revoke this link?", `Whoever has the link${each.label ? ` (${each.label})` : ""} sees nothing any more.`, "Revoke")) act(() => send("DELETE", `/api/auth/shares/${each.id}`), "The link is revoked.");
  })),
};
const EMPTY = { users: "Nobody yet", keys: "No keys yet", shares: "No links yet" };
async function lists() {
  await Promise.all(Object.keys(ROWS).filter(body).map(async (name) => {
    try {
      const { data } = await send("GET", `/api/auth/${name}?limit=500`);
      body(name).replaceChildren(...(data.length ? data.map(ROWS[name]) : [nothing(EMPTY[name])]));
    } catch (refused) {
      body(name).replaceChildren(nothing(refused.message));
    }
  }));
}

for (const opener of document.querySelectorAll("[data-new]")) opener.onclick = () => document.getElementById(`new-${opener.dataset.new}`).showModal();
for (const closer of document.querySelectorAll("[data-close]")) closer.onclick = () => closer.closest("dialog").close();
function submitted(id, work) {
  const dialog = document.getElementById(id);
  const form = dialog?.querySelector("form");
  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector("[role=alert]");
    problem.textContent = "";
    try {
      await work(new FormData(form));
      form.reset();
      dialog.close();
      lists();
    } catch (refused) {
      problem.textContent = refused.message;
    }
  });
}
submitted("new-user", async (form) => {
  await send("POST", "/api/auth/users", { json: Object.fromEntries(form) });
  say(`${form.get("name")} can log in now.`);
});
submitted("new-key", async (form) => {
  const expires = new Date(Date.now() + Number(form.get("days")) * 86_400_000).toISOString();
  const { data } = await send("POST", "/api/auth/keys", { json: { name: form.get("name"), permissions: form.getAll("permissions"), expires } });
  const field = element("input", { readOnly: true, value: data.key, className: "mono", ariaLabel: "The key" });
  const dialog = element("dialog", {}, element("h2", { textContent: `The key for ${data.name}` }), element("p", { textContent: "It is shown now and never again. Programs send it as Authorization: Bearer …" }), field,
    element("form", { method: "dialog", className: "actions" }, element("button", { textContent: "Close" }), button("Copy the key", async () => say((await copy(data.key)) ? "The key is copied." : "The browser allows no copying here."), "primary")));
  dialog.onclose = () => dialog.remove();
  document.body.append(dialog);
  dialog.showModal();
  field.select();
});
lists();
