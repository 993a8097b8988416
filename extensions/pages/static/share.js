// A link that opens one study for who has no account: made once, in words, with an end.

import { copy, say, send } from "./page.js";

const day = (date) => date.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

/** Ask how long, say what it means, make the link, show it once. */
export function share({ uid, patient, when }) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "share-title");
  dialog.innerHTML = `
    <h2 id="share-title">Share this study</h2>
    <p data-what></p>
    <form class="fields">
      <label for="share-days">The link ends after</label>
      <select id="share-days"><option value="1">1 day</option><option value="7" selected>7 days</option><option value="30">30 days</option><option value="90">90 days</option></select>
      <label for="share-label">For whom (seen by admins only)</label>
      <input id="share-label" maxlength="200" autocomplete="off">
      <p class="wrong" role="alert"></p>
      <p class="actions"><button type="button">Cancel</button><button class="primary">Make the link</button></p>
    </form>
    <div data-made hidden>
      <label for="share-url">The link, shown this once</label>
      <input id="share-url" readonly class="mono">
      <p data-until class="quiet"></p>
      <p class="actions"><button type="button" data-close>Close</button><button type="button" class="primary" data-copy-link>Copy the link</button></p>
    </div>`;
  dialog.querySelector("[data-what]").textContent =
    `Whoever has the link sees the images of ${patient}, ${when}, with the patient's name, and can download them, until the link ends or an admin revokes it. Nothing else of the archive is seen.`;
  const form = dialog.querySelector("form");
  const made = dialog.querySelector("[data-made]");
  dialog.onclose = () => dialog.remove();
  form.querySelector("[type=button]").onclick = () => dialog.close();
  made.querySelector("[data-close]").onclick = () => dialog.close();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const ends = new Date(Date.now() + Number(form.querySelector("select").value) * 86_400_000);
    try {
      const { data } = await send("POST", "/api/auth/shares", { json: { studyInstanceUid: uid, expires: ends.toISOString(), label: form.querySelector("input").value } });
      form.hidden = true;
      made.hidden = false;
      made.querySelector("input").value = data.url;
      made.querySelector("[data-until]").textContent = `It ends on ${day(new Date(data.expires))}. Admins revoke it on the page Accounts.`;
      made.querySelector("[data-copy-link]").onclick = async () => say((await copy(data.url)) ? "The link is copied." : "The browser allows no copying here.");
      made.querySelector("input").select();
    } catch (refused) {
      form.querySelector("[role=alert]").textContent = refused.message;
    }
  };
  document.body.append(dialog);
  dialog.showModal();
}
