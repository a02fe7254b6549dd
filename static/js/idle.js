// Warns before an idle session of the staff ends. The server alone ends it, by its own clock: before it
// warns and before it leaves, this asks how much time is left, since another window may have been at work.
(() => {
  "use strict";
  const dialog = document.getElementById("idle");
  if (!dialog) return;
  const { status, signIn, warn } = dialog.dataset;
  const problem = document.getElementById("idle-problem");
  // Asking is no work: the server does not count it.
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
  // Escape is the other way to say "I am here".
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("form").requestSubmit();
  });
  // A page that comes back from the browser's memory has old numbers.
  addEventListener("pageshow", (event) => event.persisted && ask());
  wait(Number(dialog.dataset.left));
})();
