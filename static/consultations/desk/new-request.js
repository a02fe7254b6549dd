// Look a number up as soon as it is typed. Without this script, the button "Look up" does.
const form = document.querySelector(".new-request");
const phone = form?.elements.phone;

phone?.addEventListener("change", async () => {
  const typed = phone.value;
  const sent = new FormData(form);
  sent.set("look_up", "1");
  try {
    const response = await fetch(location.pathname, { method: "POST", body: sent });
    const answer = new DOMParser().parseFromString(await response.text(), "text/html");
    const found = answer.getElementById("found");
    if (found && phone.value === typed) {
      document.getElementById("found").replaceChildren(...found.childNodes);
    }
  } catch {
    // The number is looked up again when the form is saved.
  }
});
