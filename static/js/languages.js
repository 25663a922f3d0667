/** Takes what stands in a form along when its page is asked for in another language. */

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
 * Whether somebody typed into a form or chose in it, or its page came back with what they had sent.
 * @param {HTMLFormElement} form
 */
export function isTouched(form) {
  const isRefused = form.querySelector("[aria-invalid=true], [name=kept]") !== null;
  return isRefused || [...form.elements].some(isChanged);
}

/**
 * What a form holds: its fields, as an address has them, and whether there are files.
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
