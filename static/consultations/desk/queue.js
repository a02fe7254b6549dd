// Keyboard shortcuts of the queue. A shortcut only moves the focus. People who use speech input can turn
// single-key shortcuts off (WCAG 2.1.4).
const OFF = "queue-shortcuts-off";
const dialog = document.getElementById("shortcuts");
const button = document.getElementById("shortcuts-button");
const switched = document.getElementById("shortcuts-on");
const links = [...document.querySelectorAll(".queue__reference a")];

const steps = {
  j: () => move(1),
  k: () => move(-1),
  "/": () => document.getElementById("find").focus(),
  "?": () => dialog.showModal(),
};
// The arrow keys scroll the page until the focus is in the list of requests.
const arrows = { ArrowDown: steps.j, ArrowUp: steps.k };

let last = -1;

function move(by) {
  const focused = links.indexOf(document.activeElement);
  const from = focused < 0 ? last : focused;
  links[Math.min(Math.max(from + by, 0), links.length - 1)]?.focus();
}

function isTyping(target) {
  return target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || !switched.checked) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const inList = links.includes(document.activeElement);
  if (event.key === "Enter" && document.activeElement === document.body && last >= 0) links[last].click();
  const step = Object.hasOwn(steps, event.key) ? steps[event.key] : inList && arrows[event.key];
  if (!step) return;
  event.preventDefault();
  step();
}

links.forEach((link, index) => link.addEventListener("focus", () => { last = index; }));
document.addEventListener("keydown", press);
button.hidden = false;
button.addEventListener("click", steps["?"]);
// Some browsers forbid storage: then the choice holds for this page.
try { switched.checked = localStorage.getItem(OFF) === null; } catch { /* as it is */ }
switched.addEventListener("change", () => {
  try { if (switched.checked) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "1"); } catch { /* as it is */ }
});
