// Keeps the page of a request registered as open, and shows who else has it open. Its requests are marked
// as background ones, so that an idle session still ends.
(() => {
  "use strict";
  const form = document.getElementById("presence");
  if (!form) return;
  const shown = document.getElementById("present");
  const live = document.getElementById("present-announcement");
  const INTERVAL_MS = 30_000;
  let announced = form.dataset.announcement;

  async function update() {
    try {
      const response = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Background": "1" },
        cache: "no-store",
      });
      if (response.redirected || !response.ok) return;
      show(await response.json());
    } catch {
      // Offline for a moment.
    }
  }

  function show({ html, announcement }) {
    // Do not replace what has the focus, and announce only what is new.
    if (!shown.contains(document.activeElement)) shown.innerHTML = html;
    if (announcement !== announced) live.textContent = announced = announcement;
  }

  setInterval(update, INTERVAL_MS);
  // A page restored from the browser's memory is out of date.
  addEventListener("pageshow", (event) => event.persisted && update());
})();
