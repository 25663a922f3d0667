/** Reports that an identifier is taken as soon as its field is left. */

/**
 * @param {HTMLInputElement} field
 * @param {HTMLElement} note the message; its data attribute is the address to query
 * @param {(url: string) => Promise<{message: string}>} ask
 */
export function watchIdentifier(field, note, ask) {
  field.addEventListener("change", async () => {
    const asked = field.value;
    const query = new URLSearchParams({ identifier: asked });
    const { message } = await ask(`${note.dataset.taken}?${query}`).catch(() => ({ message: "" }));
    if (field.value === asked) show(field, note, message); // ignore an answer about older text
  });
  field.addEventListener("input", () => {
    note.ownerDocument.getElementById(`${field.id}-errors`)?.remove();
    show(field, note, "");
  });
}

function show(field, note, message) {
  note.querySelector("span").textContent = message;
  note.hidden = message === "";
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}
