/** The score looked at: slider, number, line and words move together. Without scripts the page asks the server. */

import { describeCost } from "../threshold/cost.js";

const find = (name) => document.querySelector(`[data-${name}]`);
const field = find("score");
const slider = find("slider");
const line = find("line");
const looked = find("looked-at");
const costs = JSON.parse(document.getElementById("threshold-costs").textContent);
const language = document.documentElement.lang;
const numbers = new Intl.NumberFormat(language);
const scores = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

function show(score) {
  const said = describeCost(costs, score, numbers);
  looked.querySelector("[data-cost-strangers]").textContent = said.strangers;
  looked.querySelector("[data-cost-genuine]").textContent = said.genuine;
  const standing = looked.querySelector("[data-cost-authenticator]");
  standing.textContent = said.authenticator;
  standing.className = `cost-${said.standing}`;
  find("looked-at-score").textContent = scores.format(score);
  const { left, width } = line.dataset;
  line.setAttribute("transform", `translate(${Number(left) + (Number(width) * score) / 100} 0)`);
}

function choose(text) {
  field.value = text;
  slider.value = text;
  show(Number(text));
}

find("ask").hidden = true;
slider.closest("[hidden]").hidden = false;
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
