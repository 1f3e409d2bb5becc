// The accuracy gate: the reader sets the largest loss of score; the cards, the charts and the table follow.
{
  const form = document.getElementById("gate");
  const groups = JSON.parse(document.getElementById("gate-data")?.textContent ?? "{}");
  const [range, share, own] = ["gate-range", "gate-share", "gate-own"].map((name) => document.getElementById(name));
  const digits = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

  // The gate in the units of the group's axis; an empty field stands for the task's own margin.
  function gateOf(group) {
    return share.value === "" ? group.margin : (Number(share.value) / 100) * group.baseline;
  }

  function best(group) {
    const within = group.candidates.filter((each) => each.high < 1 && each.loss <= gateOf(group) + 1e-9);
    return within.reduce((least, each) => (least && least.ratio <= each.ratio ? least : each), null);
  }

  function show() {
    const gate = share.value === "" ? words.gate_own : fill(words.gate_share, { share: digits.format(Number(share.value)) });
    for (const line of document.querySelectorAll(".gated")) {
      const found = best(groups[line.dataset.group] ?? { candidates: [] });
      line.hidden = share.value === "";
      line.textContent = fill(found ? words.gate_best : words.gate_none, { gate, ...found });
    }
    const beyond = new Set();
    for (const [name, group] of Object.entries(groups)) {
      for (const width of ["wide", "narrow"]) moveLine(views.get(`${name}-${width}`), group);
      for (const each of group.candidates) if (each.loss > gateOf(group) + 1e-9) beyond.add(each.point);
    }
    for (const row of document.querySelectorAll("table.sortable tr[data-point]")) row.classList.toggle("beyond-gate", beyond.has(row.dataset.point));
  }

  function moveLine(view, group) {
    if (view && group) view.signal("gate", gateOf(group)).runAsync();
  }

  if (form) {
    share.value = "";
    range.addEventListener("input", () => { share.value = range.value; show(); });
    share.addEventListener("input", () => { if (share.checkValidity()) { range.value = share.value; show(); } });
    own.addEventListener("click", () => { share.value = ""; range.value = 0; show(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("drawn", (event) => {
      const group = groups[event.target.dataset.chart?.replace(/-(wide|narrow)$/, "")];
      moveLine(event.detail, group);
    });
    show();
  }
}
