/** Enrolling a person, or adding pictures to one. */

import { Enrolling } from "../plans/enrolling.js";
import { setUpBooth } from "./booth_page.js";

const page = setUpBooth((parts) => new Enrolling(parts));

if (page) {
  const { booth, plan, view, picking, words } = page;
  plan.onfinish = () => {
    view.nameStart(words.one_more);
    picking.view.reveal();
  };
  picking.view.onretake = (picture) => {
    picking.tray.remove(picture.id);
    view.enter();
    booth.start();
  };
}
