// Warns before an idle staff session ends. The server ends it, by its own clock; this script asks how much
// time is left before it warns or leaves, since another window may have been used.
(() => {
  "use strict";
  const dialog = document.getElementById("idle");
  if (!dialog) return;
  const { status, signIn, warn } = dialog.dataset;
  const problem = document.getElementById("idle-problem");
  // The server does not count these requests as activity.
  const background = { "X-Background": "1" };
  let timer;

  function wait(left) {
    clearTimeout(timer);
    const untilWarning = left - Number(warn);
    timer = setTimeout(ask, 1000 * (untilWarning > 0 ? untilWarning : left) + 500);
  }

  async function ask() {
    try {
      const answer = await fetch(status, { headers: background, cache: "no-store" });
      show((await answer.json()).seconds_left);
    } catch {
      timer = setTimeout(ask, 10000);
    }
  }

  function show(left) {
    if (left <= 0) {
      const here = location.pathname + location.search;
      location.replace(`${signIn}?next=${encodeURIComponent(here)}`);
      return;
    }
    if (left > Number(warn)) {
      dialog.close();
    } else if (!dialog.open) {
      dialog.showModal();
    }
    wait(left);
  }

  dialog.querySelector("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      const body = new FormData(event.target);
      const answer = await fetch(event.target.action, { method: "POST", body, headers: background });
      show((await answer.json()).seconds_left);
    } catch {
      problem.hidden = false;
    }
  });
  // Escape also means "stay signed in".
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("form").requestSubmit();
  });
  // A page restored from the browser's memory has an old number.
  addEventListener("pageshow", (event) => event.persisted && ask());
  wait(Number(dialog.dataset.left));
})();
