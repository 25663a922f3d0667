/** Verifying one claim, by pictures or by movements, or asking who somebody is. */

import { Claim } from "../claim.js";
import { Challenging } from "../plans/challenging.js";
import { Verifying } from "../plans/verifying.js";
import { setUpBooth } from "./booth_page.js";

const claiming = document.querySelector("[data-claiming]");
const claim = claiming && new Claim(claiming);

const page = setUpBooth(({ form, client, ...parts }) => {
  if (!client) return new Verifying({ form, ...parts });
  const field = form.elements.challenge;
  field.value = ""; // what the browser put back belongs to a check that is over
  return new Challenging({ form, claim, client, field, ...parts });
});

if (page && claim) {
  const { booth, view } = page;
  claim.onconfirm = () => {
    view.enter();
    if (!view.warns) booth.start(); // who is warned of the light starts it knowingly
  };
  claim.onchange = () => booth.stop();
}
