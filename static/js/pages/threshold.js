/**
 * The previewed score: slider, number, line and sentences change together. Without scripts, the
 * server renders the page again.
 */

import { describeCost } from "../threshold/cost.js";
import { placeAt } from "../threshold/place.js";

const find = (name) => document.querySelector(`[data-${name}]`);
const field = find("score");
const slider = find("slider");
const line = find("line");
const looked = find("looked-at");
const own = find("own");
const costs = JSON.parse(document.getElementById("threshold-costs").textContent);
const language = document.documentElement.lang;
const numbers = new Intl.NumberFormat(language);
const scores = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

/** Sentences are missing if too few people are enrolled. */
function write(place, sentences) {
  for (const kind of ["strangers", "genuine"]) {
    const sentence = place.querySelector(`[data-cost-${kind}]`);
    if (sentence) sentence.textContent = sentences[kind];
  }
}

/** Move a mark; lines have one coordinate, points two. A mark without coordinates is hidden. */
function move(mark, at) {
  mark.setAttribute("visibility", at ? "visible" : "hidden");
  if (at) mark.setAttribute("transform", `translate(${at[0]} ${at[1] ?? 0})`);
}

function show(score) {
  const sentences = describeCost(costs, score, numbers);
  write(looked, sentences);
  if (own) write(own, describeCost({ ...costs, corners: costs.own_corners }, score, numbers));
  const standing = looked.querySelector("[data-cost-authenticator]");
  standing.textContent = sentences.authenticator;
  standing.className = `cost-${sentences.standing}`;
  const danger = looked.querySelector("[data-danger]");
  danger.hidden = !sentences.dangers.length;
  danger.querySelector("[data-danger-words]").textContent = sentences.dangers.join(" ");
  find("looked-at-score").textContent = scores.format(score);
  const { left, width } = line.dataset;
  move(line, [Number(left) + (Number(width) * score) / 100]);
  for (const mark of document.querySelectorAll("[data-place]")) {
    move(mark, placeAt(costs.places[mark.dataset.place], score));
  }
}

/** Align the slider's ends with the chart's. */
function align() {
  const { left, width, view } = line.dataset;
  const style = slider.closest(".slide").style;
  style.setProperty("--chart-left", Number(left) / view);
  style.setProperty("--chart-right", 1 - (Number(left) + Number(width)) / view);
}

function choose(text) {
  field.value = text;
  slider.value = text;
  show(Number(text));
}

find("ask").hidden = true;
slider.closest("[hidden]").hidden = false;
align();
slider.value = field.value;
slider.addEventListener("input", () => choose(slider.value));
field.addEventListener("input", () => {
  if (field.value === "" || !field.validity.valid) return;
  slider.value = field.value;
  show(Number(field.value));
});
for (const goal of document.querySelectorAll("[data-goal]")) {
  goal.addEventListener("click", (event) => {
    event.preventDefault();
    choose(goal.value);
  });
}
