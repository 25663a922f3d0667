/** On every page: the place in the menu, times in the reader's zone, and progress of a form. */

import { showPlace } from "../menu.js";
import { keepZone, localise } from "../moments.js";
import { showProgress } from "../progress.js";

showPlace(document);
localise(document);
if (keepZone(document)) location.reload();
showProgress(document);
