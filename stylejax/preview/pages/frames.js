for (const scroll of document.querySelectorAll("#frame")) {
  const samples = document.querySelectorAll("#samples > span"), shown = compare.querySelector(".before");
  const fit = () => compare.style.setProperty("--ratio", shown.naturalWidth / shown.naturalHeight);
  shown.addEventListener("load", fit);
  if (shown.complete) fit();
  scroll.addEventListener("input", () => {
    const sample = samples[scroll.value], [before, after] = sample.children;
    shown.src = before.src;
    compare.querySelector(".after").src = after.src;
    document.getElementById("number").textContent = sample.dataset.number;
    document.getElementById("time").textContent = sample.dataset.time;
  });
}
