// Keeps a page up to date: once a minute, while its window is visible and nobody is working in the part that
// would be replaced. Its requests are marked as background ones, so that an idle session still ends.
(() => {
  "use strict";
  const INTERVAL_MS = 60_000;
  const region = document.getElementById("refreshed");
  const news = document.getElementById("news");
  const { title } = document;
  let readAt = Date.now();

  async function read(address) {
    const answer = await fetch(address, { headers: { "X-Background": "1" }, cache: "no-store" });
    if (answer.redirected || !answer.ok) throw new Error("signed out, or a fault");
    return answer;
  }

  function isInUse() {
    return region.contains(document.activeElement) || !getSelection().isCollapsed || document.querySelector("dialog[open]");
  }

  // What has come since the page was opened: said once for each number, in words that the server sends.
  async function announce() {
    const { count, text } = await (await read(news.dataset.address)).json();
    const link = news.querySelector("a");
    if (!count || link.textContent === text) return;
    link.textContent = text;
    link.hidden = false;
    document.title = `(${count}) ${title}`;
  }

  async function replace() {
    if (isInUse()) return;
    const html = await (await read(location.href)).text();
    if (!isInUse()) region.innerHTML = html;
  }

  async function refresh() {
    if (document.hidden || Date.now() - readAt < INTERVAL_MS) return;
    readAt = Date.now();
    try {
      if (news) await announce();
      if (region) await replace();
    } catch {
      // Offline for a moment, or signed out.
    }
  }

  setInterval(refresh, INTERVAL_MS);
  document.addEventListener("visibilitychange", refresh);
})();
