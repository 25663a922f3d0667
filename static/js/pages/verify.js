/** Verifying one claim, by pictures or by movements, or asking who somebody is. */

import { Challenging } from "../plans/challenging.js";
import { Verifying } from "../plans/verifying.js";
import { setUpBooth } from "./booth_page.js";

let startsByKey = null;
const page = setUpBooth(({ form, client, ...parts }) => {
  const claim = form.querySelector("[data-claim]");
  if (!client) return new Verifying({ form, claim, ...parts });
  startsByKey = claim;
  return new Challenging({ form, claim, client, field: form.elements.challenge, ...parts });
});

// The form has nothing to send before the movements are done: Enter begins them.
startsByKey?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  page.booth.start();
});
