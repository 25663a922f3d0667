/** A slider that moves with the number field; without scripts the field alone does the work. */

const field = document.querySelector("[data-score]");
const slider = document.querySelector("[data-slider]");

slider.hidden = false;
slider.value = field.value;
slider.addEventListener("input", () => {
  field.value = slider.value;
});
field.addEventListener("input", () => {
  slider.value = field.value;
});
