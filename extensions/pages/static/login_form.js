// The login page after a wrong password: the name is there still, the password is to be typed again.
// It is kept in this tab for that one step, never in an address: people type passwords into it, too.

const form = document.getElementById("login");
const tried = sessionStorage.getItem("tried");
sessionStorage.removeItem("tried");
if (tried && new URLSearchParams(location.search).has("failed") && !form.username.value) {
  form.username.value = tried;
  form.password.focus();
}
form.addEventListener("submit", () => sessionStorage.setItem("tried", form.username.value));
