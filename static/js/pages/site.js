/** On every page: current menu entry, times in the reader's zone, progress, waits, the session. */

import { takeTypedAlong } from "../languages.js";
import { showPlace } from "../menu.js";
import { keepZone, localise } from "../moments.js";
import { offerToShowPasswords } from "../passwords.js";
import { showProgress } from "../progress.js";
import { Keeping, watchForms } from "../session/keeping.js";
import { NEEDS_SESSION } from "../session/sending.js";
import { countDown } from "../waiting.js";

function enhance(page) {
  showPlace(page);
  takeTypedAlong(page);
  localise(page);
  showProgress(page);
  countDown(page);
  offerToShowPasswords(page);
}

enhance(document);
if (keepZone(document)) location.reload();
const keeping = new Keeping(document, enhance);
watchForms(keeping, document);
document.addEventListener(NEEDS_SESSION, () => keeping.setAside());
