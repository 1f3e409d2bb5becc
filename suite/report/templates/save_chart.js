// Saving a chart: the drawing that shows, with the colours it has on the screen, below its headings and above its legend.
{
  const [MARGIN, LINE, SIGN] = [14, 19, 28];
  const measuring = document.createElement("canvas").getContext("2d");

  function svgElement(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  }

  function widthOf(text, { size, weight = 400 }, family) {
    measuring.font = `${weight} ${size}px ${family}`;
    return measuring.measureText(text).width;
  }

  // Words in lines that are no wider than `room`.
  function lines(words, look, family, room) {
    const found = [""];
    for (const word of words.split(/\s+/).filter(Boolean)) {
      const longer = `${found.at(-1)} ${word}`.trim();
      if (found.at(-1) && widthOf(longer, look, family) > room) found.push(word);
      else found[found.length - 1] = longer;
    }
    return found.filter(Boolean);
  }

  // The section's heading, and the one of the comparison: its name and, smaller, its settings.
  function headingsOf(figure) {
    let place = figure;
    while (place && place.tagName !== "H3" && place.tagName !== "SECTION") place = place.previousElementSibling ?? place.parentElement;
    const comparison = place?.tagName === "H3" ? place : null;
    const settings = comparison?.querySelector("small")?.textContent ?? "";
    const name = (comparison?.firstChild?.textContent ?? "").trim();
    const title = [figure.closest("section").querySelector("h2").textContent.trim(), name].filter(Boolean).join(": ");
    return [[title, { size: 15, weight: 600 }], [settings, { size: 12 }]];
  }

  // The legend nearest to the chart: beside it, below it, or the section's own.
  function legendOf(figure) {
    const block = figure.closest(".pair, .with-legend") ?? figure;
    const below = block.nextElementSibling?.matches(".legend") ? block.nextElementSibling : null;
    return block.querySelector(".legend") ?? below ?? figure.closest("section").querySelector(":scope > .legend");
  }

  // A section's legend serves all its charts: a texture that this one lacks is no sign of it.
  function isOf(chart, item) {
    const texture = item.querySelector("pattern")?.id.replace(/[^-]*$/, "");
    return !texture || chart.querySelector(`pattern[id^="${texture}"]`) !== null;
  }

  function sign(item) {
    const copy = item.querySelector("svg").cloneNode(true);
    const symbol = document.querySelector(copy.querySelector("use")?.getAttribute("href") ?? "none");
    if (symbol) {
      copy.setAttribute("viewBox", symbol.getAttribute("viewBox"));
      copy.replaceChildren(...[...symbol.children].map((child) => child.cloneNode(true)));
    }
    return copy;
  }

  // Signs and words in rows, from `top` on; gives where they end.
  function drawLegend(into, items, { top, width, family, ink }) {
    let [left, middle] = [MARGIN, top];
    for (const item of items) {
      const words = item.textContent.trim();
      const room = SIGN + 7 + widthOf(words, { size: 12 }, family) + 18;
      if (left > MARGIN && left + room > width) [left, middle] = [MARGIN, middle + LINE];
      const drawn = sign(item);
      for (const [name, value] of Object.entries({ x: left, y: middle - 6, width: SIGN, height: 12 })) drawn.setAttribute(name, value);
      into.append(drawn, svgElement("text", { x: left + SIGN + 7, y: middle + 4, "font-size": 12, "font-family": family, fill: ink }, words));
      left += room;
    }
    return items.length ? middle + LINE : top;
  }

  function copyOf(svg) {
    const copy = svg.cloneNode(true);
    const [shown, copied] = [svg, copy].map((root) => [root, ...root.querySelectorAll("*")]);
    shown.forEach((element, index) => {
      const style = getComputedStyle(element);
      if (element.tagName === "text") {
        for (const name of ["fill", "font-family", "paint-order", "stroke", "stroke-width"]) copied[index].style.setProperty(name, style.getPropertyValue(name));
      }
    });
    return copy;
  }

  function standalone(figure, drawing) {
    const svg = drawing.querySelector("svg");
    const panel = getComputedStyle(figure.closest("section"));
    const [family, ink, back] = [panel.fontFamily, panel.color, panel.backgroundColor];
    const { width: own, height: tall } = svg.viewBox.baseVal;
    const width = Math.max(own, 320) + 2 * MARGIN;
    const picture = svgElement("svg", { xmlns: "http://www.w3.org/2000/svg" });
    picture.style.setProperty("--panel", back); // textures of the chart have this colour
    let bottom = MARGIN;
    for (const [words, look] of headingsOf(figure)) {
      for (const line of lines(words, look, family, width - 2 * MARGIN)) {
        bottom += LINE;
        picture.append(svgElement("text", { x: MARGIN, y: bottom - 4, "font-size": look.size, "font-weight": look.weight ?? 400, "font-family": family, fill: ink }, line));
      }
    }
    const chart = copyOf(svg);
    for (const [name, value] of Object.entries({ x: MARGIN, y: bottom + 8, width: own, height: tall })) chart.setAttribute(name, value);
    picture.append(chart);
    const items = [...(legendOf(figure)?.querySelectorAll(".verdict") ?? [])].filter((item) => isOf(svg, item));
    const height = drawLegend(picture, items, { top: bottom + tall + 24, width, family, ink }) + MARGIN / 2;
    picture.prepend(svgElement("rect", { width, height, fill: back }));
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) picture.setAttribute(name, value);
    return { text: new XMLSerializer().serializeToString(picture), width, height };
  }

  function save(address, name) {
    const link = document.createElement("a");
    [link.href, link.download] = [address, name];
    link.click();
  }

  function asAddress(text) {
    return `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  }

  async function savePng({ text, width, height }, name) {
    const picture = new Image();
    picture.src = asAddress(text);
    await picture.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [2 * width, 2 * height];
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    save(canvas.toDataURL("image/png"), name);
  }

  for (const figure of document.querySelectorAll("section .chart[data-name]")) {
    const showing = () => standalone(figure, [...figure.querySelectorAll(".drawing")].find((each) => each.offsetParent !== null));
    const tools = document.createElement("div");
    tools.className = "chart-tools";
    tools.append(
      button(words.save_svg, () => save(asAddress(showing().text), `${figure.dataset.file}.svg`)),
      button(words.save_png, () => savePng(showing(), `${figure.dataset.file}.png`)),
    );
    figure.append(tools);
  }
}
