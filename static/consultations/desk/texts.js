// Copies the text to the patient. Without this script, the button opens a page with the text to select.
document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (button?.value !== "copy" || form.dataset.isPlain || !window.ClipboardItem) return;
  event.preventDefault();
  const body = new FormData(form);
  body.append(button.name, button.value);
  const text = fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } })
    .then((response) => {
      if (!response.ok || response.redirected) throw new Error(response.status);
      return response.json();
    })
    .then((answer) => new Blob([answer.text], { type: "text/plain" }));
  const status = form.querySelector("[role=status]");
  navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]).then(
    () => { status.textContent = status.dataset.copied; },
    () => {
      // Refused, or the request has changed: show the page.
      form.dataset.isPlain = "yes";
      form.target = "_self";
      form.requestSubmit(button);
    },
  );
});
