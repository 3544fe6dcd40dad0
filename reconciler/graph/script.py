"""What the page does besides being looked at: it lights up the way of a call, and finds things."""

from __future__ import annotations

SCRIPT = """
(function () {
  "use strict";
  const map = document.querySelector("svg.map");
  const box = document.querySelector("#search");
  const told = document.querySelector("#found");
  const tables = Array.from(document.querySelectorAll(".ways table"));
  const rows = Array.from(document.querySelectorAll("tr[data-nodes]"));
  if (!map || !box) return;
  const nodes = Array.from(map.querySelectorAll(".node"));
  const edges = Array.from(map.querySelectorAll(".edge"));
  const labels = Array.from(map.querySelectorAll(".edge-label"));
  const next = new Map(), last = new Map();
  const link = (table, key, value) => {
    if (!table.has(key)) table.set(key, []);
    table.get(key).push(value);
  };
  for (const edge of edges) {
    link(next, edge.dataset.from, edge.dataset.to);
    link(last, edge.dataset.to, edge.dataset.from);
  }
  const texts = new Map(nodes.map((node) => [node.id, node.textContent.toLowerCase()]));
  let pinned = null, visited = 0;

  // A way is everything that leads to a node, and everything that it leads to.
  function walk(starts, table) {
    const seen = new Set(starts), waiting = Array.from(starts);
    while (waiting.length) {
      for (const one of table.get(waiting.pop()) || []) {
        if (!seen.has(one)) { seen.add(one); waiting.push(one); }
      }
    }
    return seen;
  }
  function light(starts) {
    if (!starts) { map.classList.remove("focus"); return; }
    const up = walk(starts, last), down = walk(starts, next);
    const on = (from, to) => (up.has(from) && up.has(to)) || (down.has(from) && down.has(to));
    for (const node of nodes) {
      node.classList.toggle("on", up.has(node.id) || down.has(node.id));
      node.classList.toggle("chosen", starts.has(node.id));
    }
    for (const edge of edges) edge.classList.toggle("on", on(edge.dataset.from, edge.dataset.to));
    for (const one of labels) {
      one.classList.toggle("on", one.dataset.to.split(" ").some((to) => on(one.dataset.from, to)));
    }
    map.classList.add("focus");
  }
  function found() {
    const words = box.value.trim().toLowerCase();
    if (!words) return null;
    return new Set(nodes.filter((node) => texts.get(node.id).includes(words)).map((node) => node.id));
  }
  function show() {
    const matches = found();
    light(pinned ? new Set([pinned]) : matches);
    told.textContent = matches ? (matches.size || "nothing") + " found" : "";
    for (const row of rows) {
      row.classList.toggle("off", !!matches && !row.dataset.nodes.split(" ").some((id) => matches.has(id)));
    }
    for (const table of tables) {
      const off = !table.querySelector("tbody tr:not(.off)");
      table.classList.toggle("off", off);
      table.previousElementSibling.classList.toggle("off", off);
    }
  }
  // A tall picture scrolls by itself: to what was found, and the page stays where it is.
  function reveal(node) {
    const frame = map.parentElement;
    if (!frame.classList.contains("tall")) return;
    const at = node.getBoundingClientRect(), window = frame.getBoundingClientRect();
    frame.scrollTop += at.top - window.top - frame.clientHeight / 2;
  }
  function press() {
    for (const node of nodes) node.setAttribute("aria-pressed", node.id === pinned);
  }
  function search(words) {
    box.value = words;
    pinned = null;
    visited = 0;
    press();
    show();
    const matches = found();
    if (matches && matches.size) reveal(document.getElementById(matches.values().next().value));
  }
  function pin(id) {
    pinned = pinned === id ? null : id;
    if (!pinned) for (const node of nodes) node.classList.remove("chosen");
    press();
    show();
  }
  const nodeOf = (event) => (event.target.closest ? event.target.closest(".node") : null);
  map.addEventListener("mouseover", (event) => {
    const node = nodeOf(event);
    if (node && !pinned) light(new Set([node.id]));
  });
  map.addEventListener("mouseout", (event) => { if (nodeOf(event) && !pinned) show(); });
  map.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const node = nodeOf(event);
    if (node) pin(node.id);
    else if (pinned) pin(pinned);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") search("");
    const node = nodeOf(event);
    if (node && (event.key === "Enter" || event.key === " ")) { event.preventDefault(); pin(node.id); }
  });
  box.addEventListener("input", () => search(box.value));
  box.addEventListener("keydown", (event) => {
    const matches = event.key === "Enter" ? found() : null;
    if (!matches || !matches.size) return;
    const all = Array.from(matches);
    const at = visited % all.length;
    visited = at + 1;
    document.getElementById(all[at]).scrollIntoView({ block: "center", inline: "center" });
    told.textContent = at + 1 + " of " + all.length;
  });
  for (const entry of document.querySelectorAll(".legend [data-search]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Show all of these";
    button.append(...entry.childNodes);
    entry.append(button);
    const words = entry.dataset.search;
    button.addEventListener("click", () => search(box.value === words ? "" : words));
  }
  function follow() {
    const id = location.hash.slice(1);
    const finding = id && document.querySelector("#findings #" + CSS.escape(id));
    if (finding) {
      finding.closest("details").open = true;
      finding.scrollIntoView({ block: "center" });
    }
    if (!texts.has(id)) return;
    pinned = id;
    press();
    show();
    document.getElementById(id).scrollIntoView({ block: "center", inline: "center" });
  }
  window.addEventListener("hashchange", follow);
  document.querySelector(".search").hidden = false;
  press();
  follow();
})();
"""
