"use strict";
const NAMES = ["transformer kVA", "load", "PV", "battery", "grid"];
const KEEP_EVENTS = 60;
const BOX = {left: 46, right: 1090, top: 10, bottom: 232};
const $ = (id) => document.getElementById(id);
const words = (why) => String(why ?? "").replaceAll("_", " ");
const known = (v) => v !== null && v !== undefined;
const kilo = (v, unit) => (known(v) ? (v / 1000).toFixed(1) + " " + unit : "unknown");
let points = [];
let homes = new Map();

function make(tag, attributes, text, space) {
  const node = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

const svg = (tag, attributes, text) => make(tag, attributes, text, "http://www.w3.org/2000/svg");

function scales() {
  const values = points.flatMap((p) => p.slice(1).filter(known)).map((v) => v / 1000);
  const low = Math.min(0, ...values), high = Math.max(1, ...values);
  const rough = (high - low) / 5, base = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * base).find((s) => s >= rough);
  const from = Math.floor(low / step) * step, to = Math.ceil(high / step) * step;
  const start = points[0][0], span = Math.max(3600, points.at(-1)[0] - start);
  return {
    from, to, step, start, span,
    x: (t) => BOX.left + (BOX.right - BOX.left) * (t - start) / span,
    y: (kw) => BOX.bottom - (BOX.bottom - BOX.top) * (kw - from) / (to - from),
  };
}

function drawGrid(s) {
  const parts = [];
  for (let kw = s.from; kw <= s.to + s.step / 2; kw += s.step) {
    parts.push(svg("line", {class: "grid", x1: BOX.left, x2: BOX.right, y1: s.y(kw), y2: s.y(kw)}));
    parts.push(svg("text", {x: BOX.left - 8, y: s.y(kw) + 4, "text-anchor": "end"}, String(Math.round(kw * 10) / 10)));
  }
  const hours = [1, 3, 6, 12, 24].find((h) => s.span / 3600 / h <= 9) ?? 48;
  for (let t = Math.ceil(s.start / 3600 / hours) * hours * 3600; t <= s.start + s.span; t += hours * 3600) {
    const label = String((t / 3600) % 24).padStart(2, "0") + ":00";
    parts.push(svg("text", {x: s.x(t), y: BOX.bottom + 22, "text-anchor": "middle"}, label));
  }
  return parts;
}

function drawChart() {
  if (!points.length) return;
  const s = scales();
  const curves = NAMES.map((_, i) => {
    let pen = "M";
    const steps = points.map((p) => {
      if (!known(p[i + 1])) { pen = "M"; return ""; }
      const at = pen + s.x(p[0]).toFixed(1) + " " + s.y(p[i + 1] / 1000).toFixed(1);
      pen = "L";
      return at;
    });
    return svg("path", {class: "c" + i, d: steps.join("")});
  });
  $("chart").replaceChildren(...drawGrid(s), ...curves);
}

function newHome() {
  const box = make("div", {class: "home"});
  const top = make("div", {class: "top"});
  const parts = {box, name: make("span", {}), state: make("span", {class: "state"}), power: make("div", {class: "power"}),
    charge: make("progress", {max: 1, "aria-label": "state of charge"}), note: make("small", {})};
  top.append(parts.name, parts.state);
  box.append(top, parts.power, parts.charge, parts.note);
  $("buildings").append(box);
  return parts;
}

function drawHome(b) {
  if (!homes.has(b.id)) homes.set(b.id, newHome());
  const parts = homes.get(b.id);
  parts.box.className = "home s-" + b.state;
  parts.name.textContent = b.id;
  parts.state.textContent = b.state;
  parts.power.textContent = known(b.grid_w) ? Math.round(b.grid_w).toLocaleString("en") + " W" : "no reading";
  parts.charge.value = b.soc_pu ?? 0;
  const soc = known(b.soc_pu) ? Math.round(100 * b.soc_pu) + " %" : "charge unknown";
  parts.note.textContent = [soc, words(b.why), b.shed ? "shed " + b.shed : ""].filter(Boolean).join(" · ");
}

function drawEvents(events) {
  const rows = events.map((e) => {
    const row = make("tr", {});
    row.append(...[e.clock, e.node, e.from, e.to, words(e.why)].map((cell) => make("td", {}, cell)));
    return row;
  });
  $("events").prepend(...rows.reverse());
  while ($("events").children.length > KEEP_EVENTS) $("events").lastChild.remove();
}

function drawNow(now) {
  const socs = (now.buildings ?? []).map((b) => b.soc_pu).filter(known);
  $("clock").textContent = now.clock ?? "--:--:--";
  $("phase").textContent = now.phase ?? "";
  $("status").textContent = known(now.speed) ? Math.round(now.speed).toLocaleString("en") + " times real time" : "";
  $("transformer").textContent = kilo(now.transformer_va, "kVA");
  $("rating").textContent = known(now.transformer_rated_va) ? "rating " + now.transformer_rated_va / 1000 + " kVA" : "";
  $("load").textContent = kilo(now.load_w, "kW");
  $("sun").textContent = "PV " + kilo(now.pv_w, "kW");
  $("islands").textContent = (now.buildings ?? []).filter((b) => !["GRID", "SOFT_RETURN"].includes(b.state)).length;
  $("store").textContent = socs.length ? Math.round(100 * socs.reduce((a, b) => a + b) / socs.length) + " %" : "unknown";
  (now.buildings ?? []).forEach(drawHome);
}

function take(body) {
  points = points.concat(body.points).slice(-1500);
  drawNow(body.now);
  drawEvents(body.events);
  if (body.points.length) drawChart();
  document.documentElement.dataset.points = points.length;
}

NAMES.forEach((name, i) => {
  const entry = make("span", {}, name + (i ? " kW" : ""));
  entry.prepend(make("i", {class: "c" + i}));
  $("legend").append(entry);
});
const source = new EventSource("/stream");
source.addEventListener("all", (message) => {
  points = [];
  $("events").replaceChildren();
  take(JSON.parse(message.data));
});
source.addEventListener("step", (message) => take(JSON.parse(message.data)));
source.addEventListener("end", () => {
  source.close();
  $("status").textContent = "the run is over";
});
source.onerror = () => { $("status").textContent = "no connection to the run"; };
