/**
 * Who somebody claims to be: typed, then confirmed, then fixed until they change it.
 *
 * The form's first button confirms, and so does Enter or a phone keyboard's Go key, which press it.
 * Typing, pasting, filling in and leaving the field confirm nothing.
 */
export class Claim {
  #form;
  #parts;
  #value = "";

  /** Called when the claim was confirmed. */
  onconfirm = () => {};
  /** Called when the claim is open to be changed. */
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
    // Before the other listeners: to confirm is not to send.
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
      this.#parts.field.value = this.#value; // whatever filled in the field meanwhile
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
    document.activeElement?.blur(); // puts a phone's keyboard away
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
