"""What the page does beyond showing: it searches, and tells the figure that one points at."""

SCRIPT = """
(() => {
  const view = JSON.parse(document.getElementById("view").textContent);
  const told = document.getElementById("told"), root = document.documentElement;
  root.classList.add("scripted");
  const figure = value => value === null || value === undefined ? "–" : String(value).replace("-", "−");
  const tell = (at, index) => {
    const series = view.series[at], shown = view.windows[index];
    if (!series || !shown) { told.textContent = ""; return; }
    const name = series.place.split("/").slice(series.of === "input" ? 1 : 0).join(" · ");
    const low = (series.lows || [])[index], high = (series.highs || [])[index];
    let text = `${name}, ${shown.name}: ${figure(series.values[index])}`;
    if (low !== undefined && low !== null) text += ` (${figure(low)} to ${figure(high)})`;
    if (series.thresholds[index] !== null) text += `, threshold ${figure(series.thresholds[index])}`;
    text += ` · ${shown.num_rows.toLocaleString("en")} rows of ${shown.model}`;
    if ((series.unjudged || []).includes(index)) text += ", too few to be judged";
    told.textContent = text;
  };
  const num = view.windows.length;
  const nearest = (chart, x) => {
    const box = chart.getBoundingClientRect(), unit = box.width / 300;
    return Math.min(num - 1, Math.max(0, Math.floor(((x - box.left) / unit - 34) / (260 / num))));
  };
  const pointed = new WeakMap();
  const point = (chart, index) => {
    pointed.set(chart, index);
    let line = chart.querySelector(".pointer");
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "pointer"); line.setAttribute("y1", 8); line.setAttribute("y2", 88);
      chart.append(line);
    }
    const x = 34 + 260 * (index + .5) / num;
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    tell(+chart.dataset.series, index);
  };
  document.addEventListener("pointermove", event => {
    const chart = event.target.closest && event.target.closest("svg.course");
    if (chart) point(chart, nearest(chart, event.clientX));
    const cell = event.target.closest && event.target.closest(".heat td");
    if (cell && cell.parentNode.dataset.series) tell(+cell.parentNode.dataset.series, cell.cellIndex - 1);
    if (!chart && !cell) told.textContent = "";
  });
  document.addEventListener("focusin", event => {
    const chart = event.target.closest("svg.course");
    if (chart && chart.matches(":focus-visible")) point(chart, pointed.has(chart) ? pointed.get(chart) : num - 1);
  });
  document.addEventListener("keydown", event => {
    const chart = event.target.closest && event.target.closest("svg.course");
    const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!chart || !step) return;
    event.preventDefault();
    const from = pointed.has(chart) ? pointed.get(chart) : num - 1;
    point(chart, Math.min(num - 1, Math.max(0, from + step)));
  });

  const search = document.getElementById("search"), only = document.getElementById("only-off");
  const things = [...document.querySelectorAll(".thing")], found = document.getElementById("found");
  const choose = () => {
    const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    let num = 0;
    for (const thing of things) {
      const fits = words.every(word => thing.dataset.name.includes(word)) && (!only.checked || thing.dataset.off);
      thing.hidden = !fits;
      num += fits ? 1 : 0;
    }
    const asked = words.length || only.checked;
    for (const part of document.querySelectorAll("section.part")) {
      part.hidden = !part.querySelector(".thing:not([hidden])");
      for (const rest of part.querySelectorAll("details")) {
        rest.hidden = !rest.querySelector(".thing:not([hidden])");
        rest.open = Boolean(words.length) && !rest.hidden;
      }
    }
    found.textContent = asked ? `${num} of ${things.length}` : "";
  };
  if (search) { search.addEventListener("input", choose); only.addEventListener("change", choose); }
  const open = () => {
    const thing = location.hash && document.getElementById(location.hash.slice(1));
    const rest = thing && thing.closest("details");
    if (rest && !rest.open) { rest.open = true; thing.scrollIntoView(); }
  };
  addEventListener("hashchange", open);
  open();
})();
"""
