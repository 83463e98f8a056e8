// Charts for papers: their camera asks for a width and a kind of file, and what it saves is light
// whatever the theme. `printed` is that of udviz/figures/style/paper.py, which brings the settings.
(paper => {
  if (window.udvizPaper) return;
  window.udvizPaper = true;
  const DENSITIES = {svg: paper.cssPxPerMm, png: paper.dpi / paper.mmPerInch}; // pixels per mm
  const NEW_LINE = "\x3cbr>"; // Streamlit takes a script out whole in which a tag is spelt
  let passes = null; // the camera that we press ourselves

  // A copy of a layout or a trace with dark letters; what has a meaning keeps its colour.
  const light = (part, key = "") => {
    if (Array.isArray(part) || ArrayBuffer.isView(part)) {
      return typeof part[0] === "object" ? Array.from(part, item => light(item)) : part;
    }
    if (part === null || typeof part !== "object") return part;
    const copy = Object.fromEntries(
      Object.entries(part).map(([name, value]) => [name, light(value, name)]));
    if (/font$/i.test(key)) Object.assign(copy, paper.font);
    return copy;
  };

  // Light, without the title, which is for the caption; long names of x axes on two lines.
  const printed = (layout, width, height) => {
    const copy = light(layout);
    copy.font = {...copy.font, ...paper.font};
    Object.assign(
      copy, {paper_bgcolor: paper.paper, plot_bgcolor: paper.paper, title: {text: ""}});
    let below = 0;
    for (const axis of Object.keys(copy).filter(name => /^xaxis\d*$/.test(name))) {
      const title = copy[axis].title, short = title?.text?.replace(" (", `${NEW_LINE}(`);
      if (short && title.text.length * paper.letterPx > paper.full * width) {
        copy[axis].title = {...title, text: short};
        below = short === title.text ? below : paper.linePx;
      }
    }
    copy.height = height - paper.titlePx + below;
    copy.margin = {...copy.margin, t: copy.margin.t - paper.titlePx, b: copy.margin.b + below};
    if (copy.legend) copy.legend.y = 1 - 6 / copy.height;
    return copy;
  };

  // What lies over a chart that stays (udviz/figures/style/over.py).
  const moved = chart => {
    const over = chart.closest('[class*="st-key-over-"]')?.querySelector(".udviz-over");
    return over ? JSON.parse(over.dataset.saved) : {shapes: [], traces: []};
  };

  const save = (camera, chart, mm, format) => {
    const {layout, data} = chart, options = chart._context.toImageButtonOptions;
    const width = mm * paper.pxPerMm, over = moved(chart);
    chart.layout = printed(layout, width, chart._fullLayout.height);
    chart.layout.shapes = [...(chart.layout.shapes ?? []), ...over.shapes];
    chart.data = [...data, ...over.traces].map(trace => light(trace));
    chart._context.toImageButtonOptions = {
      ...options, format, width, scale: mm * DENSITIES[format] / width,
      height: chart.layout.height, filename: `${options.filename}-${mm}mm`,
    };
    passes = camera;
    try {
      camera.click(); // copies all of this before it comes back
    } finally {
      passes = null;
      Object.assign(chart, {layout, data});
      chart._context.toImageButtonOptions = options;
    }
  };

  // Arrow keys walk a menu, from its end to its beginning too.
  const walk = (menu, event) => {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key], items = [...menu.children];
    if (!step) return;
    event.preventDefault();
    const at = items.indexOf(document.activeElement) + step;
    items[(at + items.length) % items.length].focus();
  };

  const ask = (camera, chart) => {
    document.querySelector(".udviz-paper")?.remove();
    const menu = document.createElement("div"), at = camera.getBoundingClientRect();
    const open = new AbortController(); // a focus that is lost by closing must not close again
    const close = () => { if (!open.signal.aborted) { open.abort(); menu.remove(); } };
    menu.className = "udviz-paper";
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", "Save this chart in light colours");
    for (const format of Object.keys(DENSITIES)) {
      for (const [name, mm] of Object.entries(paper.widths)) {
        const button = document.createElement("button");
        button.textContent = `${format.toUpperCase()}, ${name}, ${mm} mm`;
        button.setAttribute("role", "menuitem");
        button.addEventListener("click", () => { close(); save(camera, chart, mm, format); });
        menu.append(button);
      }
    }
    menu.addEventListener("keydown", event => {
      if (event.key !== "Escape") return walk(menu, event);
      close();
      camera.focus();
    });
    const leaves = to => { if (to && !menu.contains(to)) close(); };
    menu.addEventListener("focusout", event => leaves(event.relatedTarget));
    document.addEventListener("pointerdown", event => leaves(event.target),
      {capture: true, signal: open.signal});
    menu.style.top = `${at.bottom + 4}px`;
    menu.style.right = `${document.documentElement.clientWidth - at.right}px`;
    (chart.closest("[data-testid=stMain]") ?? document.body).append(menu); // in a landmark
    menu.firstChild.focus();
  };

  document.addEventListener("click", event => {
    const camera = event.target.closest?.('.modebar-btn[data-title^="Download plot"]');
    const chart = camera?.closest(".js-plotly-plot");
    if (!chart || camera === passes) return;
    event.stopImmediatePropagation();
    event.preventDefault();
    ask(camera, chart);
  }, true);
})(SETTINGS);
