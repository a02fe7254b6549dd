// Keeps the page of a request known as open, and shows who else has it open. Nobody pressed anything:
// the server does not count it as work, so an idle session ends all the same.
(() => {
  "use strict";
  const form = document.getElementById("presence");
  if (!form) return;
  const shown = document.getElementById("present");
  const aloud = document.getElementById("present-said");
  const EVERY = 30_000;
  let said = form.dataset.said;

  async function tell() {
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Background": "1" },
        cache: "no-store",
      });
      if (answer.redirected || !answer.ok) return;
      show(await answer.json());
    } catch {
      // Offline for a moment.
    }
  }

  function show(news) {
    // What has the focus stays; and only what is new is read aloud, not each minute.
    if (!shown.contains(document.activeElement)) shown.innerHTML = news.html;
    if (news.said !== said) aloud.textContent = said = news.said;
  }

  setInterval(tell, EVERY);
  // A page that comes back from the browser's memory is old.
  addEventListener("pageshow", (event) => event.persisted && tell());
})();
