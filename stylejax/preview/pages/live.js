"use strict";
const at = (id) => document.getElementById(id);
const words = {
  starting: "preparing", painting: "painting", paused: "paused", stopping: "stopping",
  finished: "finished", stopped: "stopped", failed: "failed",
};
const single = at("picture") !== null;
const ended = (state) => ["finished", "stopped", "failed"].includes(state.status);
let last = null, curvesBusy = false, curvesWanted = false;

function facts(state) {
  const p = state.progress;
  if (!p) return ["preparing the first steps"];
  const minutes = Math.floor(p.seconds_left / 60), seconds = String(Math.round(p.seconds_left) % 60).padStart(2, "0");
  return [
    ...(state.counts ? [`${state.counts[0]} of ${state.counts[1]} pictures finished`] : []),
    `scale ${p.scale} of ${p.scales}`, `${p.width}×${p.height}`, `step ${p.step} of ${p.steps}`,
    `${p.steps_per_second.toPrecision(3)} images/s`,
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
  } catch { /* the stream says when the run is gone */ } finally { curvesBusy = false; }
}

function show(image, source) {
  const next = new Image();
  next.onload = () => { image.src = source; };
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

function update(state) {
  at("status").dataset.status = state.status;
  at("status").textContent = words[state.status];
  at("message").textContent = state.message;
  at("message").hidden = !state.message;
  at("facts").replaceChildren(...facts(state).map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }));
  const share = state.counts ? state.counts[0] / state.counts[1] : state.progress ? state.progress.fraction : 0;
  at("progress").value = state.status === "finished" ? 1 : share;
  at("pause").textContent = state.status === "paused" ? "Resume" : "Pause";
  at("pause").disabled = ended(state) || state.status === "stopping";
  at("stop").disabled = ended(state) || state.status === "stopping";
  document.title = `${state.status === "painting" ? Math.round(100 * share) + " % · " : ""}${document.querySelector("h1").textContent}`;
  if (single) {
    const [tile] = state.tiles, before = last && last.tiles[0];
    if (tile && tile.version && !(before && before.version === tile.version)) {
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
  last = state;
}

/* When the run has ended its server ends too: take the picture in full, so that the page stays of use without it. */
async function keep() {
  if (single && last.progress) {
    try {
      const [copy, curves] = await Promise.all([fetch("copy"), fetch("curves")]);
      const source = URL.createObjectURL(await copy.blob());
      at("picture").src = at("copy").href = source;
      at("main").classList.remove("waiting");
      at("curves").innerHTML = await curves.text();
    } catch { /* it ended too soon; the last thumbnail stays */ }
  } else {
    await new Promise((done) => setTimeout(done, 500));
  }
}

if (single) {
  const fit = () => at("main").style.setProperty("--ratio", at("picture").naturalWidth / at("picture").naturalHeight);
  at("picture").addEventListener("load", fit);
  if (at("picture").complete && at("picture").naturalWidth) fit();
}

const stream = new EventSource("events");
stream.onmessage = async (event) => {
  const state = JSON.parse(event.data);
  update(state);
  if (ended(state)) {
    await keep();
    stream.close();
  }
};
stream.onerror = () => {
  if (last && ended(last)) return;
  at("status").textContent = "the run is out of reach";
  at("status").dataset.status = "lost";
};
for (const id of ["pause", "stop"]) {
  at(id).addEventListener("click", () => {
    at(id).disabled = true;
    fetch(id === "pause" && last && last.status === "paused" ? "resume" : id, { method: "POST" });
  });
}
