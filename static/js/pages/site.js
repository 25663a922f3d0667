/** On every page: the place in the menu, times in the reader's zone, progress of a form, and waits. */

import { showPlace } from "../menu.js";
import { keepZone, localise } from "../moments.js";
import { showProgress } from "../progress.js";
import { countDown } from "../waiting.js";

showPlace(document);
localise(document);
if (keepZone(document)) location.reload();
showProgress(document);
countDown(document);
