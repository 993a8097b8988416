// The study list and the worklist: search while typing, pages without a jump, arrows, Enter, o, r.

import { bind, say } from "./page.js";

const form = document.getElementById("search");
const field = document.getElementById("q");
let results = document.getElementById("results");
let asked = null;
let awaited = false; // somebody waits for a list that they have asked for
const home = new URL(form.action).pathname;

/** The address that the form stands for, without what is empty. */
function address() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value && value !== "choose") query.set(name, value);
  return `${home}${query.size ? `?${query}` : ""}`;
}

/**
 * Show the list at `url`; what was asked before is given up. `quiet`: nothing is announced, and an
 * unchanged list is left alone.
 */
export async function show(url, { push = false, replace = false, quiet = false } = {}) {
  if (quiet && awaited) return;
  asked?.abort();
  asked = new AbortController();
  awaited = !quiet;
  if (!quiet) results.classList.add("busy");
  let page;
  try {
    const answer = await fetch(url, { signal: asked.signal, headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return quiet ? undefined : location.assign(url);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch (failure) {
    if (failure.name === "AbortError") return;
    awaited = false;
    results.classList.remove("busy");
    if (!quiet) say("The server cannot be reached; the list is as it was.", { bad: true });
    return;
  }
  awaited = false;
  const found = page.getElementById("results");
  if (!found) return location.assign(url);
  if (!quiet || found.outerHTML !== results.outerHTML) put(found);
  document.title = page.title;
  if (push) history.pushState({}, "", url);
  if (replace) history.replaceState({}, "", url);
  if (!quiet) announce(results.dataset.said);
}

/** The form as the address of a list says it, at once: what is asked for next builds on it. */
function fill(url) {
  const query = new URL(url).searchParams;
  const seen = form.querySelectorAll("input:not([type=hidden]), select");
  form.querySelectorAll("[type=hidden]").forEach((each) => each.remove());
  for (const each of seen) {
    const value = query.get(each.name) || "";
    if (each.tagName === "SELECT" && ![...each.options].some((option) => option.value === value)) each.add(new Option(value, value));
    each.value = value;
    query.delete(each.name);
  }
  query.delete("page");
  for (const [name, value] of query) form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  dates.hidden = !form.elements.from.value && !form.elements.to.value;
  if (!dates.hidden) form.elements.period.value = "choose";
}

/** The new list in the place of the old one; who stood on a row or a link of it stands there still. */
function put(found) {
  const row = current();
  const held = document.activeElement;
  const inside = results.contains(held);
  const column = [...results.querySelectorAll("thead a")].indexOf(held);
  const step = inside && held.rel;
  results.replaceWith(found);
  results = found;
  const again = row && results.querySelector(`tr[data-uid="${CSS.escape(row.dataset.uid)}"]`);
  again?.classList.add("current");
  if (!inside) return;
  const same = results.querySelectorAll("thead a")[column] || (step && results.querySelector(`a[rel=${step}]`));
  (same || (again || results).querySelector("a.row") || results.querySelector("a"))?.focus({ preventScroll: true });
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
const dates = form.querySelector(".dates");
form.addEventListener("change", (event) => {
  if (event.target === field) return;
  if (event.target.name === "period") {
    dates.hidden = event.target.value !== "choose";
    if (!dates.hidden) return dates.querySelector("input").focus();
    for (const each of dates.querySelectorAll("input")) each.value = "";
  }
  show(address(), { push: true });
});
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
  fill(link.href);
  show(link.href, { push: true }).then(() => window.scrollTo({ top: 0 }));
}
window.addEventListener("popstate", () => {
  fill(location.href);
  show(location.href);
});
document.addEventListener("stored", () => show(location.href, { quiet: true }));

// Keyboard

export const rows = () => [...results.querySelectorAll("tbody tr")];
export const current = () => document.activeElement?.closest?.("#results tbody tr") || results.querySelector("tr.current");
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
