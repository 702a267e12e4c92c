"""What a study's page does where scripts may run: a trial lights up everywhere, axes choose, columns sort.

Nothing is shown by it alone: without it every mark still tells its trial when pointed at, and the table has all.
"""

SCRIPT = """
(() => {
  document.documentElement.classList.add("scripted");
  const told = document.getElementById("told"), all = [...document.querySelectorAll("[data-trial]")];
  const of = new Map();
  for (const mark of all) {
    if (!of.has(mark.dataset.trial)) of.set(mark.dataset.trial, []);
    of.get(mark.dataset.trial).push(mark);
  }
  let lit = null, pinned = null;
  const light = number => {
    if (lit === number) return;
    for (const mark of of.get(lit) || []) mark.classList.remove("lit");
    lit = number;
    for (const mark of of.get(lit) || []) {
      mark.classList.add("lit");
      if (mark.classList.contains("way") || mark.classList.contains("curve"))
        mark.parentNode.insertBefore(mark, mark.parentNode.querySelector(".upright") || null);
    }
    const words = (of.get(lit) || []).map(mark => mark.querySelector("title")).find(Boolean);
    if (told) told.textContent = words ? words.textContent : "";
  };
  const pointed = event => event.target.closest ? event.target.closest("[data-trial]") : null;
  document.addEventListener("pointerover", event => {
    const mark = pointed(event);
    light(mark ? mark.dataset.trial : pinned);
  });
  document.addEventListener("click", event => {
    const mark = pointed(event);
    if (!mark) return;
    pinned = pinned === mark.dataset.trial ? null : mark.dataset.trial;
    light(pinned);
  });

  const chart = document.querySelector("svg.parallel"), ranges = new Map();
  const choose = () => {
    const ways = chart.querySelectorAll(".way");
    const kept = new Set();
    for (const way of ways) {
      const places = way.dataset.y.split(",");
      const fits = [...ranges].every(([axis, [low, high]]) =>
        places[axis] !== "" && +places[axis] >= low && +places[axis] <= high);
      if (fits) kept.add(way.dataset.trial);
    }
    for (const mark of all) {
      const out = ranges.size > 0 && !kept.has(mark.dataset.trial);
      if (mark.tagName.toLowerCase() === "tr") mark.hidden = out; else mark.classList.toggle("faded", out);
    }
    if (told && ranges.size) told.textContent = `${kept.size} of ${ways.length} trials; click an axis to take all`;
    else if (told) told.textContent = "";
  };
  const height = event => {
    const point = chart.createSVGPoint();
    point.x = event.clientX; point.y = event.clientY;
    return point.matrixTransform(chart.getScreenCTM().inverse()).y;
  };
  if (chart) for (const strip of chart.querySelectorAll(".strip")) {
    let from = null, box = null;
    const top = strip.y.baseVal.value, end = top + strip.height.baseVal.value;
    const drop = () => { if (box) box.remove(); box = null; ranges.delete(strip.dataset.axis); };
    const stretch = event => {
      const to = Math.min(end, Math.max(top, height(event))), low = Math.min(from, to), high = Math.max(from, to);
      if (high - low < 4) return;
      if (!box) {
        box = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        box.setAttribute("class", "chosen-range");
        box.setAttribute("x", strip.x.baseVal.value + 6); box.setAttribute("width", 16);
        chart.append(box);
      }
      box.setAttribute("y", low); box.setAttribute("height", high - low);
      ranges.set(strip.dataset.axis, [low, high]);
      choose();
    };
    strip.addEventListener("pointerdown", event => {
      event.preventDefault();
      drop(); choose();
      from = height(event);
      strip.setPointerCapture(event.pointerId);
    });
    strip.addEventListener("pointermove", event => { if (from !== null) stretch(event); });
    for (const over of ["pointerup", "pointercancel"]) strip.addEventListener(over, () => { from = null; });
  }

  for (const table of document.querySelectorAll("table.trials")) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    const worth = cell => {
      const given = cell.querySelector("[data-v]");
      const text = given ? given.dataset.v : cell.textContent;
      return text === "" || isNaN(text) ? text : +text;
    };
    const sort = at => {
      const head = heads[at], down = head.getAttribute("aria-sort") === "ascending";
      for (const each of heads) each.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map(row => [worth(row.cells[at]), row]);
      rows.sort(([a], [b]) => {
        if (a === "" || b === "") return (a === "") - (b === "");
        const order = typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) : typeof a === "number" ? -1 : 1;
        return down ? -order : order;
      });
      body.append(...rows.map(([, row]) => row));
    };
    heads.forEach((head, at) => {
      head.tabIndex = 0;
      head.addEventListener("click", () => sort(at));
      head.addEventListener("keydown", event => { if (event.key === "Enter") sort(at); });
    });
  }
})();
"""
