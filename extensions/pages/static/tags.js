// All tags: the search narrows the lines that are there already.

import { bind, count } from "./page.js";

const form = document.getElementById("tags-form");
const field = document.getElementById("tag-q");
const lines = [...document.querySelectorAll(".tags tbody tr")].map((row) => [row, row.textContent.toLowerCase().replace(/\((....),(....)\)/g, "$& $1$2")]);
const whole = !new URLSearchParams(location.search).get("q");

function narrow() {
  if (!whole) return form.requestSubmit();
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const [row, text] of lines) {
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  document.getElementById("tags-said").textContent = words.length ? `${count(shown, "line")} of ${lines.length}` : count(lines.length, "line");
}
let waiting;
field.addEventListener("input", () => (clearTimeout(waiting), waiting = setTimeout(narrow, whole ? 80 : 400)));
form.addEventListener("submit", (event) => {
  if (whole && document.activeElement === field) event.preventDefault();
});
for (const each of [form.elements.series, form.elements.n]) each.addEventListener("change", () => {
  if (each === form.elements.series) form.elements.n.value = 1;
  form.submit();
});
bind({ "/": () => (field.focus(), field.select()) });
