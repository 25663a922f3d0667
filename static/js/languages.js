/** Carries the contents of a form over when its page changes its language. */

/** @param {Document} page */
export function takeTypedAlong(page) {
  const languages = page.querySelector(".languages");
  languages?.addEventListener("submit", () => {
    const form = [...page.querySelectorAll("main form[method=post]")].find(isTouched);
    if (!form) return;
    const { typed, hasFiles } = contentsOf(form);
    add(page, languages, "typed", typed);
    if (hasFiles) add(page, languages, "files", "y");
  });
}

/**
 * Return whether the user typed into a form or chose in it, or the server returned it with input.
 * @param {HTMLFormElement} form
 */
export function isTouched(form) {
  const isRefused = form.querySelector("[aria-invalid=true], [name=kept]") !== null;
  return isRefused || [...form.elements].some(isChanged);
}

/**
 * Return a form's fields, URL-encoded, and whether it has files.
 * @param {HTMLFormElement} form
 */
export function contentsOf(form) {
  const typed = new URLSearchParams();
  let hasFiles = form.querySelector("[name=kept]") !== null;
  for (const field of form.elements) {
    if (!field.name || field.disabled) continue;
    if (field.type === "file") hasFiles ||= field.files.length > 0;
    if (["file", "hidden", "password", "submit"].includes(field.type)) continue;
    if (["checkbox", "radio"].includes(field.type) && !field.checked) continue;
    typed.append(field.name, field.value);
  }
  return { typed: typed.toString(), hasFiles };
}

function isChanged(field) {
  if (field.type === "file") return field.files.length > 0;
  if (["hidden", "submit", "password"].includes(field.type)) return false;
  if (["checkbox", "radio"].includes(field.type)) return field.checked !== field.defaultChecked;
  if (field.options) return [...field.options].some((one) => one.selected !== one.defaultSelected);
  return field.defaultValue !== undefined && field.value !== field.defaultValue;
}

function add(page, form, name, value) {
  const field = page.createElement("input");
  Object.assign(field, { type: "hidden", name, value });
  form.append(field);
}
