// Keeps what staff type into a form in this tab (sessionStorage) until it is saved, so that it survives the end
// of a session, an error and a closed page. A form is filled in again, never sent, by this script. Passwords and
// files are not kept.
(() => {
  "use strict";
  const notice = document.getElementById("draft");
  const { account } = document.currentScript.dataset;
  const PREFIX = "draft ";
  const MAX_AGE_MS = 12 * 60 * 60 * 1000;
  const BUTTONS = ["submit", "button", "reset", "image", "fieldset"];
  const NOT_TYPED = ["hidden", "checkbox", "radio", "select-one", "select-multiple", "file"];

  const keys = () => Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
  const read = (key) => JSON.parse(sessionStorage.getItem(key));
  function write(key, draft) {
    try {
      sessionStorage.setItem(key, JSON.stringify(draft));
    } catch {
      // The storage is full: the form works without a draft.
    }
  }

  // An error page, or the sign-in page: what was sent did not arrive.
  if (!account) {
    for (const key of keys()) {
      const draft = read(key);
      write(key, { ...draft, sent: false, lost: draft.lost || draft.sent });
    }
    return;
  }

  const [{ type } = {}] = performance.getEntriesByType("navigation");
  const forms = [...document.querySelectorAll("#content form[method=post]")].filter(isTyped);
  const hasErrors = Boolean(document.querySelector("#content :is(.errornote, .errorlist, [aria-invalid=true])"));

  function isTyped(form) {
    return !form.querySelector("[type=password]") && controls(form).some((control) => !NOT_TYPED.includes(control.type));
  }

  function controls(form) {
    return [...form.elements].filter((control) => control.name && !BUTTONS.includes(control.type)
      && control.name !== "csrfmiddlewaretoken" && !control.name.includes("__prefix__"));
  }

  // Where the form is sent to: the same on its page and on the page that shows its errors.
  const keyOf = (form) => `${PREFIX}${account} ${form.getAttribute("action") || location.pathname}`;

  function values(form, wanted = () => true) {
    return controls(form).filter(wanted).map((control) => {
      if (control.type === "checkbox" || control.type === "radio") return [control.name, control.value, control.checked];
      if (control.type === "select-multiple") return [control.name, [...control.selectedOptions].map((one) => one.value)];
      if (control.type === "file") return [control.name, [...control.files].map((one) => one.name)];
      return [control.name, control.value];
    });
  }

  // Hidden inputs, such as the version that was opened, differ each time the page is opened.
  const visible = (form) => JSON.stringify(values(form, (control) => control.type !== "hidden"));

  // The rows that the admin's script added.
  function addRows(form, draft) {
    for (const [name, total] of draft.values) {
      const prefix = name.endsWith("-TOTAL_FORMS") && name.slice(0, -"-TOTAL_FORMS".length);
      const counter = prefix && form.elements[name];
      while (counter && Number(counter.value) < Number(total)) {
        const before = counter.value;
        document.querySelector(`#${CSS.escape(prefix)}-group .add-row a`)?.click();
        if (counter.value === before) break;
      }
    }
  }

  function fill(form, draft) {
    addRows(form, draft);
    const files = [];
    for (const [name, value, checked] of draft.values) {
      for (const control of controls(form).filter((one) => one.name === name)) {
        if (control.type === "file") files.push(...value);
        else if (checked !== undefined) { if (control.value === value) control.checked = checked; }
        else if (control.type === "select-multiple") for (const one of control.options) one.selected = value.includes(one.value);
        else control.value = value;
      }
    }
    return files;
  }

  function show(form, key, draft) {
    const shown = notice.content.firstElementChild.cloneNode(true);
    const [restored, offered, files] = ["restored", "offered", "files"].map((name) => shown.querySelector(`[data-${name}]`));
    const putBack = shown.querySelector("[data-put-back]");
    function restore() {
      const names = fill(form, draft);
      files.hidden = !names.length;
      files.querySelector("span").textContent = names.join(", ");
      restored.hidden = false;
      offered.hidden = putBack.hidden = true;
      save(form, key);
    }
    putBack.addEventListener("click", () => { restore(); shown.focus(); });
    shown.querySelector("[data-discard]").addEventListener("click", () => {
      sessionStorage.removeItem(key);
      if (restored.hidden) shown.remove(); else location.reload();
    });
    restored.hidden = files.hidden = true;
    form.before(shown);
    if (draft.lost) restore();
  }

  function save(form, key, sent = false) {
    write(key, { at: Date.now(), values: values(form), visible: visible(form), sent });
  }

  for (const key of keys()) {
    const draft = read(key);
    // Sent, and this page followed: it was saved. After Back or Reload, that is unknown.
    const isSaved = draft.sent && type === "navigate" && !hasErrors;
    if (isSaved || Date.now() - draft.at > MAX_AGE_MS) sessionStorage.removeItem(key);
    else if (draft.sent) write(key, { ...draft, sent: false });
  }

  function start() {
    for (const form of forms) {
      const key = keyOf(form);
      const draft = read(key);
      if (draft && !hasErrors && draft.visible !== visible(form)) show(form, key, draft);
      form.addEventListener("input", () => save(form, key));
      form.addEventListener("change", () => save(form, key));
      form.addEventListener("submit", () => save(form, key, true));
    }
  }
  // After the admin's own scripts, which make the button that adds a row.
  addEventListener("load", () => window.django?.jQuery ? window.django.jQuery(start) : start());

  document.getElementById("logout-form")?.addEventListener("submit", () => {
    for (const key of keys()) sessionStorage.removeItem(key);
  });
})();
