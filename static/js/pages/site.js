/** On every page: times in the reader's zone, and progress while a form is under way. */

import { localise } from "../moments.js";
import { showProgress } from "../progress.js";

localise(document);
showProgress(document);
