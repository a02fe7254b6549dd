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

  const form = dialog.querySelector("form");
  async function stay() {
    problem.hidden = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: background });
      show((await answer.json()).seconds_left);
    } catch {
      problem.hidden = false;
    }
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    stay();
  });
  // Typing is activity: it renews the session, at most once a minute.
  let renewedAt = Date.now();
  addEventListener("input", () => {
    if (Date.now() - renewedAt < 60_000) return;
    renewedAt = Date.now();
    stay();
  });
  // Escape also means "stay signed in".
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    form.requestSubmit();
  });
  // A page restored from the browser's memory has an old number.
  addEventListener("pageshow", (event) => event.persisted && ask());
  wait(Number(dialog.dataset.left));
})();
