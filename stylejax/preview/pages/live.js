"use strict";
/* The part that all live pages share. The script of a kind of page calls `start` with its view:
   share(state) of the work that is done, facts(state) as texts, draw(state), and keep(state), which fetches what the page
   needs when the server has ended with the run. */
const at = (id) => document.getElementById(id);
const words = {
  starting: "preparing", painting: "painting", paused: "paused", stopping: "stopping",
  finished: "finished", stopped: "stopped", failed: "failed",
};
const ended = (state) => ["finished", "stopped", "failed"].includes(state.status);
const enable = (id, active) => at(id).setAttribute("aria-disabled", String(!active));  // `disabled` would lose the focus
const loading = new Set();  // pictures that are loading
const order = new WeakMap();  // how many pictures had been asked for when that was which an image shows
let view = null, last = null, began = 0, asked = 0, curvesBusy = false, curvesWanted = false;

function duration(seconds) {
  const whole = Math.round(seconds), hours = Math.floor(whole / 3600), two = (number) => String(number).padStart(2, "0");
  const minutes = Math.floor(whole / 60) % 60, rest = two(whole % 60);
  return hours ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}

const stepFacts = (p) => [
  `scale ${p.scale} of ${p.scales}`, `${p.width}×${p.height}`, `step ${p.step} of ${p.steps}`,
  `${p.steps_per_second.toPrecision(3)} steps/s`,
];

function facts(state) {
  const p = state.progress;
  if (!p) return ended(state) ? [] : [`compiling the first steps: ${Math.max(0, Math.round(Date.now() / 1000 - began))} s`];
  const left = ended(state) || p.seconds_left === null ? [] : [`${duration(p.seconds_left)} left`];
  return [...view.facts(state), ...left];
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

function drawLosses(losses) {
  for (const [term, value] of Object.entries(losses || {})) document.querySelector(`#losses .${term} b`).textContent = value;
  if (losses) drawCurves();
}

/* Show a picture that is there, unless the image shows a later one. */
function place(image, source, number = ++asked) {
  if (number < order.get(image)) return;
  order.set(image, number);
  image.src = source;
}

/* Show a picture of the server as soon as it has come; they need not come in the order in which they were asked for. */
function show(image, source) {
  const next = new Image(), number = ++asked;
  const there = new Promise((done) => {
    next.onload = () => { place(image, source, number); done(); };
    next.onerror = done;
  }).then(() => loading.delete(there));
  loading.add(there);
  next.src = source;
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
  const share = state.progress ? view.share(state) : 0;
  at("progress").value = state.status === "finished" ? 1 : share;
  at("pause").textContent = state.status === "paused" ? "Resume" : "Pause";
  for (const id of ["pause", "stop"]) enable(id, !ended(state) && state.status !== "stopping");
  document.title = `${state.status === "painting" ? Math.round(100 * share) + " % · " : ""}${document.querySelector("h1").textContent}`;
  if (document.hidden && !ended(state)) return;  // a hidden page fetches nothing
  view.draw(state);
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

function start(kind) {
  view = kind;
  const leave = follow(async (state) => {
    update(state);
    if (ended(state)) {
      await view.keep(state);
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
}
