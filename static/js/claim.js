/**
 * The claimed identity: typed, then confirmed, then fixed until the user changes it.
 *
 * The form's first button confirms. Enter and a phone keyboard's Go key confirm as well, because
 * they press it. Typing, pasting, autofill and leaving the field do not.
 */
export class Claim {
  #form;
  #parts;
  #value = "";

  /** Called after the claim is confirmed. */
  onconfirm = () => {};
  /** Called when the claim becomes editable. */
  onchange = () => {};

  /** @param {HTMLFormElement} form */
  constructor(form) {
    const part = (name) => form.querySelector(`[data-claim-${name}]`);
    this.#form = form;
    this.#parts = {
      field: form.querySelector("[data-claim]"),
      fields: part("fields"),
      empty: part("empty"),
      proceed: part("continue"),
      confirmed: part("confirmed"),
      shown: part("shown"),
      change: part("change"),
    };
    this.#parts.proceed.hidden = false;
    this.#show("claim");
    // Before the other listeners: confirming does not send the form.
    form.addEventListener("submit", (event) => this.#submitted(event), { capture: true });
    this.#parts.change.addEventListener("click", () => this.#change());
    window.addEventListener("pageshow", (event) => event.persisted && this.#open());
  }

  /** @returns {string} the confirmed claim, empty before */
  get value() {
    return this.#value;
  }

  #submitted(event) {
    if (event.submitter === this.#parts.proceed) {
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#confirm();
    } else if (this.#value) {
      this.#parts.field.value = this.#value; // undo autofill since the confirmation
    }
  }

  #confirm() {
    const { field, fields, empty, shown } = this.#parts;
    const needed = [...fields.querySelectorAll("[required]")];
    const missing = needed.find((one) => !one.value.trim());
    for (const one of needed) one.removeAttribute("aria-invalid");
    missing?.setAttribute("aria-invalid", "true");
    empty.hidden = !missing;
    if (missing) {
      missing.focus();
      return;
    }
    this.#value = field.value.trim();
    shown.textContent = this.#value;
    document.activeElement?.blur(); // hides a phone's keyboard
    this.#show("camera");
    this.onconfirm();
  }

  #change() {
    this.#open();
    this.#parts.field.focus();
    this.#parts.field.select();
  }

  #open() {
    this.#value = "";
    this.#show("claim");
    this.onchange();
  }

  #show(step) {
    const isConfirmed = step === "camera";
    this.#form.dataset.step = step;
    this.#parts.field.readOnly = isConfirmed;
    this.#parts.fields.hidden = isConfirmed;
    this.#parts.confirmed.hidden = !isConfirmed;
  }
}
