/** Shows that a sent form is being processed, and prevents sending it twice. */

/** @param {Document} page */
export function showProgress(page) {
  for (const form of page.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", (event) => begin(form, event));
  }
  // A page restored from the browser's history is not waiting any more.
  window.addEventListener("pageshow", () => page.querySelectorAll("form[data-busy]").forEach(end));
}

function begin(form, event) {
  if (event.defaultPrevented) return;
  if (form.dataset.busy === "sent") {
    event.preventDefault();
    return;
  }
  form.dataset.busy = "sent";
  form.querySelector("[data-progress]")?.removeAttribute("hidden");
}

function end(form) {
  form.dataset.busy = "";
  form.querySelector("[data-progress]")?.setAttribute("hidden", "");
}
