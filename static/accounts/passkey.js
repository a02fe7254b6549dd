// Shows that the browser gave no passkey: canceled, timed out, or there is none for this site.
document.addEventListener("allauth.error", () => {
  document.getElementById("passkey-problem").hidden = false;
});
