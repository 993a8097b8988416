// The simple image view: frames drawn by the server, scrolled by wheel, keys, slider and finger.

import { bind, prefix } from "./page.js";

const view = document.getElementById("viewport");
const links = (key) => document.querySelector(`[data-key="${key}"]`);
bind({ o: () => links("o")?.click(), Escape: () => links("Escape")?.click() });
const series = [...document.querySelectorAll(".picker a")];
const at = series.findIndex((each) => each.getAttribute("aria-current"));
const picker = document.querySelector(".picker");
if (series[at]) picker.scrollTop = series[at].offsetTop - picker.offsetTop - 8;
const other = (step) => (series[at + step] ? location.assign(series[at + step].href) : false);
bind({ ArrowLeft: () => other(-1), ArrowRight: () => other(1) });

if (view) run();

function run() {
  const image = document.getElementById("frame");
  const slider = document.getElementById("slider");
  const fault = document.getElementById("fault");
  const frames = [];
  for (const [uid, n] of JSON.parse(view.dataset.instances)) for (let k = 1; k <= n; k += 1) frames.push(`${uid}/frames/${k}`);
  const stored = view.dataset.center ? { center: +view.dataset.center, width: +view.dataset.width } : null;
  let number = +view.dataset.number;
  let shownWindow = view.dataset.window ? { center: +view.dataset.window.split(",")[0], width: +view.dataset.window.split(",")[1] } : null;
  let wanted = 0;

  const spelt = (one) => (one ? `${+one.center.toFixed(2)},${+one.width.toFixed(2)}` : "");
  const url = (n) => `${view.dataset.root}${frames[n - 1]}/rendered${shownWindow ? `?window=${spelt(shownWindow)},linear` : ""}`;
  const kept = new Map();
  function load(n) {
    const address = url(n);
    if (!kept.has(address)) {
      const one = new Image();
      one.src = address;
      const ready = one.decode().then(() => one, async () => {
        kept.delete(address);
        throw new Error(address);
      });
      kept.set(address, ready);
      ready.catch(() => {});
      if (kept.size > 400) kept.delete(kept.keys().next().value);
    }
    return kept.get(address);
  }

  /** Show frame `n`; only the last one asked for counts, what lies between is skipped. */
  let busy = false;
  async function show(n = number) {
    number = Math.min(Math.max(1, n), frames.length);
    slider.value = number;
    label();
    wanted += 1;
    if (busy) return;
    busy = true;
    let done = -1;
    while (done !== wanted) {
      done = wanted;
      try {
        image.src = (await load(number)).src;
        fault.hidden = true;
      } catch {
        fault.textContent = "This frame cannot be shown: the server could not draw it.";
        fault.hidden = false;
      }
    }
    busy = false;
    remember();
    for (const ahead of [1, 2, 3, -1]) if (frames[number - 1 + ahead]) load(number + ahead);
  }
  function label() {
    document.getElementById("place").textContent = `${number} / ${frames.length}`;
    const one = shownWindow || stored;
    document.getElementById("windowed").textContent = view.dataset.colour || !one ? "" : `C ${Math.round(one.center)}  W ${Math.round(one.width)}`;
    view.setAttribute("aria-label", `${view.dataset.label}, frame ${number} of ${frames.length}`);
    for (const button of document.querySelectorAll("[data-window]:is(button)")) button.setAttribute("aria-pressed", String(button.dataset.window === spelt(shownWindow)));
  }
  let remembering;
  function remember() {
    clearTimeout(remembering);
    remembering = setTimeout(() => {
      const query = new URLSearchParams({ n: number });
      if (shownWindow) query.set("window", spelt(shownWindow));
      history.replaceState({}, "", `${location.pathname}?${query}`);
    }, 200);
  }

  // Frames

  let turned = 0;
  view.addEventListener("wheel", (event) => {
    if (event.ctrlKey) return;
    event.preventDefault();
    turned += event.deltaMode ? event.deltaY * 40 : event.deltaY;
    const steps = Math.trunc(turned / 40);
    if (steps) {
      turned -= steps * 40;
      show(number + Math.sign(steps) * Math.min(Math.abs(steps), 5));
    }
  }, { passive: false });
  slider.addEventListener("input", () => show(+slider.value));
  for (const [rel, step] of [["prev", -1], ["next", 1]]) {
    document.querySelector(`a[rel=${rel}]`).addEventListener("click", (event) => (event.preventDefault(), show(number + step)));
  }
  const onSlider = (event) => event.target === slider;
  bind({
    ArrowDown: (event) => (onSlider(event) ? false : void show(number + 1)),
    ArrowUp: (event) => (onSlider(event) ? false : void show(number - 1)),
    PageDown: () => void show(number + 10),
    PageUp: () => void show(number - 10),
    Home: () => void show(1),
    End: () => void show(frames.length),
    " ": (event) => (event.target.closest?.("button, a") ? false : void play()),
  });

  // Window: drag to the sides for the width, up and down for the centre

  function setWindow(one) {
    shownWindow = one && { center: one.center, width: Math.max(1, one.width) };
    show();
  }
  const base = () => shownWindow || stored || { center: 128, width: 256 };
  const change = (factor, shift) => (view.dataset.colour ? false : void setWindow({ center: base().center + shift * base().width, width: base().width * factor }));
  bind({ "+": () => change(1.1, 0), "=": () => change(1.1, 0), "-": () => change(1 / 1.1, 0), "]": () => change(1, 0.05), "[": () => change(1, -0.05), 0: () => void setWindow(null) });
  const presets = [...document.querySelectorAll("button[data-window]")];
  const parsed = (text) => (text ? { center: +text.split(",")[0], width: +text.split(",")[1] } : null);
  presets.forEach((button, place) => {
    button.addEventListener("click", (event) => (event.preventDefault(), setWindow(parsed(button.dataset.window))));
    if (place) bind({ [place]: () => void setWindow(parsed(button.dataset.window)) });
  });

  let drag = null;
  view.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    drag = { x: event.clientX, y: event.clientY, from: base(), number, touch: event.pointerType === "touch" };
    view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = [event.clientX - drag.x, event.clientY - drag.y];
    if (drag.touch && frames.length > 1) return void show(drag.number + Math.round(y / 8));
    if (view.dataset.colour || Math.hypot(x, y) < 4) return;
    const step = drag.from.width / 300;
    setWindow({ center: drag.from.center + y * step, width: drag.from.width + x * step });
  });
  for (const name of ["pointerup", "pointercancel"]) view.addEventListener(name, () => { drag = null; });
  image.draggable = false;

  // Playing

  const button = document.querySelector("[data-action=play]");
  let playing = 0;
  button.hidden = frames.length < 2;
  function play() {
    if (frames.length < 2) return;
    clearTimeout(playing);
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "Stop" : "Play";
    const step = async () => {
      if (button.getAttribute("aria-pressed") !== "true") return;
      const next = number % frames.length + 1;
      await load(next).catch(() => {});
      show(next);
      playing = setTimeout(step, 80);
    };
    if (on) step();
  }
  button.addEventListener("click", play);

  label();
  for (const ahead of [1, 2, 3, -1]) if (frames[number - 1 + ahead]) load(number + ahead);
}
