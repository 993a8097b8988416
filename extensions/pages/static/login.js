// A login that has ended, taken up again on the spot: what is being written stays where it is.

import { prefix, renew } from "./page.js";

let pending = null;

/** Ask for the password; true when there is a session again. Several askers share one dialog. */
export function login() {
  pending ||= shown().finally(() => { pending = null; });
  return pending;
}

/** The csrf token of the session that there is now; empty without one. */
async function session() {
  const answer = await fetch(`${prefix}/api/auth/me`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return "";
  const me = await answer.json();
  return (me.data ?? me).csrf || "";
}

/** People log in at their provider, in a tab of its own; this page looks until they have. */
function elsewhere() {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "login-title");
  dialog.dataset.stays = "";
  dialog.innerHTML = `
    <h2 id="login-title">Your login has ended</h2>
    <p>Log in again in another tab. What you have written is still here, and goes on by itself.</p>
    <p class="actions"><button type="button">Not now</button><a class="button primary" target="_blank" rel="opener">Log in</a></p>`;
  dialog.querySelector("a").href = prefix + document.body.dataset.login;
  document.body.append(dialog);
  dialog.showModal();
  dialog.querySelector("a").focus();
  return new Promise((done) => {
    const end = (result) => (clearInterval(looking), dialog.remove(), done(result));
    const looking = setInterval(async () => {
      const csrf = await session().catch(() => "");
      if (csrf) (renew(csrf), end(true));
    }, 2000);
    dialog.querySelector("button").onclick = () => end(false);
    dialog.oncancel = () => end(false);
  });
}

function shown() {
  if (document.body.dataset.login) return elsewhere();
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "login-title");
  dialog.dataset.stays = "";
  dialog.innerHTML = `
    <h2 id="login-title">Your login has ended</h2>
    <p>Log in again. What you have written is still here.</p>
    <form class="fields">
      <label for="login-name">Name</label><input id="login-name" name="username" autocomplete="username" required>
      <label for="login-password">Password</label><input id="login-password" name="password" type="password" autocomplete="current-password" required>
      <p class="wrong" role="alert"></p>
      <p class="actions"><button type="button" value="">Not now</button><button class="primary">Log in</button></p>
    </form>`;
  const form = dialog.querySelector("form");
  const who = document.body.dataset.who;
  form.username.value = who;
  document.body.append(dialog);
  dialog.showModal();
  (who ? form.password : form.username).focus();
  return new Promise((done) => {
    const end = (result) => (dialog.remove(), done(result));
    form.querySelector("[type=button]").onclick = () => end(false);
    dialog.oncancel = () => end(false);
    form.onsubmit = async (event) => {
      event.preventDefault();
      const problem = dialog.querySelector("[role=alert]");
      problem.textContent = "";
      try {
        const answer = await fetch(`${prefix}/api/auth/session`, {
          method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json", Accept: "application/json" },
          body: JSON.stringify({ username: form.username.value, password: form.password.value }),
        });
        if (!answer.ok) {
          const said = await answer.json().catch(() => null);
          problem.textContent = said?.message || "Name or password is wrong.";
          form.password.select();
          return;
        }
        renew(await session());
        end(true);
      } catch {
        problem.textContent = "The server cannot be reached. Try again in a moment.";
      }
    };
  });
}
