// The page is complete without this script. It adds: charts with tooltips that can be saved, sorting and filtering.
"use strict";

const { charts: specs, words, numbers } = JSON.parse(document.getElementById("page-data").textContent);
const views = new Map();

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
  views.set(drawing.dataset.chart, view);
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

// Saving a chart: the drawing that shows, with the colours it has on the screen.
function standalone(drawing) {
  const svg = drawing.querySelector("svg");
  const copy = svg.cloneNode(true);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  const [shown, copied] = [svg, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  shown.forEach((element, index) => {
    const style = getComputedStyle(element);
    if (element.tagName === "text") {
      for (const name of ["fill", "font-family", "paint-order", "stroke", "stroke-width"]) copied[index].style.setProperty(name, style.getPropertyValue(name));
    }
  });
  const back = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const { width, height } = svg.viewBox.baseVal;
  for (const [name, value] of Object.entries({ width, height, fill: getComputedStyle(drawing.closest("section, article, body")).backgroundColor })) back.setAttribute(name, value);
  copy.prepend(back);
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

function save(address, name) {
  const link = document.createElement("a");
  [link.href, link.download] = [address, name];
  link.click();
}

function asAddress(text) {
  return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}

async function savePng(drawing, name) {
  const { text, width, height } = standalone(drawing);
  const picture = new Image();
  picture.src = asAddress(text);
  await picture.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [2 * width, 2 * height];
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  save(canvas.toDataURL("image/png"), name);
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

for (const figure of document.querySelectorAll("section .chart[data-name]")) {
  const showing = () => [...figure.querySelectorAll(".drawing")].find((each) => each.offsetParent !== null);
  const tools = document.createElement("div");
  tools.className = "chart-tools";
  tools.append(
    button(words.save_svg, () => save(asAddress(standalone(showing()).text), `${figure.dataset.name}.svg`)),
    button(words.save_png, () => savePng(showing(), `${figure.dataset.name}.png`)),
  );
  figure.append(tools);
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
