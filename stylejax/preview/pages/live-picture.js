let shown = 0;
const fit = () => at("main").style.setProperty("--ratio", at("picture").naturalWidth / at("picture").naturalHeight);
at("picture").addEventListener("load", fit);
if (at("picture").complete && at("picture").naturalWidth) fit();

start({
  share: (state) => state.progress.fraction,
  facts: ({ progress }) => stepFacts(progress),
  draw(state) {
    const [tile] = state.tiles;
    if (tile && tile.version && shown !== tile.version) {
      shown = tile.version;
      show(at("picture"), `picture/${tile.number}?${tile.version}`);
      at("main").classList.remove("waiting");
    }
    if (state.progress) { at("copy").hidden = false; at("copy").href = "copy"; }
    drawLosses(state.losses);
  },
  async keep(state) {
    if (!state.progress) return;
    try {
      const [copy, curves] = await Promise.all([fetch("copy"), fetch("curves")]);
      const source = URL.createObjectURL(await copy.blob());
      at("copy").href = source;
      place(at("picture"), source);
      at("main").classList.remove("waiting");
      at("curves").innerHTML = await curves.text();
    } catch { /* the server ended first; the last thumbnail remains */ }
  },
});
