// Files to the archive: requests of bounded size, a few at a time, and again what had no answer.
//
// A request is a Blob of parts that refer to the files: the browser reads them from the disk as it
// sends them, so that a folder of 5 GB takes no memory. STOW-RS answers by SOP Instance UID; that
// of each file is read from its first kilobytes beforehand. What has none travels alone.
// `form`: to an order of the radiology API instead, whose form takes one file at a time, JPEG and PNG too.

import { count, csrf, prefix, size, span } from "./page.js";

const REQUEST_BYTES = 32 * 1000 * 1000;
const REQUEST_FILES = 100;
const AT_ONCE = 3;
const HEAD_BYTES = 2048;
const WAITS = [1, 2, 4, 8, 15];
const FAILURES = 4; // so often a request may fail although the server is there
const ZIPS = /\.zip$/i;
const JUNK = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|__MACOSX\/.*)$/i;

export class Sending extends EventTarget {
  constructor(url, { form = false } = {}) {
    super();
    this.url = url;
    this.form = form;
    this.doubted = [];
    this.waiting = [];
    this.alone = [];
    this.flights = [];
    this.refused = [];
    this.studies = new Map();
    this.total = this.settled = this.stored = this.bytes = this.settledBytes = 0;
    this.listing = 0;
    this.state = "Reading the list of files …";
    this.ended = false;
    this.cancelled = false;
    this.began = performance.now();
    this.samples = [];
    this.speed = 0;
    this.lost = 0;
  }

  /** Take files from an async iterator of {file, path}, and send while more are found. */
  async add(files) {
    this.listing += 1;
    try {
      for await (const { file, path } of files) {
        if (this.cancelled) break;
        if (JUNK.test(path)) continue;
        const item = { file, path, uid: "", size: file.size, alone: false };
        item.alone = this.form || ZIPS.test(path) || !(item.uid = await uidOf(file));
        (item.alone ? this.alone : this.waiting).push(item);
        this.total += 1;
        this.bytes += item.size;
        // A full request may leave before the list is whole.
        if (this.waiting.length >= REQUEST_FILES * AT_ONCE || this.alone.length) this.#fly();
        if (this.total % 50 === 0) this.#changed();
      }
    } catch (failure) {
      this.refused.push({ path: "(a folder)", reason: `The browser could not read it: ${failure.message}`, file: null });
    }
    this.listing -= 1;
    this.#fly();
  }

  get sent() {
    return this.settledBytes + this.flights.reduce((sum, flight) => sum + flight.sent, 0);
  }

  cancel() {
    this.cancelled = true;
    clearTimeout(this.timer);
    for (const flight of [...this.flights]) flight.request?.abort();
    const left = [...this.flights.flatMap((flight) => flight.items), ...this.alone, ...this.waiting];
    this.flights = [];
    this.alone = [];
    this.waiting = [];
    for (const item of left) this.#refuse(item, "Cancelled before it was stored.");
    this.#finish();
  }

  #changed() {
    const now = performance.now();
    if (!this.samples.length || now - this.samples.at(-1)[0] > 250) {
      this.samples.push([now, this.sent]);
      if (this.samples.length > 24) this.samples.shift();
      const [[t0, b0], [t1, b1]] = [this.samples[0], this.samples.at(-1)];
      this.speed = t1 > t0 && b1 > b0 ? ((b1 - b0) / (t1 - t0)) * 1000 : this.speed;
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Let as many requests fly as may; the run ends with the last. */
  #fly() {
    if (this.cancelled || this.ended || this.timer) return;
    while (this.flights.length < AT_ONCE) {
      const items = this.#next();
      if (!items.length) break;
      this.state = "";
      this.#send(new Flight(items));
    }
    if (!this.flights.length && !this.listing && !this.waiting.length && !this.alone.length) this.#finish();
    else this.#changed();
  }

  #next() {
    if (this.alone.length) return [this.alone.shift()];
    const items = [];
    let bytes = 0;
    while (this.waiting.length && items.length < REQUEST_FILES && (!items.length || bytes + this.waiting[0].size <= REQUEST_BYTES)) {
      bytes += this.waiting[0].size;
      items.push(this.waiting.shift());
    }
    return items;
  }

  #send(flight) {
    this.flights.push(flight);
    const request = new XMLHttpRequest();
    flight.request = request;
    const { body, type } = this.form ? flight.fields() : flight.body();
    request.open("POST", this.url);
    if (type) request.setRequestHeader("Content-Type", type);
    if (this.form && csrf()) request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("Accept", this.form ? "application/json" : "application/dicom+json");
    request.upload.onprogress = (event) => {
      flight.sent = Math.min(event.loaded, flight.bytes);
      this.#changed();
    };
    request.onload = () => this.#answered(flight, request);
    request.onerror = () => this.#unanswered(flight);
    request.send(body);
  }

  #answered(flight, request) {
    if (this.cancelled) return;
    if ([429, 502, 503, 504].includes(request.status)) return this.#unanswered(flight, Number(request.getResponseHeader("Retry-After")));
    if (request.status === 401) return this.#loggedOut(flight);
    this.lost = 0;
    let module = null;
    try { module = JSON.parse(request.responseText); } catch { /* no JSON: the status has to do */ }
    this.#drop(flight);
    if (this.form) this.#outcome(flight.items[0], request.status, module);
    else if (request.status === 413 && flight.items.length > 1) this.alone.push(...flight.items);
    else if (module?.["00081199"] || module?.["00081198"] || module?.["0008119A"]) this.#outcomes(flight, module);
    else for (const item of flight.items) this.#refuse(item, module?.message || `The server answered ${request.status}.`);
    this.#fly();
  }

  /** What became of the one file of a form. */
  #outcome(item, status, answer) {
    if (status !== 201) return this.#refuse(item, answer?.message || `The server answered ${status}.`);
    if (answer?.data?.studyInstanceUID) this.studies.set(answer.data.studyInstanceUID, 1);
    if (answer?.data?.warnings?.length) this.doubted.push({ path: item.path, reason: answer.data.warnings.join(" ") });
    this.#keep(item, 1);
  }

  /** What became of each file, by its UID; who cannot be told apart is sent alone. */
  #outcomes(flight, module) {
    const sequence = (tag) => module[tag]?.Value || [];
    const value = (item, tag) => item[tag]?.Value?.[0];
    const stored = new Set();
    const failed = new Map(sequence("00081198").map((item) => [value(item, "00081155"), reasonOf(item)]));
    const several = flight.items.length > 1;
    const reasons = [];
    for (const item of sequence("00081199")) {
      const uid = value(item, "00081155");
      stored.add(uid);
      if (several && failed.has(uid)) continue; // two files with one UID: each is asked about alone
      const study = /\/studies\/([\d.]+)\//.exec(value(item, "00081190") || "")?.[1];
      if (study) this.studies.set(study, (this.studies.get(study) || 0) + 1);
    }
    for (const item of [...sequence("0008119A"), ...sequence("00081198")]) reasons.push(reasonOf(item));
    if (!several) {
      const [item] = flight.items;
      if (!reasons.length) return this.#keep(item, stored.size);
      if (stored.size) this.stored += stored.size;
      return this.#refuse(item, stored.size ? `${count(stored.size, "file")} of it stored, ${reasons.length} not: ${told(reasons)}` : told(reasons));
    }
    for (const item of flight.items) {
      if (failed.has(item.uid) && stored.has(item.uid)) this.alone.push(item);
      else if (failed.has(item.uid)) this.#refuse(item, failed.get(item.uid));
      else if (stored.has(item.uid)) this.#keep(item, 1);
      else this.alone.push(item);
    }
  }

  /** No answer: nobody knows what is stored, and storing the same again changes nothing. */
  #unanswered(flight, wait = 0) {
    if (this.cancelled) return;
    this.#drop(flight);
    for (const item of flight.items) item.failures = (item.failures || 0) + 1;
    const back = flight.items.length === 1 && flight.items[0].alone ? this.alone : this.waiting;
    back.unshift(...flight.items);
    if (this.timer) return this.#changed();
    const seconds = wait > 0 && wait < 600 ? wait : WAITS[Math.min(this.lost++, WAITS.length - 1)];
    this.state = navigator.onLine === false
      ? "The network is gone. The upload goes on by itself when it is back."
      : `No answer from the server. Trying again in ${span(seconds)}; nothing is lost.`;
    this.timer = setTimeout(() => this.#again(), seconds * 1000);
    this.online ||= window.addEventListener("online", () => this.timer && (clearTimeout(this.timer), this.#again()));
    this.#changed();
  }

  async #again() {
    this.timer = -1;
    let there = false;
    try { there = (await fetch(`${prefix}/health/live`, { cache: "no-store" })).ok; } catch { /* not yet */ }
    this.timer = 0;
    if (this.cancelled) return;
    if (!there) return this.#unanswered(new Flight([]));
    // The server is there and still some requests fail: a file that cannot be read breaks them.
    const often = (item) => (item.failures || 0) >= FAILURES;
    for (const item of this.alone.filter(often)) this.#refuse(item, "It could not be sent: the browser cannot read it. Has it been changed, moved or removed since it was chosen?");
    this.alone = this.alone.filter((item) => !often(item));
    for (const item of this.waiting.filter(often)) Object.assign(item, { alone: true, failures: FAILURES - 2 }), this.alone.push(item);
    this.waiting = this.waiting.filter((item) => !item.alone);
    this.#fly();
  }

  async #loggedOut(flight) {
    this.#drop(flight);
    this.waiting.unshift(...flight.items);
    if (this.timer) return;
    this.timer = -1;
    this.state = "Your login has ended. Log in, and the upload goes on.";
    this.#changed();
    const { login } = await import("./login.js");
    const back = await login();
    this.timer = 0;
    if (back) this.#fly();
    else this.cancel();
  }

  #drop(flight) {
    this.flights = this.flights.filter((each) => each !== flight);
  }

  #settle(item) {
    this.settled += 1;
    this.settledBytes += item.size;
  }

  #keep(item, instances) {
    this.#settle(item);
    this.stored += instances;
  }

  #refuse(item, reason) {
    this.#settle(item);
    this.refused.push({ path: item.path, reason, file: item.file });
  }

  #finish() {
    if (this.ended || this.listing) return;
    this.ended = true;
    this.seconds = (performance.now() - this.began) / 1000;
    this.state = this.#said();
    this.#changed();
    this.dispatchEvent(new Event("end"));
  }

  #said() {
    const refused = this.refused.length ? `, ${count(this.refused.length, "file")} not` : "";
    const where = this.form ? " for this order" : this.studies.size ? ` in ${count(this.studies.size, "study", "studies")}` : "";
    return `${this.cancelled ? "Cancelled. " : ""}${count(this.stored, "image")} stored${where}${refused}. ${size(this.settledBytes)} in ${span(this.seconds)}.`;
  }

  /** The end of the run as text: everything that somebody has to know who was not there. */
  summary() {
    const lines = [`Upload to ${location.host}, ${new Date().toISOString()}`, this.#said()];
    if (this.refused.length) lines.push("", "Not stored:", ...this.refused.map(({ path, reason }) => `${path}\t${reason}`));
    if (this.doubted.length) lines.push("", "Stored, to be looked at:", ...this.doubted.map(({ path, reason }) => `${path}\t${reason}`));
    return lines.join("\n");
  }
}

/** Files of one request, and how far it is. */
class Flight {
  constructor(items) {
    this.items = items;
    this.bytes = items.reduce((sum, item) => sum + item.size, 0);
    this.sent = 0;
  }

  body() {
    const [first] = this.items;
    if (this.items.length === 1 && ZIPS.test(first.path)) return { body: first.file, type: "application/zip" };
    const boundary = `lightbox-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
    const parts = this.items.flatMap(({ file }) => [`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file, "\r\n"]);
    return {
      body: new Blob([...parts, `--${boundary}--\r\n`]),
      type: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    };
  }

  /** The form with the one file; the browser names its type. */
  fields() {
    const body = new FormData();
    body.append("image", this.items[0].file, this.items[0].path.split("/").pop());
    return { body };
  }

  /** The file that is being sent now, and the share of it that is. */
  now() {
    let begin = 0;
    for (const { path, size: length } of this.items) {
      if (this.sent < begin + length) return { path, share: length ? (this.sent - begin) / length : 1 };
      begin += length;
    }
    return { path: this.items.at(-1)?.path || "", share: 1 };
  }
}

function reasonOf(item) {
  const code = item["00081197"]?.Value?.[0];
  const said = item["00000902"]?.Value?.[0];
  const hex = code === undefined ? "" : code.toString(16).toUpperCase().padStart(4, "0");
  return said ? `${said}${hex ? ` (${hex})` : ""}` : `The server gave the reason ${hex || "nowhere"}.`;
}

/** Reasons, each once, with how often. */
function told(reasons) {
  const often = new Map();
  for (const reason of reasons) often.set(reason, (often.get(reason) || 0) + 1);
  return [...often].slice(0, 5).map(([reason, n]) => (n > 1 ? `${reason} (${n} times)` : reason)).join("; ");
}

/** The SOP Instance UID in the file meta information (PS3.10 7.1), explicit VR little endian. */
async function uidOf(file) {
  let view;
  try { view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer()); } catch { return ""; }
  if (view.byteLength < 140 || view.getUint32(128) !== 0x4449434d) return "";
  let at = 132;
  while (at + 8 <= view.byteLength && view.getUint16(at, true) === 2) {
    const tag = view.getUint16(at + 2, true);
    const vr = String.fromCharCode(view.getUint8(at + 4), view.getUint8(at + 5));
    const long = ["OB", "OW", "UN", "SQ", "UT"].includes(vr);
    if (long && at + 12 > view.byteLength) return "";
    const length = long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    at += long ? 12 : 8;
    if (tag === 3 && at + length <= view.byteLength) {
      return new TextDecoder().decode(new Uint8Array(view.buffer, at, length)).replace(/[\0 ]+$/, "");
    }
    at += length;
  }
  return "";
}
