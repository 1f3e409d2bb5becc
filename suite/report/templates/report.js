// The page is complete without this script. It adds: charts with tooltips, sorting and filtering of the tables.
"use strict";

const specs = JSON.parse(document.getElementById("chart-specs").textContent);

// Each drawing is an SVG already; it is replaced once the same chart has been drawn with tooltips.
async function enliven(drawing) {
  const spec = specs[drawing.dataset.chart];
  if (!spec || !window.vegaEmbed) return;
  const stage = document.createElement("div");
  await window.vegaEmbed(stage, spec, { ast: true, renderer: "svg", actions: false, defaultStyle: false });
  drawing.replaceChildren(stage);
  drawing.dataset.drawn = "script";
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    enliven(entry.target);
  }
}, { rootMargin: "200px" });
for (const drawing of document.querySelectorAll(".drawing[data-chart]")) seen.observe(drawing);

// Sorting: by the number behind a cell where there is one, else by its text; empty cells last.
function key(row, column, numeric) {
  const cell = row.cells[column];
  if (!cell || cell.colSpan > 1) return null;
  const figure = cell.querySelector("[data-value]");
  if (!numeric) return cell.textContent.trim().toLowerCase();
  return figure && figure.dataset.value !== "" ? Number(figure.dataset.value) : null;
}

function sortBy(table, heading, column) {
  const descending = heading.getAttribute("aria-sort") === "ascending";
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const numeric = heading.dataset.kind === "number";
  const rows = [...table.tBodies[0].rows].map((row) => [key(row, column, numeric), row]);
  rows.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1);
  });
  table.tBodies[0].append(...rows.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => sortBy(table, heading, column));
  });
}

const filter = document.getElementById("filter");
if (filter) {
  filter.parentElement.hidden = false;
  filter.addEventListener("input", () => {
    const wanted = filter.value.trim().toLowerCase();
    for (const row of document.querySelectorAll("table.sortable tbody tr")) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
    }
  });
}

// A link to a point opens it.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
