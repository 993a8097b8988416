// Login with a token of the OpenID provider: it is shown once, and becomes a cookie of ours.

import { prefix } from "./page.js";

const form = document.getElementById("provider");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = form.querySelector("[role=alert]");
  problem.textContent = "";
  try {
    const answer = await fetch(`${prefix}/api/auth/session`, {
      method: "POST",
      credentials: "same-origin",
      headers: { Authorization: `Bearer ${form.token.value.trim()}`, Accept: "application/json", "Content-Type": "application/json" },
      body: "{}",
    });
    if (answer.ok) return location.assign(form.dataset.next);
    problem.textContent = (await answer.json().catch(() => null))?.message || "The token is not accepted.";
  } catch {
    problem.textContent = "The server cannot be reached.";
  }
});
