// Parts of a page in the admin: moves a part up or down, by button or by dragging it, and writes the
// places anew. Without this script each part has its place as a number to type.
"use strict";
{
  const words = document.currentScript.dataset;

  function rowsOf(group) {
    return [...group.querySelectorAll(".inline-related:not(.empty-form):not(.tabular), tr.form-row:not(.empty-form)")]
      .filter((row) => placeOf(row));
  }

  function placeOf(row) {
    return row.querySelector("input[name$='-position']");
  }

  function renumber(group) {
    const rows = rowsOf(group);
    rows.forEach((row, index) => {
      placeOf(row).value = index + 1;
      const [up, down] = row.querySelectorAll(".move button");
      if (up) {
        up.disabled = index === 0;
        down.disabled = index === rows.length - 1;
      }
    });
  }

  function move(group, row, step) {
    const rows = rowsOf(group);
    const neighbor = rows[rows.indexOf(row) + step];
    if (!neighbor) return;
    if (step < 0) neighbor.before(row); else neighbor.after(row);
    renumber(group);
  }

  function button(text, sign, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = sign;
    made.setAttribute("aria-label", text);
    made.addEventListener("click", () => { press(); made.focus(); });
    return made;
  }

  function prepare(group, row) {
    if (row.querySelector(".move")) return;
    const buttons = document.createElement("span");
    buttons.className = "move";
    buttons.append(
      button(words.up, "↑", () => move(group, row, -1)),
      button(words.down, "↓", () => move(group, row, 1)),
    );
    placeOf(row).after(buttons);
    row.draggable = true;
    row.addEventListener("dragstart", (event) => {
      // Text in a field is selected by dragging too: only the row's own ground picks it up.
      if (event.target !== row || document.activeElement.matches("input, textarea, select")) {
        event.preventDefault();
        return;
      }
      event.dataTransfer.effectAllowed = "move";
      row.classList.add("is-dragged");
    });
    row.addEventListener("dragend", () => { row.classList.remove("is-dragged"); renumber(group); });
    row.addEventListener("dragover", (event) => {
      const dragged = group.querySelector(".is-dragged");
      if (!dragged || dragged === row) return;
      event.preventDefault();
      const half = row.getBoundingClientRect().top + row.offsetHeight / 2;
      if (event.clientY < half) row.before(dragged); else row.after(dragged);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const group of document.querySelectorAll(".inline-group")) {
      const refresh = () => { rowsOf(group).forEach((row) => prepare(group, row)); renumber(group); };
      if (rowsOf(group).length) refresh();
      document.addEventListener("formset:added", (event) => { if (group.contains(event.target)) refresh(); });
    }
  });
}
