"use strict";
const compare = document.querySelector(".compare");
const slider = compare.querySelector("input");
const move = () => compare.style.setProperty("--at", slider.value + "%");
slider.addEventListener("input", move);
move();
