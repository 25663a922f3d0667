/** On every page: the place in the menu, times in the reader's zone, and progress of a form. */

import { showPlace } from "../menu.js";
import { localise } from "../moments.js";
import { showProgress } from "../progress.js";

showPlace(document);
localise(document);
showProgress(document);
