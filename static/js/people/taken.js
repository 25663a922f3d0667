/** Says that an identifier is taken as soon as its field is left, before anything else is done. */

/**
 * @param {HTMLInputElement} field
 * @param {HTMLElement} note what is wrong; its address says whom to ask
 * @param {(url: string) => Promise<{message: string}>} ask
 */
export function watchIdentifier(field, note, ask) {
  field.addEventListener("change", async () => {
    const asked = field.value;
    const query = new URLSearchParams({ identifier: asked });
    const { message } = await ask(`${note.dataset.taken}?${query}`).catch(() => ({ message: "" }));
    if (field.value === asked) tell(field, note, message); // typed on meanwhile: an old answer
  });
  field.addEventListener("input", () => {
    note.ownerDocument.getElementById(`${field.id}-errors`)?.remove();
    tell(field, note, "");
  });
}

function tell(field, note, message) {
  note.querySelector("span").textContent = message;
  note.hidden = message === "";
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}
