// Moves the parts of a page in the admin up or down, by button or by dragging, and renumbers them.
// Without this script, staff type the position as a number.
"use strict";
{
  const words = document.currentScript.dataset;
  const MAX_POSITION = 32000;

  function rowsOf(group) {
    return [...group.querySelectorAll(".inline-related:not(.empty-form):not(.tabular), tr.form-row:not(.empty-form)")]
      .filter((row) => positionOf(row));
  }

  function positionOf(row) {
    return row.querySelector("input[name$='-position']");
  }

  // After an error, the rows are in the order they were sent in, not in that of their positions.
  function sort(group) {
    const rows = rowsOf(group);
    const position = (row) => { const typed = positionOf(row).value; return typed === "" ? MAX_POSITION : Number(typed); };
    const sorted = [...rows].sort((one, other) => position(one) - position(other));
    if (sorted.every((row, index) => row === rows[index])) return;
    sorted.forEach((row, index) => { if (index) sorted[index - 1].after(row); else rows[0].before(row); });
  }

  function renumber(group) {
    const rows = rowsOf(group);
    rows.forEach((row, index) => {
      positionOf(row).value = index + 1;
      for (const control of row.querySelectorAll("[aria-label]:not(button)")) {
        control.setAttribute("aria-label", `${control.getAttribute("aria-label").replace(/ \d+$/, "")} ${index + 1}`);
      }
      const [up, down] = row.querySelectorAll(".move button");
      if (up) {
        // Not "disabled": a button that moved its part to the end would lose the focus.
        up.setAttribute("aria-disabled", index === 0);
        down.setAttribute("aria-disabled", index === rows.length - 1);
        up.setAttribute("aria-label", `${words.up} (${index + 1})`);
        down.setAttribute("aria-label", `${words.down} (${index + 1})`);
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

  function button(sign, press) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = sign;
    made.addEventListener("click", () => { press(); made.focus(); });
    return made;
  }

  function prepare(group, row) {
    if (row.querySelector(".move")) return;
    const buttons = document.createElement("span");
    buttons.className = "move";
    buttons.append(
      button("↑", () => move(group, row, -1)),
      button("↓", () => move(group, row, 1)),
    );
    positionOf(row).after(buttons);
    // Dragging also selects text in a field: only the background of the row starts a drag.
    row.draggable = true;
    row.addEventListener("mousedown", (event) => {
      row.draggable = !event.target.closest("input, textarea, select, button, a, label");
    });
    row.addEventListener("dragstart", (event) => {
      event.dataTransfer.setData("text/plain", "");
      event.dataTransfer.effectAllowed = "move";
      row.classList.add("is-dragged");
    });
    row.addEventListener("dragend", () => { row.classList.remove("is-dragged"); renumber(group); });
    row.addEventListener("drop", (event) => { if (group.querySelector(".is-dragged")) event.preventDefault(); });
    row.addEventListener("dragover", (event) => {
      const dragged = group.querySelector(".is-dragged");
      if (!dragged) return;
      event.preventDefault();
      if (dragged === row) return;
      const half = row.getBoundingClientRect().top + row.offsetHeight / 2;
      if (event.clientY < half) row.before(dragged); else row.after(dragged);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const group of document.querySelectorAll(".inline-group")) {
      const refresh = () => { rowsOf(group).forEach((row) => prepare(group, row)); renumber(group); };
      sort(group);
      refresh();
      document.addEventListener("formset:added", (event) => { if (group.contains(event.target)) refresh(); });
      document.addEventListener("formset:removed", () => renumber(group));
    }
  });
}
