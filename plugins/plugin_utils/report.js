"use strict";
(function () {
  const table = document.getElementById("table");
  const rows = Array.from(table.tBodies[0].rows);
  const controls = document.getElementById("controls");
  const find = document.getElementById("find");
  const pick = document.getElementById("pick");
  const shown = document.getElementById("shown");
  const selects = Array.from(controls.querySelectorAll("select"));
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));

  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const fits =
        selects.every((select) => !select.value || (row.dataset[select.dataset.by] || "").split(" ").includes(select.value)) &&
        words.every((word) => texts.get(row).includes(word));
      row.hidden = !fits;
      count += fits;
    }
    shown.textContent =
      count === rows.length ? "" : controls.dataset.shown.replace("%1", String(count)).replace("%2", String(rows.length));
  }

  function value(row, column) {
    const cell = row.cells[column];
    return cell.dataset.key === undefined ? cell.textContent.trim() : Number(cell.dataset.key);
  }

  function compare(a, b) {
    return typeof a === "number" ? a - b : a.localeCompare(b, document.documentElement.lang, { numeric: true });
  }

  function sort(of, header, column) {
    const down = header.getAttribute("aria-sort") === "ascending";
    for (const other of of.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    header.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = of.tBodies[0];
    const order = Array.from(body.rows);
    order.sort((a, b) => compare(value(a, column), value(b, column)) * (down ? -1 : 1));
    body.append(...order);
  }

  // Buttons are made here, so that a page without scripts shows none that do nothing.
  function button(inside, action) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = inside.textContent;
    made.addEventListener("click", action);
    inside.replaceChildren(made);
    return made;
  }

  for (const each of document.querySelectorAll("table.sortable")) {
    Array.from(each.tHead.rows[0].cells).forEach(function (header, column) {
      header.setAttribute("aria-sort", "none");
      button(header, () => sort(each, header, column));
    });
  }
  for (const cell of document.querySelectorAll("[data-show]")) {
    button(cell, function () {
      pick.value = cell.dataset.show;
      filter();
      document.getElementById("hosts").scrollIntoView();
      pick.focus({ preventScroll: true });
    }).title = controls.dataset.pick;
  }

  // Paper cannot be unfolded.
  let closed = [];
  window.addEventListener("beforeprint", function () {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const part of closed) part.open = true;
  });
  window.addEventListener("afterprint", function () {
    for (const part of closed) part.open = false;
  });
  find.addEventListener("input", filter);
  for (const select of selects) select.addEventListener("change", filter);
  controls.hidden = false;
  // A browser that goes back may have kept what was chosen.
  filter();
})();
