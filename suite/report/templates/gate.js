// The accuracy gate: the reader sets the largest loss of score that counts as none; what the page then says is worded already.
{
  const form = document.getElementById("gate");
  const data = JSON.parse(document.getElementById("gate-data")?.textContent ?? '{"gates":{},"verdicts":{}}');

  // The last setting, or step, that begins at or below the gate.
  function at(steps, gate) {
    return steps.findLast(([least]) => least <= gate + 1e-9) ?? steps[0];
  }

  function setVerdicts(found, gate) {
    for (const [record, point] of Object.entries(found.points)) {
      const [claim, alone] = gate === found.margin ? point.own : at(point.steps, gate).slice(1);
      for (const shown of document.querySelectorAll(`[data-claim="${CSS.escape(record)}"]`)) {
        const chip = shown.querySelector(".verdict");
        chip.className = `verdict verdict-${claim}`;
        chip.querySelector("use").setAttribute("href", `#v-${claim}`);
        chip.lastChild.textContent = data.verdicts[claim];
        const small = shown.querySelector(".alone");
        small.hidden = claim === alone;
        small.textContent = fill(words.by_itself, { verdict: data.verdicts[alone] });
      }
      for (const row of document.querySelectorAll(`tr[data-record="${CSS.escape(record)}"]`)) {
        row.dataset.verdict = claim;
        row.classList.toggle("beyond-gate", gate !== found.margin && gate + 1e-9 < point.loss);
      }
    }
    document.getElementById("filters")?.dispatchEvent(new Event("input"));
  }

  function moveLines(found, gate) {
    for (const chart of found.charts) for (const width of ["wide", "narrow"]) (views.get(`${chart}-${width}`) ?? []).forEach((view) => moveLine(view, gate));
  }

  function moveLine(view, gate) {
    view.signal("gate", gate).runAsync();
  }

  function prepare(row) {
    const found = data.gates[row.dataset.gate];
    const card = document.querySelector(`[data-gated="${row.dataset.gate}"]`);
    const [range, number, back, refused] = ["input[type=range]", "input[type=number]", "button", ".refused"].map((name) => row.querySelector(name));
    const [line, rest, moved] = [".answer", ".rest", ".gated"].map((name) => card.querySelector(name));
    const own = { line: line.innerHTML, rest: rest.innerHTML };
    const unit = number.nextElementSibling.textContent;

    function show(gate) {
      const isOwn = gate === found.margin;
      const [, sentence, lists] = at(found.settings, gate);
      line.innerHTML = isOwn ? own.line : sentence;
      rest.innerHTML = isOwn ? own.rest : lists;
      moved.hidden = back.disabled = isOwn;
      moved.textContent = fill(words.gate_moved, { gate: number.value, margin: String(found.margin), unit });
      found.gate = gate;
      setVerdicts(found, gate);
      moveLines(found, gate);
    }

    function set(value) {
      range.value = number.value = String(value);
      refused.textContent = "";
      number.removeAttribute("aria-invalid");
      show(value);
    }

    number.addEventListener("input", () => {
      if (number.checkValidity() && Number.isFinite(number.valueAsNumber)) {
        refused.textContent = "";
        number.removeAttribute("aria-invalid");
        range.value = number.value;
        show(number.valueAsNumber);
      } else {
        refused.textContent = fill(words.gate_refused, { hint: refused.dataset.hint });
        number.setAttribute("aria-invalid", "true");
      }
    });
    range.addEventListener("input", () => {
      const step = Number(range.dataset.step);
      set(Number((Math.round(range.valueAsNumber / step) * step).toPrecision(6)));
    });
    range.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!way) return;
      event.preventDefault();
      const step = Number(range.dataset.step);
      const next = Math.round(range.valueAsNumber / step + way) * step;
      set(Number(Math.min(Number(range.max), Math.max(0, next)).toPrecision(6)));
    });
    back.addEventListener("click", () => set(found.margin));
    range.value = number.value = String(found.margin); // a browser may bring back what stood there before
    found.gate = found.margin;
  }

  if (form) {
    form.querySelectorAll("[data-gate]").forEach(prepare);
    form.addEventListener("submit", (event) => event.preventDefault());
    addEventListener("drawn", (event) => {
      const name = event.target.dataset.chart?.replace(/-(wide|narrow)$/, "");
      const found = Object.values(data.gates).find((each) => each.charts.includes(name));
      if (found && found.gate !== found.margin) moveLine(event.detail, found.gate);
    });
  }
}
