/** Page to enrol a person, or to add pictures to one. */

import { watchIdentifier } from "../people/taken.js";
import { Challenging } from "../plans/challenging.js";
import { Enrolling } from "../plans/enrolling.js";
import { Presenting } from "../plans/presenting.js";
import { setUpBooth } from "./booth_page.js";

const note = document.querySelector("[data-taken]");
if (note) watchIdentifier(document.querySelector("[data-claim]"), note, ask);

async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  return answer.json();
}

let pictures = null;
// Identity of the challenge: the page's person, or the identifier at the camera's start.
const claim = { value: document.querySelector("[data-claimed]")?.dataset.claimed ?? "" };
const typed = document.querySelector("[data-challenge-url]") && document.querySelector("[data-claim]");

const page = setUpBooth(({ form, client, ...parts }) => {
  pictures = new Enrolling(parts);
  return client ? withMovements(form, client, parts) : pictures;
}, mayStart);

if (page) {
  const { booth, view, picking, words } = page;
  pictures.onfinish = () => {
    view.nameStart(words.one_more);
    picking.view.reveal();
  };
  picking.view.onretake = (picture) => {
    pictures.retake(picture);
    view.enter();
    booth.start();
  };
  typed?.addEventListener("input", () => startOver(booth));
}

function withMovements(form, client, parts) {
  const field = form.elements.challenge;
  const movements = new Challenging({ form, claim, field, client, ...parts });
  const judge = () => client.judge(field.value, claim.value);
  return new Presenting({ movements, pictures, field, judge, words: parts.words });
}

/** A challenge belongs to one identifier, which is required before the camera starts. */
function mayStart() {
  if (!typed) return true;
  claim.value = typed.value.trim();
  if (claim.value) return true;
  page.view.explain("", page.words.claim_first);
  typed.focus();
  return false;
}

/** Start over if the identifier changes. */
function startOver(booth) {
  if (!claim.value || typed.value.trim() === claim.value) return;
  claim.value = "";
  typed.form.elements.challenge.value = "";
  booth.stop();
}
