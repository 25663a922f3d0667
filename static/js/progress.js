/** Shows that a sent form is being worked on, and keeps it from being sent twice. */

/** @param {Document} page */
export function showProgress(page) {
  for (const form of page.querySelectorAll("form[data-busy]")) {
    form.addEventListener("submit", (event) => begin(form, event));
  }
  // A page taken from the browser's history has stopped waiting.
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
