/** The models page: shows the progress of a change. Without scripts, a link reloads the page. */

import { follow } from "../models/following.js";

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function ask(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function show(place, { done, total, words }) {
  const spoken = place.querySelector("[data-change-words]");
  if (spoken.textContent !== words) spoken.textContent = words;
  if (!total) return;
  const bar = place.querySelector("progress");
  bar.max = total;
  bar.value = done;
}

for (const place of document.querySelectorAll("[data-change]")) {
  follow(() => ask(place.dataset.change), (progress) => show(place, progress), pause).then(() =>
    location.reload(),
  );
}
