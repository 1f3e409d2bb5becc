// The page is complete without this script. It adds: charts with tooltips that can be saved, sorting and filtering.
"use strict";

const { charts: specs, words, numbers } = JSON.parse(document.getElementById("page-data").textContent);
const views = new Map(); // a chart may stand in a card and in its section

function fill(sentence, fields) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in fields ? fields[name] : whole));
}

for (const hidden of document.querySelectorAll(".controls[hidden]")) hidden.hidden = false;

// Each drawing is an SVG already; it is replaced once the same chart has been drawn with tooltips.
async function enliven(drawing) {
  const spec = specs[drawing.dataset.chart];
  if (!spec) return;
  const stage = document.createElement("div");
  const settings = { ast: true, renderer: "svg", actions: false, defaultStyle: false, formatLocale: numbers };
  const { view } = await window.vegaEmbed(stage, spec, settings);
  drawing.replaceChildren(stage);
  drawing.dataset.drawn = "script";
  views.set(drawing.dataset.chart, [...(views.get(drawing.dataset.chart) ?? []), view]);
  drawing.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: view }));
}

const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    seen.unobserve(entry.target);
    enliven(entry.target);
  }
}, { rootMargin: "200px" });

// The chart library lies in the page as base64 of gzip. Unpacked, it may run because the page's policy names its hash.
const library = new Promise((resolve) => addEventListener("charts-ready", resolve, { once: true }));

async function unpackLibrary() {
  const packed = document.getElementById("chart-library");
  if (!packed || !window.DecompressionStream) return; // the drawings in the page stay as they are
  const bytes = Uint8Array.from(atob(packed.textContent), (character) => character.charCodeAt(0));
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.type = "module";
  script.textContent = await new Response(unpacked).text();
  document.body.append(script);
}

unpackLibrary();
library.then(() => {
  for (const drawing of document.querySelectorAll(".drawing[data-chart]")) seen.observe(drawing);
});

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

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
    const sorter = document.createElement("button");
    sorter.type = "button";
    sorter.append(...heading.childNodes);
    heading.append(sorter);
    sorter.addEventListener("click", () => sortBy(table, heading, column));
  });
}

// Filtering: text, verdict and front; a table with no row left is hidden with its heading.
const filters = document.getElementById("filters");
if (filters) {
  const [search, verdict, front] = ["filter", "filter-verdict", "filter-front"].map((name) => document.getElementById(name));
  const rows = [...document.querySelectorAll("table.sortable tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  const count = document.getElementById("filter-count");
  const apply = () => {
    const wanted = search.value.trim().toLowerCase();
    let shown = 0;
    for (const [row, text] of rows) {
      const fits = (!verdict.value || row.dataset.verdict === verdict.value) && (!front.checked || "front" in row.dataset);
      row.hidden = !(fits && text.includes(wanted));
      shown += !row.hidden;
    }
    for (const group of document.querySelectorAll(".table-group")) group.hidden = !group.querySelector("tbody tr:not([hidden])");
    count.textContent = fill(words.rows_shown, { shown: shown.toLocaleString(document.documentElement.lang), total: rows.length.toLocaleString(document.documentElement.lang) });
  };
  let waiting;
  filters.addEventListener("input", () => {
    if (rows.length < 500) return apply();
    clearTimeout(waiting); // laying out thousands of rows takes longer than the next key
    waiting = setTimeout(apply, 250);
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  apply();
}

// A link to a point opens it.
function openTarget() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
