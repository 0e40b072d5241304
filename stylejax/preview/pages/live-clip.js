const frames = new Map();  // the buttons of the strip with their pictures, by the number by which the server knows them
let chosen = null;  // the frame of the strip that is shown; null for the current one
let shown = "";

/* A picture of the server, as a URL that outlives it. */
const taken = async (path) => URL.createObjectURL(await (await fetch(path)).blob());

function add({ number, name }, next) {
  const button = document.createElement("button"), image = document.createElement("img"), label = document.createElement("span");
  image.alt = "";
  label.textContent = name.replace(/^(frame|clip) /, "").replace(", frame", ":");
  button.append(image, label);
  button.title = name;
  button.addEventListener("click", () => choose(number));
  const frame = { name, button, painting: "", original: "" };
  frames.set(number, frame);
  at("strip").insertBefore(button, next ? frames.get(next.number).button : null);
  image.addEventListener("load", () => {  // the newest frame stays in view, unless somebody is looking around
    if (chosen === null && !at("strip").matches(":hover")) at("strip").scrollLeft = at("strip").scrollWidth;
  });
  const there = Promise.all([taken(`picture/${number}`), taken(`original/${number}`)]).then(([painting, original]) => {
    Object.assign(frame, { painting, original });
    image.src = painting;
    if (chosen === number || (chosen === null && shown === `finished ${number}`)) placeFrame(frame);
  }).catch(() => {}).then(() => loading.delete(there));
  loading.add(there);
}

function remove(number) {
  const frame = frames.get(number);
  frame.button.remove();
  for (const source of [frame.painting, frame.original]) if (source) URL.revokeObjectURL(source);
  frames.delete(number);
  if (chosen === number) choose(null);
}

/* Show a frame of the strip. */
function placeFrame(frame) {
  at("frame").textContent = frame.name;
  if (!frame.painting) return;
  place(at("picture"), frame.painting);
  place(at("original"), frame.original);
  for (const id of ["picture", "original"]) at(id).hidden = false;
}

function choose(number) {
  chosen = number;
  for (const [other, { button }] of frames) button.setAttribute("aria-pressed", String(other === number));
  at("follow").hidden = number === null;
  if (number !== null) placeFrame(frames.get(number));
  else { shown = ""; drawCurrent(last); }
}

function drawCurrent(state) {
  if (!state.current) return;
  const { number, name } = state.current, finished = frames.get(number);
  if (finished) {  // nothing else is in progress
    if (shown !== `finished ${number}`) placeFrame(finished);
    shown = `finished ${number}`;
  } else if (state.picture && state.picture.number === number && shown !== `${number} ${state.picture.version}`) {
    if (!shown.startsWith(`${number} `)) show(at("original"), `original/${number}`);
    show(at("picture"), `picture/${number}?${state.picture.version}`);
    shown = `${number} ${state.picture.version}`;
    at("frame").textContent = `${name}, step ${state.progress.step}`;
    for (const id of ["picture", "original"]) at(id).hidden = false;
  }
}

at("follow").addEventListener("click", () => choose(null));
at("picture").addEventListener("load", () => {
  at("pair").style.setProperty("--ratio", at("picture").naturalWidth / at("picture").naturalHeight);
});

start({
  share: (state) => state.progress.fraction,
  facts: ({ count, progress: p }) => [
    ...(p.clips > 1 ? [`${count} frames finished`, `clip ${p.clip} of ${p.clips}`] : [`${count} of ${p.frames} frames finished`]),
    `frame ${p.frame}`, `${p.width}×${p.height}`, `step ${p.step} of ${p.steps}`,
  ],
  draw(state) {
    const numbers = new Set(state.strip.map(({ number }) => number));
    for (const number of [...frames.keys()]) if (!numbers.has(number)) remove(number);
    state.strip.forEach((entry, index) => {
      if (!frames.has(entry.number)) add(entry, state.strip.slice(index + 1).find(({ number }) => frames.has(number)));
    });
    if (chosen === null) drawCurrent(state);
    if (state.progress) { at("copy").hidden = false; at("copy").href = "copy"; }
    drawLosses(state.losses);
  },
  async keep(state) {
    if (state.progress) {
      try { at("copy").href = await taken("copy"); } catch { at("copy").hidden = true; }
    }
    await Promise.all(loading);
  },
});
