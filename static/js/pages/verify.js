/** Page to verify a claim, by pictures or by a challenge, or to identify somebody. */

import { Claim } from "../claim.js";
import { Challenging } from "../plans/challenging.js";
import { Verifying } from "../plans/verifying.js";
import { setUpBooth } from "./booth_page.js";

const claiming = document.querySelector("[data-claiming]");
const claim = claiming && new Claim(claiming);

const page = setUpBooth(({ form, client, ...parts }) => {
  if (!client) return new Verifying({ form, ...parts });
  const field = form.elements.challenge;
  field.value = ""; // a value restored by the browser belongs to an ended check
  return new Challenging({ form, claim, client, field, ...parts });
});

if (page && claim) {
  const { booth, view } = page;
  claim.onconfirm = () => {
    view.enter();
    if (!view.warns) booth.start(); // after a warning of the light, the user starts it
  };
  claim.onchange = () => booth.stop();
}
