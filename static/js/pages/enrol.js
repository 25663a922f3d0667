/** Enrolling a person, or adding pictures to one. */

import { Challenging } from "../plans/challenging.js";
import { Enrolling } from "../plans/enrolling.js";
import { Presenting } from "../plans/presenting.js";
import { setUpBooth } from "./booth_page.js";

let pictures = null;
const page = setUpBooth(({ form, client, ...parts }) => {
  pictures = new Enrolling(parts);
  return client ? withMovements(form, client, parts) : pictures;
});

if (page) {
  const { booth, view, picking, words } = page;
  pictures.onfinish = () => {
    view.nameStart(words.one_more);
    picking.view.reveal();
  };
  picking.view.onretake = (picture) => {
    picking.tray.remove(picture.id);
    view.enter();
    booth.start();
  };
}

/** The person's page knows whom the pictures are of; the enrolment asks for it. */
function withMovements(form, client, parts) {
  const claimed = form.querySelector("[data-claimed]")?.dataset.claimed;
  const claim = claimed ? { value: claimed } : form.querySelector("[data-claim]");
  const field = form.elements.challenge;
  const movements = new Challenging({ form, claim, field, client, ...parts });
  const judge = () => client.judge(field.value, claim.value.trim());
  return new Presenting({ movements, pictures, field, judge, words: parts.words });
}
