/** Moves pictures that the server returned with the page from its list into the tray. */

/**
 * Return the picture of a field's value: file name, comma, bytes as base64.
 * @param {string} value
 * @returns {File}
 */
export function fileOf(value) {
  const comma = value.lastIndexOf(",");
  const bytes = Uint8Array.from(atob(value.slice(comma + 1)), (letter) => letter.charCodeAt(0));
  return new File([bytes], decodeURIComponent(value.slice(0, comma)), { type: "image/jpeg" });
}

/**
 * Take the returned pictures out of a form.
 * @param {HTMLFormElement} form
 * @returns {{file: File, doubt: string}[]} `doubt` is the warning's text, or empty
 */
export function takeKept(form) {
  const list = form.querySelector("[data-kept]");
  const cards = [...(list?.querySelectorAll("li") ?? [])];
  const kept = cards.map((card) => ({
    file: fileOf(card.querySelector("[name=kept]").value),
    doubt: [...card.querySelectorAll("[data-doubt]")].map((one) => one.textContent).join(" "),
  }));
  list?.remove();
  return kept;
}
