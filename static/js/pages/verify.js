/** Verifying one claim, or asking who somebody is. */

import { Verifying } from "../plans/verifying.js";
import { setUpBooth } from "./booth_page.js";

setUpBooth(({ form, ...parts }) => {
  return new Verifying({ form, claim: form.querySelector("[data-claim]"), ...parts });
});
