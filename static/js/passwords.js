/** Lets people see the passwords that they type: one button for each form that asks for any. */

/** @param {Document} page */
export function offerToShowPasswords(page) {
  for (const form of page.forms) {
    const fields = [...form.querySelectorAll("input[type=password]")];
    if (fields.length) offer(page, form, fields);
  }
}

function offer(page, form, fields) {
  const button = page.createElement("button");
  button.type = "button";
  button.className = "quiet compact show-password";
  button.append(`${page.body.dataset.showPassword} `, whatFor(page, form));
  fields.at(-1).closest(".field").append(button);
  const show = (isShown) => {
    button.setAttribute("aria-pressed", String(isShown));
    for (const field of fields) field.type = isShown ? "text" : "password";
  };
  show(false);
  button.addEventListener("click", () => show(button.getAttribute("aria-pressed") === "false"));
  form.addEventListener("submit", () => show(false)); // what is sent is a password again
}

/** For who hears it: a page can have several such forms. */
function whatFor(page, form) {
  const words = page.createElement("span");
  words.className = "visually-hidden";
  words.textContent = form.querySelector("[type=submit]")?.textContent.trim() ?? "";
  return words;
}
