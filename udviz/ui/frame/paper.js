// Charts for papers: their camera asks for a width, and what it saves is light whatever the theme.
(() => {
  if (window.udvizPaper) return;
  window.udvizPaper = true;
  const MM = 96 / 25.4; // CSS pixels
  const DRAWN_PX_PER_MM = 860 / 180; // so that letters of 13 px are 7.7 pt in print
  const WIDTHS = [["Column, 85 mm", 85], ["Page, 180 mm", 180]];
  const DARK = "#1B2430", WHITE = "#FFFFFF", FONT = "Arial, Helvetica, sans-serif";
  const TITLE_PX = 26, LINE_PX = 18, LETTER_PX = 6.5; // as udviz/figures/style/theme.py lays out
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
    if (/font$/i.test(key)) Object.assign(copy, {color: DARK, family: FONT});
    return copy;
  };

  // Light, without the title, which is for the caption; long names of x axes on two lines.
  const printed = (layout, width, height) => {
    const copy = light(layout);
    copy.font = {...copy.font, color: DARK, family: FONT};
    Object.assign(copy, {paper_bgcolor: WHITE, plot_bgcolor: WHITE, title: {text: ""}});
    let below = 0;
    for (const axis of Object.keys(copy).filter(name => /^xaxis\d*$/.test(name))) {
      const title = copy[axis].title, short = title?.text?.replace(" (", `${NEW_LINE}(`);
      if (short && title.text.length * LETTER_PX > 0.7 * width) {
        copy[axis].title = {...title, text: short};
        below = short === title.text ? below : LINE_PX;
      }
    }
    copy.height = height - TITLE_PX + below;
    copy.margin = {...copy.margin, t: copy.margin.t - TITLE_PX, b: copy.margin.b + below};
    if (copy.legend) copy.legend.y = 1 - 6 / copy.height;
    return copy;
  };

  const save = (camera, chart, mm) => {
    const {layout, data} = chart, options = chart._context.toImageButtonOptions;
    const width = mm * DRAWN_PX_PER_MM;
    chart.layout = printed(layout, width, chart._fullLayout.height);
    chart.data = data.map(trace => light(trace));
    chart._context.toImageButtonOptions = {
      ...options, width, scale: mm * MM / width, height: chart.layout.height,
      filename: `${options.filename}-${mm}mm`,
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

  const ask = (camera, chart) => {
    document.querySelector(".udviz-paper")?.remove();
    const menu = document.createElement("div"), at = camera.getBoundingClientRect();
    const open = new AbortController(); // a focus that is lost by closing must not close again
    const close = () => { if (!open.signal.aborted) { open.abort(); menu.remove(); } };
    menu.className = "udviz-paper";
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", "Save this chart as SVG, in light colours");
    for (const [name, mm] of WIDTHS) {
      const button = document.createElement("button");
      button.textContent = name;
      button.setAttribute("role", "menuitem");
      button.addEventListener("click", () => { close(); save(camera, chart, mm); });
      menu.append(button);
    }
    menu.addEventListener("keydown", event => event.key === "Escape" && close());
    const leaves = to => { if (to && !menu.contains(to)) close(); };
    menu.addEventListener("focusout", event => leaves(event.relatedTarget));
    document.addEventListener("pointerdown", event => leaves(event.target),
      {capture: true, signal: open.signal});
    menu.style.top = `${at.bottom + 4}px`;
    menu.style.right = `${document.documentElement.clientWidth - at.right}px`;
    document.body.append(menu);
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
})();
