/** Verifying one claim, by pictures or by movements, or asking who somebody is. */

import { Challenging } from "../plans/challenging.js";
import { Verifying } from "../plans/verifying.js";
import { setUpBooth } from "./booth_page.js";

setUpBooth(({ form, client, ...parts }) => {
  const claim = form.querySelector("[data-claim]");
  if (!client) return new Verifying({ form, claim, ...parts });
  return new Challenging({ form, claim, client, field: form.elements.challenge, ...parts });
});
