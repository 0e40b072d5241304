const frames = new Map();  // the buttons of the strip with their pictures, by the number of the frame
let chosen = null;  // the frame of the strip that is shown; null for the current one
let shown = "";

/* A picture of the server, as a URL that outlives it. */
const taken = async (path) => URL.createObjectURL(await (await fetch(path)).blob());

function add(number) {
  const button = document.createElement("button"), image = document.createElement("img"), label = document.createElement("span");
  image.alt = "";
  label.textContent = number;
  button.append(image, label);
  button.title = `frame ${number}`;
  button.addEventListener("click", () => choose(number));
  const frame = { button, painting: "", original: "" };
  frames.set(number, frame);
  const before = [...frames.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
  at("strip").insertBefore(button, before === undefined ? null : frames.get(before).button);
  image.addEventListener("load", () => {  // the newest frame stays in view, unless somebody is looking around
    if (chosen === null && !at("strip").matches(":hover")) at("strip").scrollLeft = at("strip").scrollWidth;
  });
  const there = Promise.all([taken(`picture/${number}`), taken(`original/${number}`)]).then(([painting, original]) => {
    Object.assign(frame, { painting, original });
    image.src = painting;
    if (chosen === number || (chosen === null && shown === `finished ${number}`)) place(number, frame);
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
function place(number, frame) {
  at("frame").textContent = `frame ${number}`;
  if (!frame.painting) return;
  at("picture").src = frame.painting;
  at("original").src = frame.original;
  for (const id of ["picture", "original"]) at(id).hidden = false;
}

function choose(number) {
  chosen = number;
  for (const [other, { button }] of frames) button.setAttribute("aria-pressed", String(other === number));
  at("follow").hidden = number === null;
  if (number !== null) place(number, frames.get(number));
  else { shown = ""; drawCurrent(last); }
}

function drawCurrent(state) {
  const finished = state.progress && frames.get(state.progress.frame);
  if (finished) {  // nothing else is in progress
    if (shown !== `finished ${state.progress.frame}`) place(state.progress.frame, finished);
    shown = `finished ${state.progress.frame}`;
  } else if (state.picture && shown !== `${state.picture.frame} ${state.picture.version}`) {
    const { frame, version } = state.picture;
    if (!shown.startsWith(`${frame} `)) show(at("original"), `original/${frame}`);
    show(at("picture"), `picture/${frame}?${version}`);
    shown = `${frame} ${version}`;
    at("frame").textContent = `frame ${frame}, step ${state.progress.step}`;
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
    `${count} of ${p.frames} frames finished`, `frame ${p.frame}`, `${p.width}×${p.height}`, `step ${p.step} of ${p.steps}`,
  ],
  draw(state) {
    const numbers = new Set(state.strip);
    for (const number of [...frames.keys()]) if (!numbers.has(number)) remove(number);
    state.strip.filter((number) => !frames.has(number)).forEach(add);
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
