// The what-if section. Its table is complete without this script; this reads the form and shows the same for other values.
{
  const form = document.getElementById("what-if");
  const [summary, result] = document.getElementById("what-if-result")?.children ?? [];
  const waters = [...document.querySelectorAll("#what-if-water li")].map((item) => item.textContent);
  const digits = new Intl.NumberFormat(document.documentElement.lang, { maximumSignificantDigits: 3 });
  const { use, technique, count, grid, grams, datacentre, pue, preset } = form ? form.elements : {};
  const chosen = (select) => select.selectedOptions[0];
  const write = (number) => digits.format(number).replace("-", "\u2212");

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function tag(name) {
    return element("span", words[name] ?? name, `tag tag-${name}`);
  }

  // The ratio of the technique, or one end of its interval, in the task that it was measured on; 1 elsewhere.
  function ratioOf(task, end) {
    const option = chosen(technique);
    if (option.parentElement.dataset.task !== task) return 1;
    return Number(option.dataset[end] ?? option.dataset.ratio);
  }

  // kWh of the hardware, each part with its own ratio.
  function energy(ratio) {
    const { parts, times } = chosen(use).dataset;
    const wh = JSON.parse(parts).reduce((sum, part) => sum + part.wh * ratio(part.task), 0);
    return (wh * Number(count.value) * Number(times)) / 1000;
  }

  // What one kWh of the hardware takes.
  function factors() {
    const centre = chosen(datacentre).dataset;
    const place = chosen(grid).dataset;
    const overhead = Number(pue.value);
    return [
      [words.energy_hardware, "kWh", 1],
      [words.energy_datacentre, "kWh", overhead],
      ["CO\u2082e", "kg", (overhead * Number(grams.value)) / 1000],
      [words.water_on_site, "L", centre.wue === undefined ? null : Number(centre.wue)],
      [words.water_off_site, "L", place.w === undefined ? null : overhead * Number(place.w)],
    ];
  }

  function inputs() {
    const [used, option, place, centre] = [use, technique, grid, datacentre].map((select) => chosen(select).dataset);
    const ownGrams = grams.value !== place.g;
    const ownPue = pue.value !== centre.pue;
    const group = chosen(grid).parentElement;
    const list = [[words.energy, used.tag, `${used.year}: ${used.sources}`]];
    if (technique.selectedIndex) {
      const { tag: kind, year } = chosen(technique).parentElement.dataset;
      const ratio = `${write(Number(option.ratio))}${option.least === undefined ? "" : ` [${write(Number(option.least))}, ${write(Number(option.most))}]`}`;
      list.push([words.technique, kind, fill(option.least === undefined ? words.ratio_no_interval : words.ratio_of_run, { year, ratio })]);
    }
    const known = { year: place.y, place: chosen(grid).textContent, source: group.label };
    list.push([words.grid, ownGrams ? "yours" : group.dataset.tag, ownGrams ? fill(words.own_grid, { grams: grams.value }) : fill(words.known_grid, known)]);
    const kind = chosen(datacentre).dataset.none === undefined ? "published" : "modelled";
    list.push(["PUE", ownPue ? "yours" : kind, ownPue ? fill(words.not_checked, { value: pue.value }) : `${chosen(datacentre).textContent}; ${centre.source}`]);
    if (centre.wue !== undefined) list.push([words.water_on_site, "published", `${centre.wue} L/kWh: ${centre.source}`]);
    if (place.w !== undefined) list.push([words.water_off_site, "published", fill(words.water_of_place, { litres: place.w, place: chosen(grid).textContent, source: waters[Number(place.s ?? 0)] })]);
    return list;
  }

  function row(name, unit, factor, base, low, middle, high) {
    const line = element("tr");
    const heading = element("th", name);
    heading.scope = "row";
    const cells = [base, ...(technique.selectedIndex ? [middle, middle - base] : [])].map((kwh) => {
      const cell = element("td", factor === null ? words.not_known : `${write(kwh * factor)} ${unit}`, "number");
      if (factor !== null) cell.dataset.value = kwh * factor;
      return cell;
    });
    if (technique.selectedIndex && factor !== null && chosen(technique).dataset.least !== undefined) {
      cells[1].append(element("span", `[${write(low * factor)}, ${write(high * factor)}]`, "interval"));
      cells[2].append(element("span", `[${write((low - base) * factor)}, ${write((high - base) * factor)}]`, "interval"));
    }
    const kind = element("td");
    if (factor !== null) kind.append(tag("modelled"));
    line.append(heading, ...cells, kind);
    return line;
  }

  function show() {
    const wrong = [count, grams, pue].find((input) => !input.checkValidity());
    if (wrong) {
      const name = wrong.labels[0].textContent.trim();
      summary.textContent = fill(words.give_number, { name, least: wrong.min });
      result.replaceChildren();
      return;
    }
    const option = chosen(technique);
    const base = energy(() => 1);
    const [low, middle, high] = ["least", "ratio", "most"].map((end) => energy((task) => ratioOf(task, end)));
    const table = element("table", undefined, "compact");
    const head = element("tr");
    const columns = technique.selectedIndex ? [words.without, option.textContent, words.change] : [words.without_technique];
    for (const name of [chosen(use).dataset.period, ...columns, words.kind]) {
      const cell = element("th", name, columns.includes(name) ? "number" : "");
      cell.scope = "col";
      head.append(cell);
    }
    table.createTHead().append(head);
    table.createTBody().append(...factors().map(([name, unit, factor]) => row(name, unit, factor, base, low, middle, high)));
    const scroll = element("div", undefined, "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", chosen(use).textContent);
    scroll.append(table);
    const from = element("ul", undefined, "files small");
    for (const [name, kind, words] of inputs()) {
      const item = element("li", `${name} `);
      item.append(tag(kind), ` ${words}`);
      from.append(item);
    }
    result.replaceChildren(scroll, from);
    const [, facility, carbon] = factors().map(([, unit, factor]) => `${write(middle * factor)} ${unit}`);
    const { period } = chosen(use).dataset;
    const sentence = technique.selectedIndex ? words.what_if_with : words.what_if_without;
    summary.textContent = fill(sentence, { energy: facility, carbon, period });
  }

  function takeUse() {
    count.value = chosen(use).dataset.count;
    form.querySelector("[data-role=unit]").textContent = chosen(use).dataset.unit;
    for (const group of technique.querySelectorAll("optgroup")) {
      group.disabled = group.hidden = group.dataset.use !== use.value;
    }
    (technique.querySelector("optgroup:not([hidden]) option[data-leading]") ?? technique.options[0]).selected = true;
  }

  function takePlace() {
    grams.value = chosen(grid).dataset.g;
  }

  function takeCentre() {
    pue.value = chosen(datacentre).dataset.pue;
  }

  function usePreset() {
    use.value = String(use.options.length - 1);
    takeUse();
    technique.selectedIndex = 0;
    grid.querySelector("option[data-published]").selected = true;
    takePlace();
    datacentre.querySelector("option[data-none]").selected = true;
    takeCentre();
    show();
  }

  if (form) {
    form.hidden = false;
    document.getElementById("what-if-table").open = false;
    for (const take of [takeUse, takePlace, takeCentre]) take();
    use.addEventListener("change", takeUse);
    grid.addEventListener("change", takePlace);
    datacentre.addEventListener("change", takeCentre);
    preset.addEventListener("click", usePreset);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", show);
    form.addEventListener("change", show);
    show();
  }
}
