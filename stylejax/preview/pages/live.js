"use strict";
const at = (id) => document.getElementById(id);
const words = {
  starting: "preparing", painting: "painting", paused: "paused", stopping: "stopping",
  finished: "finished", stopped: "stopped", failed: "failed",
};
const single = at("picture") !== null;
const ended = (state) => ["finished", "stopped", "failed"].includes(state.status);
const enable = (id, active) => at(id).setAttribute("aria-disabled", String(!active));  // `disabled` would lose the focus
const loading = new Set();  // pictures that are loading
let last = null, began = 0, shown = 0, curvesBusy = false, curvesWanted = false;

function facts(state) {
  const p = state.progress;
  if (!p) return ended(state) ? [] : [`compiling the first steps: ${Math.max(0, Math.round(Date.now() / 1000 - began))} s`];
  const minutes = Math.floor(p.seconds_left / 60), seconds = String(Math.round(p.seconds_left) % 60).padStart(2, "0");
  return [
    ...(state.counts ? [`${state.counts[0]} of ${state.counts[1]} pictures finished`] : []),
    `scale ${p.scale} of ${p.scales}`, `${p.width}×${p.height}`, `step ${p.step} of ${p.steps}`,
    `${p.steps_per_second.toPrecision(3)} steps/s`,
    ...(ended(state) ? [] : [`${minutes}:${seconds} left`]),
  ];
}

async function drawCurves() {
  curvesWanted = true;
  if (curvesBusy) return;
  curvesBusy = true;
  try {
    while (curvesWanted) {
      curvesWanted = false;
      const answer = await fetch("curves");
      if (answer.ok) at("curves").innerHTML = await answer.text();
      await new Promise((done) => setTimeout(done, 700));
    }
  } catch { /* the stream reports when the run has ended */ } finally { curvesBusy = false; }
}

function show(image, source) {
  const next = new Image();
  const there = new Promise((done) => {
    next.onload = () => { image.src = source; done(); };
    next.onerror = done;
  }).then(() => loading.delete(there));
  loading.add(there);
  next.src = source;
}

function hang(tile) {
  let figure = at(`tile-${tile.number}`);
  if (!figure) {
    figure = document.createElement("figure");
    figure.id = `tile-${tile.number}`;
    const image = document.createElement("img"), caption = document.createElement("figcaption"), name = document.createElement("b");
    image.className = "picture";
    image.alt = name.textContent = tile.name;
    caption.append(name, " ", document.createElement("span"));
    figure.append(image, caption);
    at("wall").prepend(figure);
  }
  figure.querySelector("span").textContent = `total ${tile.total}`;
  if (tile.version && figure.dataset.version !== String(tile.version)) {
    figure.dataset.version = tile.version;
    show(figure.querySelector("img"), `picture/${tile.number}?${tile.version}`);
  }
}

function showFacts(state) {
  at("facts").replaceChildren(...facts(state).map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }));
}

function update(state) {
  last = state;
  began = Date.now() / 1000 - state.seconds;
  at("status").dataset.status = state.status;
  at("status").textContent = words[state.status];
  at("message").textContent = state.message;
  at("message").hidden = !state.message;
  showFacts(state);
  const share = state.counts ? state.counts[0] / state.counts[1] : state.progress ? state.progress.fraction : 0;
  at("progress").value = state.status === "finished" ? 1 : share;
  at("pause").textContent = state.status === "paused" ? "Resume" : "Pause";
  for (const id of ["pause", "stop"]) enable(id, !ended(state) && state.status !== "stopping");
  document.title = `${state.status === "painting" ? Math.round(100 * share) + " % · " : ""}${document.querySelector("h1").textContent}`;
  if (document.hidden && !ended(state)) return;  // a hidden page fetches nothing
  if (single) {
    const [tile] = state.tiles;
    if (tile && tile.version && shown !== tile.version) {
      shown = tile.version;
      show(at("picture"), `picture/${tile.number}?${tile.version}`);
      at("main").classList.remove("waiting");
    }
    if (state.progress) { at("copy").hidden = false; at("copy").href = "copy"; }
    for (const [term, value] of Object.entries(state.losses || {})) document.querySelector(`#losses .${term} b`).textContent = value;
    if (state.losses) drawCurves();
  } else {
    const numbers = new Set(state.tiles.map((tile) => `tile-${tile.number}`));
    for (const figure of [...at("wall").children]) if (!numbers.has(figure.id)) figure.remove();
    state.tiles.forEach(hang);
  }
}

/* The server ends with the run: fetch the full picture, so that the page remains useful without it. */
async function keep() {
  if (single && last.progress) {
    try {
      const [copy, curves] = await Promise.all([fetch("copy"), fetch("curves")]);
      const source = URL.createObjectURL(await copy.blob());
      at("picture").src = at("copy").href = source;
      at("main").classList.remove("waiting");
      at("curves").innerHTML = await curves.text();
    } catch { /* the server ended first; the last thumbnail remains */ }
  } else {
    await Promise.all(loading);
  }
}

if (single) {
  const fit = () => at("main").style.setProperty("--ratio", at("picture").naturalWidth / at("picture").naturalHeight);
  at("picture").addEventListener("load", fit);
  if (at("picture").complete && at("picture").naturalWidth) fit();
}

/* All tabs of a run share one stream if the browser supports it: browsers open at most six connections to one address. */
function follow(onState, onLost) {
  if (!window.SharedWorker) {
    const stream = new EventSource("events");
    stream.onmessage = (event) => onState(JSON.parse(event.data));
    stream.onerror = onLost;
    return () => stream.close();
  }
  const worker = new SharedWorker("stream.js", document.documentElement.dataset.run), port = worker.port;
  worker.onerror = onLost;
  port.onmessage = (event) => event.data ? onState(JSON.parse(event.data)) : onLost();
  const leave = () => port.postMessage("leave");
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  return leave;
}

const leave = follow(async (state) => {
  update(state);
  if (ended(state)) {
    await keep();
    leave();
  }
}, () => {
  if (last && ended(last)) return;
  at("status").textContent = "the run is out of reach";
  at("status").dataset.status = "lost";
});
addEventListener("visibilitychange", () => !document.hidden && last && !ended(last) && update(last));
setInterval(() => last && !last.progress && showFacts(last), 1000);
for (const id of ["pause", "stop"]) {
  at(id).addEventListener("click", () => {
    if (at(id).getAttribute("aria-disabled") === "true") return;
    fetch(id === "pause" && last.status === "paused" ? "resume" : id, { method: "POST" });
  });
}
