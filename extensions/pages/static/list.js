// The study list: search while typing, pages without a jump, arrows, Enter, o and r.

import { bind, prefix } from "./page.js";

const form = document.getElementById("search");
const field = document.getElementById("q");
let results = document.getElementById("results");
let asked = null;

/** The address that the form stands for, without what is empty. */
function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) query.set(name, value);
  return `${prefix}/${query.size ? `?${query}` : ""}`;
}

/** Show the list at `url`; what was asked before is given up. */
export async function show(url, { push = false, replace = false, quiet = false } = {}) {
  asked?.abort();
  asked = new AbortController();
  results.classList.add("busy");
  let page;
  try {
    const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return location.assign(url);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (failure) {
    if (failure.name === "AbortError") return;
    results.classList.remove("busy");
    results.dataset.said = "";
    return import("./page.js").then(({ say }) => say("The server cannot be reached; the list is as it was.", { bad: true }));
  }
  const found = page.getElementById("results");
  if (!found) return location.assign(url);
  const at = current()?.dataset.uid;
  results.replaceWith(found);
  results = found;
  document.title = page.title;
  for (const name of ["sort", "order", "rows"]) {
    form.querySelector(`[type=hidden][name=${name}]`)?.remove();
    const hidden = page.querySelector(`#search [type=hidden][name=${name}]`);
    if (hidden) form.append(hidden);
  }
  if (push) history.pushState({}, "", url);
  if (replace) history.replaceState({}, "", url);
  if (at) results.querySelector(`tr[data-uid="${CSS.escape(at)}"]`)?.classList.add("current");
  if (!quiet) announce(results.dataset.said);
}

let speaking;
function announce(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => { document.getElementById("announced").textContent = text; }, 400);
}
const live = Object.assign(document.createElement("p"), { id: "announced", className: "unseen" });
live.setAttribute("role", "status");
form.after(live);

let waiting;
field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(() => show(address(), { replace: true }), 120);
});
for (const select of form.querySelectorAll("select")) {
  select.addEventListener("change", () => show(address(), { push: true }));
}
form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  show(address(), { push: true }).then(() => (field.blur(), move(1)));
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-live]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  follow(link);
});
function follow(link) {
  if (link.getAttribute("href") === `${prefix}/`) form.querySelectorAll("input[type=search], select").forEach((each) => { each.value = ""; });
  show(link.href, { push: true }).then(() => window.scrollTo({ top: 0 }));
}
window.addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  for (const name of ["q", "modality", "period"]) form.elements[name].value = query.get(name) || "";
  show(location.href);
});

// Keyboard

const rows = () => [...results.querySelectorAll("tbody tr")];
const current = () => document.activeElement?.closest?.("#results tbody tr") || results.querySelector("tr.current");
function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(current());
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  results.querySelector("tr.current")?.classList.remove("current");
  next.querySelector("a.row").focus();
  next.scrollIntoView({ block: "nearest" });
}
const press = (selector) => {
  const link = (current() || rows()[0])?.querySelector(selector);
  if (!link) return false;
  location.assign(link.href);
};
const page = (rel) => {
  const link = results.querySelector(`a[rel=${rel}]`);
  if (!link) return false;
  follow(link);
};
bind({
  "/": () => { field.focus(); field.select(); },
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  j: () => move(1),
  k: () => move(-1),
  Home: () => move(-1e6),
  End: () => move(1e6),
  Enter: (event) => (event.target.closest?.("a, button") ? false : press("a.row")),
  o: () => press("a[data-open]"),
  r: () => press("a[data-report]"),
  n: () => page("next"),
  p: () => page("prev"),
});
field.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !field.value) field.blur();
  if (event.key === "ArrowDown") { event.preventDefault(); field.blur(); move(1); }
});
if (location.hash === "#q") { field.focus(); history.replaceState({}, "", location.pathname + location.search); }

// A thumbnail that cannot be had is an empty place, not a broken picture.
document.addEventListener("error", (event) => {
  if (event.target.tagName === "IMG") event.target.classList.add("absent");
}, true);
