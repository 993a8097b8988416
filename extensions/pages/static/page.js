// What every page has: keys, theme, messages, dialogs that ask, requests to our own APIs.

const body = document.body;
export const prefix = body.dataset.prefix;

const place = document.getElementById("said");

/**
 * Say something that goes away, to eyes and screen readers; not while it is pointed at, or has the
 * focus. `undo` adds a button. A modal dialog hides the page from both: it is said in there.
 */
export function say(text, { bad = false, undo = null } = {}) {
  const stage = document.querySelector("dialog[open]:modal") || body;
  if (place.parentElement !== stage) stage.append(place);
  place.setAttribute("aria-live", bad ? "assertive" : "polite");
  const line = document.createElement("p");
  line.textContent = text;
  if (bad) line.className = "bad";
  if (undo) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Undo";
    button.onclick = () => (line.remove(), undo());
    line.append(" ", button);
  }
  place.replaceChildren(line);
  const leave = () => (line.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : line.remove());
  setTimeout(leave, bad || undo ? 12000 : 6000);
}
document.addEventListener("close", (event) => event.target.contains(place) && body.append(place), true);

/** Ask once, in words. Resolves to true when the person agrees. */
export function ask({ title, text, yes, danger = false }) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "ask-title");
  const heading = document.createElement("h2");
  heading.id = "ask-title";
  heading.textContent = title;
  const lines = [].concat(text).map((each) => Object.assign(document.createElement("p"), { textContent: each }));
  const form = Object.assign(document.createElement("form"), { method: "dialog", className: "actions" });
  const no = Object.assign(document.createElement("button"), { textContent: "Cancel", value: "", autofocus: true });
  const go = Object.assign(document.createElement("button"), { textContent: yes, value: "yes", className: danger ? "danger" : "primary" });
  form.append(no, go);
  dialog.append(heading, ...lines, form);
  body.append(dialog);
  return new Promise((done) => {
    dialog.onclose = () => (dialog.remove(), done(dialog.returnValue === "yes"));
    dialog.showModal();
  });
}

/** An answer of our server that is no success: its status and its sentence. */
export class Refused extends Error {
  constructor(status, sentence, headers) {
    super(sentence);
    this.status = status;
    this.headers = headers;
  }
}

let token = body.dataset.csrf;
export const csrf = () => token;
export function renew(value) { token = value; }

/** A request to our own server; `json` is the body. Logs in again where that is needed. */
export async function send(method, path, { json, headers = {}, signal, again = true } = {}) {
  const asked = { Accept: "application/json", ...headers };
  if (token) asked["X-CSRF-Token"] = token;
  if (json !== undefined) asked["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(prefix + path, {
      method, headers: asked, signal, body: json === undefined ? undefined : JSON.stringify(json), credentials: "same-origin",
    });
  } catch (failure) {
    if (failure.name === "AbortError") throw failure;
    throw new Refused(0, "The server cannot be reached. Is the network there?");
  }
  if (answer.status === 401 && again && body.dataset.accounts === "yes") {
    const { login } = await import("./login.js");
    if (await login()) return send(method, path, { json, headers, signal, again: false });
  }
  const text = await answer.text();
  let found = null;
  try { found = text ? JSON.parse(text) : null; } catch { /* an answer that is no JSON */ }
  if (!answer.ok) {
    throw new Refused(answer.status, found?.message || found?.error?.message || `The server answered ${answer.status}.`, answer.headers);
  }
  return { body: found, data: found?.data ?? found, headers: answer.headers, status: answer.status };
}

/** `12,345`, `1.2 GB`, `3 min 20 s`: numbers for people. */
export const number = (n) => n.toLocaleString("en-US");
export const count = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;
export function size(bytes) {
  for (const unit of ["bytes", "kB", "MB", "GB"]) {
    if (bytes < 1000) return `${unit === "bytes" || bytes >= 10 ? Math.round(bytes) : bytes.toFixed(1)} ${unit}`;
    bytes /= 1000;
  }
  return `${bytes.toFixed(1)} TB`;
}
export function span(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** Copy text, over plain HTTP too, where the clipboard API is closed. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = Object.assign(document.createElement("textarea"), { value: text });
    (document.querySelector("dialog[open]") || body).append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** Keys of a page: `bind({ o: open })`. They rest while somebody types or a dialog is open. */
const bound = new Map();
export const bind = (keys) => Object.entries(keys).forEach(([key, action]) => bound.set(key, action));
let before = "";
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest?.("input:not([type=range], [type=checkbox]), textarea, select, [contenteditable]");
  if (typing || document.querySelector("dialog[open]:modal")) return;
  const both = `${before} ${event.key}`;
  before = event.key;
  const action = bound.get(both) || bound.get(event.key);
  if (action && action(event) !== false) event.preventDefault();
});

const keys = document.getElementById("keys");
const showKeys = () => keys.showModal();
bind({ "?": showKeys, "g s": () => location.assign(`${prefix}/`), "g w": () => document.querySelector("nav [href$='/worklist']")?.click() ?? false });
if (!document.getElementById("search")) bind({ "/": () => location.assign(`${prefix}/#q`) });

document.querySelector("[data-action=keys]")?.addEventListener("click", showKeys);
document.querySelector("[data-action=theme]")?.addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  document.cookie = `theme=${theme}; path=${prefix || "/"}; max-age=31536000; samesite=lax`;
});

// Every dialog closes by a click beside it.
document.addEventListener("click", (event) => {
  if (event.target.tagName !== "DIALOG" || !event.target.matches(":modal")) return;
  const box = event.target.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (!inside && !event.target.hasAttribute("data-stays")) event.target.close();
});

// Whose login failed before (login_form.js) is nobody's business any more.
if (!document.getElementById("login")) sessionStorage.removeItem("tried");

// What a page before this one wanted to have said.
const said = sessionStorage.getItem("said");
if (said) sessionStorage.removeItem("said"), say(said);
