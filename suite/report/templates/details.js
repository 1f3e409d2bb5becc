// The details of a point: its windows drawn as dots when it is opened, and its command copied by a button.
{
  const colours = { baseline: "#7b8494", technique: "#138a5e" };

  function rowsOf(table) {
    return [...table.tBodies[0].rows].flatMap((row) =>
      [...row.cells].slice(1).flatMap((cell, index) =>
        [...cell.querySelectorAll("[data-j]")].map((span) => ({
          arm: row.dataset.arm === "baseline" ? words.baseline : words.technique,
          block: index + 1,
          energy: Number(span.dataset.j) / Number(table.dataset.size),
        }))));
  }

  function specOf(table) {
    const arms = [words.baseline, words.technique];
    return {
      $schema: "https://vega.github.io/schema/vega-lite/v6.json",
      width: Math.min(560, table.closest("details").clientWidth - 90),
      height: 150,
      background: "transparent",
      config: { view: { stroke: null }, axis: { gridColor: "#8888884d", domainColor: "#88888899", tickColor: "#88888899", titleFontWeight: "normal", titlePadding: 12, labelFontSize: 11, titleFontSize: 12, tickCount: 5 } },
      data: { values: rowsOf(table) },
      mark: { type: "point", filled: true, size: 55, opacity: 0.85 },
      encoding: {
        x: { field: "block", type: "ordinal", title: words.block, axis: { labelAngle: 0 } },
        xOffset: { field: "arm", type: "nominal", sort: arms },
        y: { field: "energy", type: "quantitative", scale: { zero: false }, title: fill(words.energy_per_query, { unit: table.dataset.unit }) },
        color: { field: "arm", type: "nominal", title: null, scale: { domain: arms, range: [colours.baseline, colours.technique] } },
        shape: { field: "arm", type: "nominal", title: null, scale: { domain: arms, range: ["circle", "diamond"] } },
        tooltip: [{ field: "arm", title: words.technique }, { field: "block", title: words.block }, { field: "energy", format: ".4~g", title: table.dataset.unit }],
      },
    };
  }

  async function drawWindows(details) {
    const table = details.querySelector("table.windows");
    if (!table) return;
    await library;
    const figure = document.createElement("figure");
    figure.className = "chart windows-chart";
    figure.setAttribute("role", "group");
    figure.setAttribute("aria-label", words.windows_chart);
    const drawing = document.createElement("div");
    drawing.className = "drawing";
    drawing.setAttribute("aria-hidden", "true"); // the table below says the same
    figure.append(drawing);
    table.closest(".scroll").before(figure);
    await window.vegaEmbed(drawing, specOf(table), { ast: true, renderer: "svg", actions: false, defaultStyle: false, formatLocale: numbers });
  }

  function addCopy(pre) {
    const said = document.createElement("span");
    said.setAttribute("role", "status");
    const copy = button(words.copy, async () => {
      try {
        await navigator.clipboard.writeText(pre.textContent);
        said.textContent = words.copied;
      } catch {
        getSelection().selectAllChildren(pre);
        said.textContent = words.not_copied;
      }
    });
    const line = document.createElement("p");
    line.className = "copy";
    line.append(copy, said);
    pre.after(line);
  }

  for (const details of document.querySelectorAll("details.point")) {
    details.addEventListener("toggle", () => {
      if (!details.open || details.dataset.opened) return;
      details.dataset.opened = "once";
      for (const pre of details.querySelectorAll("pre.command")) addCopy(pre);
      drawWindows(details);
    });
  }
}
