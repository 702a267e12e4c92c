"""The script of the page at `/`: the form becomes a row of JSON, the answer becomes text and bars."""

SCRIPT = r"""
"use strict";
const form = document.getElementById("row"), answer = document.getElementById("answer");
const why = document.getElementById("why");
const fields = [...form.querySelectorAll("[data-name]")];
const isNumber = text => /^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?$/.test(text);
const isJson = text => { try { JSON.parse(text); return true } catch { return false } };
const nulls = Object.fromEntries([...form.querySelectorAll("[data-null]")].map(box => [box.dataset.null, box]));

// JSON as text, so that a number keeps every digit that was typed.
function json(field) {
  const type = field.dataset.type, text = field.value;
  if (nulls[field.id]?.checked) return "null";
  if (type === "BOOL") return text;
  if (type === "INT64" || type === "FLOAT64")
    return text.trim() === "" ? "null" : isNumber(text.trim()) ? text.trim() : JSON.stringify(text);
  if (type.startsWith("ARRAY")) return isJson(text) ? text : JSON.stringify(text);
  return JSON.stringify(text);
}

function made(name, text, className) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

const shown = value => typeof value === "number" ? String(Number(value.toPrecision(6))) : String(value);

function bars(list) {
  const box = made("div", undefined, "bars");
  for (const { label, prob } of list) {
    const bar = made("span", undefined, "bar"), fill = made("i");
    fill.style.width = `${100 * (prob ?? 0)}%`;
    bar.setAttribute("aria-hidden", "true");
    bar.append(fill);
    box.append(made("span", shown(label)), bar, made("span", prob === null ? "–" : prob.toFixed(3), "figure"));
  }
  return box;
}

// A list of other things than probabilities, a line each.
function lines(list) {
  const box = made("div");
  for (const each of list) {
    const told = each !== null && typeof each === "object" ? Object.entries(each) : [["", each]];
    box.append(made("p", told.map(([name, value]) => `${name} ${shown(value)}`.trim()).join(", ")));
  }
  return box;
}

const listed = list => list.length && list[0]?.prob !== undefined ? bars(list) : lines(list);

function show(row) {
  answer.replaceChildren();
  const entries = Object.entries(row);
  for (const [name, value] of entries) {
    answer.append(made("p", name, "note"), Array.isArray(value) ? listed(value) : made("p", shown(value), "answer"));
  }
}

const signed = value => (value < 0 ? "\u2212" : "+") + String(Number(Math.abs(value).toPrecision(3)));

// What each column added to the answer, the largest first.
function reasons({ output, baseline, value, columns }) {
  const told = columns.filter(each => each.attribution !== 0).slice(0, 12), box = made("div", undefined, "bars");
  const most = Math.max(...told.map(each => Math.abs(each.attribution)));
  for (const { name, attribution } of told) {
    const bar = made("span", undefined, attribution < 0 ? "bar down" : "bar"), fill = made("i");
    fill.style.width = `${100 * Math.abs(attribution) / most}%`;
    bar.setAttribute("aria-hidden", "true");
    bar.append(fill);
    box.append(made("span", name), bar, made("span", signed(attribution), "figure"));
  }
  why.append(made("h3", `Why ${shown(output)}`), made("p", `From ${shown(baseline)} to ${shown(value)}:`, "note"), box);
}

let turn = 0;

async function explain(body, mine) {
  const response = await fetch("page/explain", { method: "POST", body });
  const { explanations } = response.ok ? await response.json() : {};
  if (!explanations || mine !== turn) return;
  why.replaceChildren();
  explanations[0].forEach(reasons);
}

function refuse(faults) {
  answer.replaceChildren(made("p", "Not predicted:", "soft"));
  let first;
  for (const { where, text } of faults) {
    const field = fields.find(each => where === each.dataset.place || where.startsWith(each.dataset.place + "["));
    answer.append(made("p", text, "fault"));
    if (!field) continue;
    field.setAttribute("aria-invalid", "true");
    document.getElementById(`${field.id}-fault`).textContent = text;
    first ??= field;
  }
  first?.focus();
}

async function predict(event) {
  event?.preventDefault();
  for (const field of fields) {
    field.removeAttribute("aria-invalid");
    document.getElementById(`${field.id}-fault`).textContent = "";
  }
  const row = fields.map(field => `${JSON.stringify(field.dataset.name)}:${json(field)}`).join(",");
  const mine = ++turn;
  why?.replaceChildren();
  const asked = `{"instances":[{${row}}]}`;
  try {
    const response = await fetch("page/predict", { method: "POST", body: asked });
    const body = await response.json();
    if (response.ok) show(body.predictions[0]); else refuse(body.faults);
    if (response.ok && why) await explain(asked, mine);
    if (event && response.ok) answer.scrollIntoView({ block: "nearest" });
  } catch (error) {
    refuse([{ where: "", text: `the server does not answer (${error.message})` }]);
  }
}

for (const [id, box] of Object.entries(nulls)) {
  const field = document.getElementById(id), set = () => { field.disabled = box.checked };
  box.addEventListener("change", set);
  set();
}
const curl = document.getElementById("curl");
curl.textContent = curl.textContent.replace("curl -s /", `curl -s ${location.origin}/`);
form.addEventListener("submit", predict);
predict();
"""
