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

start({
  share: (state) => state.counts ? state.counts[0] / state.counts[1] : state.progress.fraction,
  facts: ({ counts, progress }) => [
    ...(counts ? [`${counts[0]} of ${counts[1]} pictures finished`] : []),
    ...stepFacts(progress),
  ],
  draw(state) {
    const numbers = new Set(state.tiles.map((tile) => `tile-${tile.number}`));
    for (const figure of [...at("wall").children]) if (!numbers.has(figure.id)) figure.remove();
    state.tiles.forEach(hang);
  },
  async keep() { await Promise.all(loading); },
});
