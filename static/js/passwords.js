/** Lets users see the passwords that they type: one button for each form with passwords. */

/** @param {Document} page */
export function offerToShowPasswords(page) {
  let forms = 0;
  for (const form of page.forms) {
    const fields = [...form.querySelectorAll("input[type=password]")];
    if (!fields.length) continue;
    forms += 1;
    offer(page, form, fields, forms > 1 ? whatFor(form) : "");
  }
}

function offer(page, form, fields, what) {
  const button = page.createElement("button");
  button.type = "button";
  button.className = "quiet compact show-password";
  button.textContent = page.body.dataset.showPassword;
  if (what) button.append(" ", heard(page, what));
  fields.at(-1).closest(".field").append(button);
  const show = (isShown) => {
    button.setAttribute("aria-pressed", String(isShown));
    for (const field of fields) field.type = isShown ? "text" : "password";
  };
  show(false);
  button.addEventListener("click", () => show(button.getAttribute("aria-pressed") === "false"));
  form.addEventListener("submit", () => show(false)); // restores the type before sending
}

/** Return the heading that distinguishes a form from others on the page. */
function whatFor(form) {
  return form.closest("section")?.querySelector("h2")?.textContent.trim() ?? "";
}

function heard(page, text) {
  const words = page.createElement("span");
  words.className = "visually-hidden";
  words.textContent = text;
  return words;
}
