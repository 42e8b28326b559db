"use strict";
(() => {
  const root = document.documentElement;
  const state = { data: document.body.dataset.first || "", payload: null, choice: {}, paper: 0 };
  const PAPER = 660;  // CSS pixels of a figure on paper: A4 and Letter are wider than that within 14 mm margins
  const SCALES = {
    light: [[0, "#f4f6fb"], [0.35, "#d3dff4"], [0.65, "#a3c0ec"], [0.8, "#4475c6"], [1, "#15326b"]],
    dark: [[0, "#1d2430"], [0.35, "#22385c"], [0.6, "#285494"], [0.75, "#86b6ee"], [1, "#e2f1ff"]],
  };

  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function template() {
    const ink = css("--ink"), soft = css("--soft"), line = css("--line"), card = css("--card");
    const axis = {
      gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line, tickfont: { color: soft, size: 12 },
      title: { font: { color: ink, size: 13 }, standoff: 10 }, automargin: true,
    };
    return {
      layout: {
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { family: getComputedStyle(document.body).fontFamily, color: ink, size: 13 },
        xaxis: axis, yaxis: axis,
        coloraxis: {
          colorscale: SCALES[root.dataset.theme],
          colorbar: { outlinewidth: 0, tickfont: { color: soft, size: 11 }, title: { font: { color: soft, size: 12 } } },
        },
        hoverlabel: { bgcolor: card, bordercolor: line, font: { color: ink, size: 13 }, align: "left" },
        legend: { font: { color: ink, size: 12 }, bgcolor: "rgba(0,0,0,0)" },
      },
    };
  }

  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: false, scrollZoom: false };

  function pictures(panel) {
    const found = state.payload.panels[panel.id];
    return found["*"] || found[state.data] || null;
  }

  function chosen(panel) {
    const all = pictures(panel);
    if (!all) return null;
    const names = Object.keys(all);
    const name = names.includes(state.choice[panel.id]) ? state.choice[panel.id] : names[0];
    return { name, names, picture: all[name] };
  }

  function say(panel, text) {
    const empty = panel.querySelector(".empty");
    empty.textContent = text;
    empty.hidden = !text;
    panel.querySelector(".plot").hidden = Boolean(text);
    panel.querySelector(".reading").hidden = Boolean(text);
  }

  function draw(panel) {
    const now = chosen(panel), plot = panel.querySelector(".plot"), note = panel.querySelector(".note");
    const select = panel.querySelector("select");
    if (!now) {
      note.textContent = "";
      if (select) select.closest("label").hidden = true;
      panel.querySelectorAll(".tools button").forEach((button) => { button.hidden = true; });
      say(panel, panel.dataset.absent || "There is nothing of this kind for this data set.");
      return;
    }
    if (select) {
      select.closest("label").hidden = now.names.length < 2;
      select.replaceChildren(...now.names.map((name) => new Option(state.payload.titles[name] || name, name)));
      select.value = now.name;
    }
    note.textContent = now.picture.note;
    panel.querySelectorAll(".tools button").forEach((button) => {
      button.hidden = button.dataset.do === "csv" ? now.picture.csv === null : !now.picture.figure;
    });
    if (!now.picture.figure) { say(panel, now.picture.empty); return; }
    say(panel, "");
    let { data } = now.picture.figure;
    const { layout } = now.picture.figure;
    const narrow = !state.paper && panel.clientWidth < 560;
    const shown = { ...layout, template: template(), autosize: !state.paper };
    if (state.paper) shown.width = state.paper;
    if (narrow) {
      data = data.map((trace) => (trace.type === "heatmap" && (trace.x || []).length > 6 ? { ...trace, texttemplate: "" } : trace));
      shown.margin = { ...layout.margin, l: Math.min((layout.margin || {}).l || 40, 48), r: 10 };
      shown.font = { ...(layout.font || {}), size: 11 };
      if (layout.coloraxis && layout.coloraxis.colorbar) {
        shown.coloraxis = { ...layout.coloraxis, colorbar: { ...layout.coloraxis.colorbar, orientation: "h", y: 1.02, yanchor: "bottom", len: 0.9, title: { ...layout.coloraxis.colorbar.title, side: "top" } } };
        shown.margin = { ...shown.margin, t: 70 };
      }
      for (const name of ["xaxis", "yaxis"]) {
        shown[name] = { ...layout[name], tickfont: { ...((layout[name] || {}).tickfont || {}), size: 10 } };
      }
      const title = ((layout.xaxis || {}).title || {}).text;
      if (title) shown.xaxis.title = { ...layout.xaxis.title, text: title.replace(/(.{22,34}) /, "$1<br>") };
    }
    const height = (layout.height || 480) * (narrow && panel.dataset.square ? 0.86 : 1);
    plot.style.height = `${height}px`;
    shown.height = height;
    Plotly.react(plot, data, shown, CONFIG);
    panel.dataset.drawn = "yes";
  }

  const panels = [...document.querySelectorAll("section.panel[data-figure]")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting && !entry.target.dataset.drawn && state.payload) draw(entry.target);
    }
  }, { rootMargin: "600px" });

  function redraw(only) {
    for (const panel of only || panels) {
      if (panel.dataset.drawn) draw(panel);
    }
  }

  function save(name, type, text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  function fileName(...parts) {
    return [document.body.dataset.study, ...parts].filter((part) => part && part !== "*").join("-")
      .replaceAll("²", "2").replaceAll("Δ", "Delta").replace(/[^A-Za-z0-9.-]+/g, "_");
  }

  // `matterzoo study export` opens the page at #export=svg,png;only=matrix,tree and reads the pictures off it.
  async function exportAll(formats, only) {
    setTheme("light");
    const room = document.createElement("div");
    document.body.replaceChildren(room);
    for (const [panel, sets] of Object.entries(state.payload.panels)) {
      if (only.length && !only.includes(panel)) continue;
      for (const [data, options] of Object.entries(sets)) {
        for (const [option, { figure }] of Object.entries(options)) {
          if (!figure) continue;
          const layout = { ...figure.layout, template: template(), paper_bgcolor: "#ffffff" };
          for (const format of formats) {
            const kept = document.createElement("pre");
            kept.dataset.file = `${fileName(panel, data, option)}.${format}`;
            const size = { width: 1000, height: figure.layout.height || 500, scale: format === "png" ? 3 : 1 };
            kept.textContent = await Plotly.toImage({ data: figure.data, layout }, { format, ...size });
            room.append(kept);
          }
        }
      }
    }
    root.dataset.exported = "yes";
  }

  function onTool(panel, what) {
    const now = chosen(panel);
    if (!now) return;
    const name = fileName(panel.id, state.data, now.name);
    if (what === "csv") save(`${name}.csv`, "text/csv", state.payload.tables[now.picture.csv]);
    else Plotly.downloadImage(panel.querySelector(".plot"), { format: what, filename: name, width: 1000, height: now.picture.figure.layout.height || 500, scale: what === "png" ? 3 : 1 });
  }

  function setTheme(theme) {
    root.dataset.theme = theme;
    const button = document.querySelector("#theme");
    button.textContent = theme === "dark" ? "Light" : "Dark";
    button.setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} theme`);
    if (state.payload) redraw();
  }

  function tables() {
    for (const table of document.querySelectorAll("table.sortable")) {
      const body = table.tBodies[0];
      table.querySelectorAll("thead th button").forEach((button, column) => {
        button.addEventListener("click", () => {
          const head = button.closest("th"), up = head.getAttribute("aria-sort") !== "ascending";
          table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
          head.setAttribute("aria-sort", up ? "ascending" : "descending");
          const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
          const rows = [...body.rows].sort((a, b) => {
            const x = key(a), y = key(b);
            if (x === "" || y === "") return (x === "") - (y === "");
            const order = head.classList.contains("number") ? Number(x) - Number(y) : x.localeCompare(y, "en", { numeric: true });
            return up ? order : -order;
          });
          body.append(...rows);
        });
      });
    }
    const filter = document.querySelector("#filter"), group = document.querySelector("#group");
    const count = document.querySelector("#count");
    if (!filter) return;
    const apply = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of document.querySelectorAll("#models tbody tr")) {
        const text = row.textContent.toLowerCase();
        const good = words.every((word) => text.includes(word)) && (!group.value || row.dataset.group === group.value);
        row.hidden = !good;
        shown += good;
      }
      count.textContent = `${shown} shown`;
    };
    filter.addEventListener("input", apply);
    group.addEventListener("change", apply);
    apply();
  }

  function unpacked(selector) {
    const text = document.querySelector(selector).textContent.trim();
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
  }

  async function unpack() {
    const library = document.createElement("script");
    library.textContent = await unpacked("#library").text();
    document.head.append(library);
    return unpacked("#payload").json();
  }

  async function start() {
    tables();
    const wanted = window.matchMedia("(prefers-color-scheme: dark)");
    setTheme(wanted.matches ? "dark" : "light");
    document.querySelector("#theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
    document.querySelectorAll("input[name=data]").forEach((input) => {
      input.addEventListener("change", () => { state.data = input.value; redraw(); });
    });
    for (const panel of panels) {
      panel.querySelectorAll(".tools button").forEach((button) => button.addEventListener("click", () => onTool(panel, button.dataset.do)));
      panel.querySelector("select")?.addEventListener("change", (event) => { state.choice[panel.id] = event.target.value; draw(panel); });
    }
    try {
      state.payload = await unpack();
    } catch (error) {
      panels.forEach((panel) => say(panel, "This browser cannot unpack the figures; the numbers are in the folder of this report."));
      return;
    }
    const exporting = decodeURIComponent(location.hash).match(/^#export=([a-z,]+);only=([a-z,]*)$/);
    if (exporting) return exportAll(exporting[1].split(","), exporting[2].split(",").filter(Boolean));
    panels.forEach((panel) => seen.observe(panel));
    let before = "";
    window.addEventListener("beforeprint", () => { before = root.dataset.theme; state.paper = PAPER; setTheme("light"); panels.forEach(draw); });
    window.addEventListener("afterprint", () => { state.paper = 0; setTheme(before || "light"); });
    root.dataset.ready = "yes";
  }
  start();
})();
